"""What a rehearsal shows: pipelines at work, what is offered for review, and that it went through."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from cfnpipe import names
from cfnpipe.model.deployment import Submission
from cfnpipe.view.deployment import show_change_set
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from cfnpipe.model import Activity, Environment, Position
    from cfnpipe.model.deployment import ChangeSet

_STYLES = {"Succeeded": "green", "Failed": "red", "InProgress": "", "Abandoned": "yellow"}


def show_activity(console: Console, pipeline: str, activity: Activity) -> None:
    """Print a line for what an action of a pipeline does now, in which execution, and whom it waits for."""
    status = f"waits for {names.review(activity.action)}" if activity.waits else activity.status
    why = f"  {activity.message}" if activity.status == "Failed" and activity.message else ""
    where = f"{activity.stage}/{activity.action}"
    clock = f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005 - the user's own
    line = f"  {clock}  {pipeline}  {_short(activity.execution)}  {where}  {status}{why}"
    style = "bold" if activity.waits else _STYLES.get(activity.status, "")
    console.print(Text(plain(line), style=style))


def show_positions(console: Console, positions: Iterable[Position]) -> None:
    """Print a table of where each pipeline is, in the console's width."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("", "Pipeline", "Stage", "Status", "Execution", "Waits for"):
        table.add_column(title, overflow="fold")
    for each in positions:
        style = "bold" if each.reviews else _STYLES.get(each.status, "")
        cells = (each.pipeline, each.stage, each.status, _short(each.execution), _waits(each))
        table.add_row("", *(Text(plain(cell)) for cell in cells), style=style)
    console.print(table, soft_wrap=False)


def _waits(position: Position) -> str:
    """Return whom a pipeline waits for, and who waits for it."""
    waits = [", ".join(position.reviews)] if position.reviews else []
    if position.closed:
        waits.append(f"the transition into {position.closed}")
    if position.newer:
        waits.append(f"{_short(position.newer)} waits behind it")
    return "; ".join(waits)


def _short(execution: str) -> str:
    return execution[:8]


def show_offer(console: Console, offered: ChangeSet) -> None:
    """Print the change set that an approval is about; CodePipeline asks for empty ones, too."""
    if offered.empty:
        console.print(Text(plain(f"{offered.stack}: nothing changes")))
        return
    show_change_set(console, Submission(offered.stack, ""), offered.changes, ())


def show_rehearsed(console: Console, environment: Environment, stack: str) -> None:
    """Print what an unattended rehearsal has proved."""
    console.print(
        plain(
            f"{environment.name}: {len(environment.stacks)} stacks deployed by their own pipelines;"
            f" a change of {stack} ran its pipeline alone, once, and is deployed"
        )
    )
