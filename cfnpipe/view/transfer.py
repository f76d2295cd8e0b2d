"""What `sync` is going to do, and what came of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cfnpipe.model.transfer import Delete, Keep, Put
from cfnpipe.view.changes import count
from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from cfnpipe.model.transfer import Outcome, Step

_KINDS = {"new": ("+", "green"), "changed": ("~", ""), "deleted": ("-", "red"), "unchanged": ("=", "dim")}
_WORDS = {"conflict": "changed by somebody else"}
_FOREIGN = "not made by cfnpipe"


def show_transfers(console: Console, outcomes: Sequence[Outcome], foreign: Sequence[str]) -> None:
    """Print a line for each bundle that is not in S3 as it should be, and one that counts them all."""
    shown = [outcome for outcome in outcomes if outcome.result != "unchanged"]
    width = max((len(plain(outcome.step.key)) for outcome in shown), default=0)
    for outcome in shown:
        mark, style = _KINDS[_kind(outcome.step)]
        line = f"  {mark} {plain(outcome.step.key):<{width}}  {plain(_remark(outcome))}"
        console.print(Text(line.rstrip(), style=style))
    for key in foreign:
        console.print(Text(f"  ? {plain(key)}"))
    counts = Counter(_word(outcome) for outcome in outcomes)
    words = [word for word in dict.fromkeys([*_KINDS, *counts]) if counts[word]]
    listed = [f"{counts[word]} {word}" for word in words]
    listed += [f"{len(foreign)} {_FOREIGN}"] if foreign else []
    console.print(f"{count(len(outcomes), 'bundle')}: {', '.join(listed) or 'nothing to do'}")


def _kind(step: Step) -> str:
    match step:
        case Put(replaces=None):
            return "new"
        case Put():
            return "changed"
        case Keep():
            return "unchanged"
        case Delete():
            return "deleted"


def _word(outcome: Outcome) -> str:
    if outcome.result in ("done", "planned", "unchanged"):
        return _kind(outcome.step)
    return _WORDS.get(outcome.result, outcome.result)


def _remark(outcome: Outcome) -> str:
    if outcome.result == "planned":
        before = _before(outcome.step)
        return f"from commit {before}" if before else ""
    if outcome.result == "done":
        return f"version {outcome.version}" if outcome.version else ""
    return _word(outcome)


def _before(step: Step) -> str:
    """Return the commit of what is there now."""
    stored = step.replaces if isinstance(step, Put) else step.stored
    return stored.commit if stored else ""


def show_warnings(console: Console, warnings: Iterable[str]) -> None:
    """Print a line for each warning."""
    for warning in warnings:
        console.print(Text.assemble(("warning", "yellow"), plain(f": {warning}")))


def transfer_document(
    outcomes: Sequence[Outcome], foreign: Sequence[str], metadata: Mapping[str, str]
) -> dict[str, Any]:
    """Return what `sync` did or would do: `{"foreign": [...], "metadata": {...}, "objects": [...]}`."""
    return {
        "objects": [_object(outcome) for outcome in outcomes],
        "foreign": list(foreign),
        "metadata": dict(metadata),
    }


def _object(outcome: Outcome) -> dict[str, str]:
    step = outcome.step
    return {
        "object": step.key,
        "stack": step.stack,
        "action": {"new": "put", "changed": "put", "deleted": "delete", "unchanged": "keep"}[_kind(step)],
        "result": outcome.result,
        "version": outcome.version,
        "sha256": "" if isinstance(step, Delete) else step.bundle.sha256,
        "replaced_commit": _before(step),
        "message": outcome.message,
        "hint": outcome.hint,
    }
