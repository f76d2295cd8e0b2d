"""What a rehearsal shows: pipelines at work, what is offered for review, and that it went through."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from cfnpipe.model.deployment import Submission
from cfnpipe.view.deployment import show_change_set
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from rich.console import Console

    from cfnpipe.model import Activity, Environment
    from cfnpipe.model.deployment import ChangeSet

_STYLES = {"Succeeded": "green", "Failed": "red", "InProgress": "", "Abandoned": "yellow"}


def show_activity(console: Console, pipeline: str, activity: Activity) -> None:
    """Print a line for what an action of a pipeline does now."""
    status = "waits for a decision" if activity.waits else activity.status
    why = f"  {activity.message}" if activity.status == "Failed" and activity.message else ""
    where = f"{activity.stage}/{activity.action}"
    line = f"  {datetime.now():%H:%M:%S}  {pipeline}  {where}  {status}{why}"  # noqa: DTZ005 - the user's own clock
    style = "bold" if activity.waits else _STYLES.get(activity.status, "")
    console.print(Text(plain(line), style=style))


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
