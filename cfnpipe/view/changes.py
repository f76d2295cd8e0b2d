"""What a rendering changes, as a summary, as objects and as unified diffs."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from cfnpipe.view.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from cfnpipe.model import Change, RenderedStack

_MARKS = {"write": "~", "remove": "-", "foreign": "?"}
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_changes(console: Console, changes: Iterable[Change]) -> None:
    """Print a line for each file that is not as it should be."""
    for change in changes:
        if change.action != "keep":
            mark = "+" if change.verb == "create" else _MARKS[change.action]
            console.print(Text(f"  {mark} {plain(change.path)}", style=_STYLES.get(mark, "")))


def show_diffs(console: Console, changes: Iterable[Change]) -> None:
    """Print a unified diff for each file that is not as it should be."""
    for change in changes:
        if change.action in ("write", "remove"):
            for line in _diff(change):
                console.print(Text(plain(line), style=_STYLES.get(line[:1], "")))


def _diff(change: Change) -> Iterable[str]:
    old, new = (_lines(content) for content in (change.old, change.new))
    before = "/dev/null" if change.old is None else f"a/{change.path}"
    after = "/dev/null" if change.new is None else f"b/{change.path}"
    yield from difflib.unified_diff(old, new, before, after, lineterm="")


def _lines(content: bytes | None) -> list[str]:
    r"""Return a file's lines; what a diff would not show is made visible: `\r`, no newline at the end."""
    text = (content or b"").decode(errors="backslashreplace").replace("\r", "\\r")
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else [*lines[:-1], lines[-1] + "\\ no newline at the end"]


def show_summary(
    console: Console, stacks: Sequence[RenderedStack], changes: Sequence[Change], *, written: bool
) -> None:
    """Print one line that counts stacks, environments and files."""
    counts = Counter(change.verb for change in changes)
    words = _WRITTEN if written else _WOULD
    files = ", ".join(f"{counts[verb]} {word}" for verb, word in words.items() if counts[verb])
    console.print(f"{scope(stacks)}: {files or 'no files'}")


def scope(stacks: Sequence[RenderedStack]) -> str:
    """Return how much was looked at: `5 stacks in 2 environments`."""
    environments = len({stack.environment for stack in stacks})
    return f"{count(len(stacks), 'stack')} in {count(environments, 'environment')}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 stack`, `2 stacks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_WRITTEN = {
    "create": "created",
    "write": "changed",
    "remove": "removed",
    "keep": "unchanged",
    "foreign": "not made by cfnpipe",
}
_WOULD = _WRITTEN | {"create": "missing", "write": "different", "remove": "left over", "keep": "as rendered"}
