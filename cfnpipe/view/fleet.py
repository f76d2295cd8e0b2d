"""Where the stacks of an environment stand, and what `start` did about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cfnpipe.view.changes import count
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from cfnpipe.model import Standing, Start

_WORDS = {
    "fresh": "just written",
    "forgotten": "too old to tell",
    "no-bundle": "without a bundle",
    "no-pipeline": "without a pipeline",
}
_NOTES = {
    "forgotten": "written before what CodePipeline remembers; if it never ran, start its pipeline yourself",
    "no-bundle": "no bundle in S3; cfnpipe sync carries it there",
    "no-pipeline": "no pipeline for it yet; the stack pipelines makes it",
}


def show_standings(console: Console, standings: Sequence[Standing], starts: Sequence[Start]) -> None:
    """Print a line for each stack that is behind or cannot be told, and one that counts them all."""
    came = {start.standing.stack: start for start in starts}
    lines = [(standing, _line(standing, came)) for standing in standings]
    width = max((len(plain(standing.stack)) for standing, line in lines if line), default=0)
    for standing, line in lines:
        if line:
            mark, remark, style = line
            console.print(Text(f"  {mark} {plain(standing.stack):<{width}}  {plain(remark)}", style=style))
    counts = Counter(_word(standing, came) for standing in standings)
    listed = ", ".join(f"{number} {word}" for word, number in counts.items())
    console.print(f"{count(len(standings), 'stack')}: {listed}")


def _line(standing: Standing, came: Mapping[str, Start]) -> tuple[str, str, str] | None:
    """Return a stack's mark, what is said of it, and the colour; None where there is nothing to say."""
    start = came.get(standing.stack)
    if start and start.execution:
        return ">", f"started execution {start.execution}", "green"
    if start:
        return "!", "not started", "red"
    if standing.state == "behind":
        return ">", _why(standing), ""
    return ("?", _NOTES[standing.state], "") if standing.state in _NOTES else None


def _why(standing: Standing) -> str:
    """Return why a stack is behind: what became of the last execution that took its bundle."""
    if not standing.execution:
        return "no execution took it"
    return f"execution {standing.execution} {standing.status}"


def _word(standing: Standing, came: Mapping[str, Start]) -> str:
    start = came.get(standing.stack)
    if start:
        return "started" if start.execution else "not started"
    return _WORDS.get(standing.state, standing.state)


def standings_document(standings: Sequence[Standing], starts: Sequence[Start]) -> dict[str, Any]:
    """Return where each stack stands and what was started: `{"stacks": [...]}`."""
    came = {start.standing.stack: start for start in starts}
    return {"stacks": [_stack(standing, came.get(standing.stack)) for standing in standings]}


def _stack(standing: Standing, start: Start | None) -> dict[str, Any]:
    return {
        "stack": standing.stack,
        "pipeline": standing.pipeline,
        "state": standing.state,
        "versions": dict(standing.versions),
        "execution": standing.execution,
        "status": standing.status or "",
        "started": start.execution if start else "",
        "message": start.fault if start else "",
        "hint": start.hint if start else "",
    }
