"""`AllowedPattern` against values, for a limited time: a pattern can need longer than anybody lives."""

from __future__ import annotations

import re
import signal
import threading
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 1.0


@lru_cache(maxsize=128)
def unlike(pattern: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the values that a pattern does not match as a whole; None if that takes longer than a second.

    A pattern that means nothing in Python, or something else than in Java, is taken to match.
    """
    compiled = _compiled(pattern)
    if compiled is None:
        return ()
    try:
        with _limited():
            return tuple(value for value in values if not compiled.fullmatch(value))
    except _Late:
        return None


def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern that means the same here as in Java, as far as Python can tell; else None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of Java's set operations, such as [a-z&&[^x]].
            return re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError):
        return None


class _Late(Exception):
    """The time is over."""


@contextmanager
def _limited() -> Iterator[None]:
    """Raise `_Late` after a while: Python's `re` looks for signals while it works.

    Only the main thread can be interrupted so; nothing else of cfnpipe validates.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise(_number: int, _frame: object) -> None:
    raise _Late
