"""Standard output, standard error, and the progress that is shown on it."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_WIDE = 1000
"""The width of what is no terminal, so that no table is squeezed into one."""


def output() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def errors() -> Console:
    """Return the console for progress, notes and problems."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    """Return a console that prints text as it is: no markup, no wrapping, no guessed colours.

    An encoding that lacks a character (LANG=C) must not end in a traceback.
    """
    stream = sys.stderr if stderr else sys.stdout
    with contextlib.suppress(AttributeError):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    console = Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def plain(text: str) -> str:
    """Return the text without control characters, which could rewrite what a terminal or a log shows."""
    return _CONTROL.sub("\ufffd", text)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows what is being done, how much of it is done, and how much there is.

    It shows nothing unless standard error is a terminal, and leaves nothing behind. It refreshes when
    called and not in a thread of its own, because the linter forks.
    """
    console = errors()
    if not console.is_terminal:
        yield lambda _what, _done, _of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("")

        def advance(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of, refresh=True)

        yield advance
