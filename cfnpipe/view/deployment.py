"""Change sets, stack operations, and what came of a deployment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cfnpipe.view.changes import count
from cfnpipe.view.terminal import plain
from cfnpipe.wording import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from cfnpipe.model.deployment import Brought, Event, PropertyChange, ResourceChange, Submission

_KINDS = {
    "add": ("+", "green"),
    "import": ("<", "green"),
    "change": ("~", ""),
    "may be replaced": ("±", "yellow"),
    "replace": ("±", "red"),
    "delete": ("-", "red"),
}
"""What a change does, its mark and its colour. The word stands behind everything that is not plain."""
_ACTIONS = {"Add": "add", "Import": "import", "Remove": "delete"}
_REPLACEMENTS = {"True": "replace", "Conditional": "may be replaced"}


def show_change_set(
    console: Console, wanted: Submission, changes: Sequence[ResourceChange], cancelled: Sequence[str]
) -> None:
    """Print what a change set does: a line a resource, its changed properties below, then counts."""
    console.print(Text(plain(f"{wanted.stack}:"), style="bold"))
    width = max((len(change.logical) for change in changes), default=0)
    for change in changes:
        word = _kind(change)
        mark, style = _KINDS[word]
        remark = f"  {word.upper()}" if change.destroys else ""
        line = f"  {mark} {plain(change.logical):<{width}}  {plain(change.type)}{remark}"
        console.print(Text(line, style=style))
        for each in change.properties:
            console.print(Text(f"      {plain(_property(each))}", style="dim"))
    counts = Counter(_kind(change) for change in changes)
    listed = ", ".join(f"{counts[word]} {word}" for word in _KINDS if counts[word])
    console.print(f"  {count(len(changes), 'resource')}: {listed or 'only outputs or tags change'}")
    for execution in cancelled:
        console.print(Text(f"  ! this ends {plain(execution)}, and what waits in it", style="yellow"))


def _kind(change: ResourceChange) -> str:
    return _ACTIONS.get(change.action) or _REPLACEMENTS.get(change.replacement, "change")


def _property(change: PropertyChange) -> str:
    told = change.before is not None or change.after is not None
    values = f": {_value(change.before)} -> {_value(change.after)}" if told else ""
    return f"{change.path}{values}{'  (replaces the resource)' if change.recreates else ''}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else short(value)


def show_event(console: Console, event: Event) -> None:
    """Print one step of a stack operation; that a resource has got its name is none of its own."""
    if event.reason == "Resource creation Initiated":
        return
    style = "red" if event.failed else "green" if event.status.endswith("_COMPLETE") else "dim"
    reason = f"  {event.reason}" if event.reason else ""
    line = f"  {event.time:%H:%M:%S}  {event.status:<28}  {event.logical}  {event.type}{reason}"
    console.print(Text(plain(line), style=style))


def show_brought(console: Console, brought: Iterable[Brought]) -> None:
    """Print a line for each stack: what came of it."""
    for each in brought:
        status = f" ({each.status})" if each.status else ""
        console.print(Text(plain(f"{each.stack}: {each.result}{status}")))


def show_note(console: Console, text: str) -> None:
    """Print a line that says where things are."""
    console.print(Text(plain(text), style="dim"))


def brought_document(brought: Iterable[Brought]) -> list[dict[str, Any]]:
    """Return what came of each stack: `[{"stack": ..., "result": ..., "changes": [...]}]`."""
    return [
        {
            "stack": each.stack,
            "result": each.result,
            "status": each.status,
            "change_set": each.change_set,
            "changes": [_document(change) for change in each.changes],
        }
        for each in brought
    ]


def _document(change: ResourceChange) -> dict[str, Any]:
    return {
        "action": change.action,
        "resource": change.logical,
        "type": change.type,
        "physical_id": change.physical,
        "replacement": change.replacement,
        "properties": [
            {"path": each.path, "before": each.before, "after": each.after, "replaces": each.recreates}
            for each in change.properties
        ],
    }
