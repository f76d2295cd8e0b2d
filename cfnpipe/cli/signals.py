"""Ctrl-C, and SIGTERM, with which CodeBuild stops a build, where they must not cut into what is under way."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Taken:
    """The signals that came: the first asks to stop, the second insists."""

    def __init__(self) -> None:
        self.came = threading.Event()
        """Set once there was one."""
        self.number = 0
        """Which one; 0 while there is none."""

    def take(self, number: int, _frame: object) -> None:
        """Take a signal. Use this only where ending at any moment is safe: whoever insists does not wait."""
        if self.came.is_set():
            os._exit(128 + number)
        self.number = number
        self.came.set()


@contextlib.contextmanager
def taken() -> Iterator[Taken]:
    """Take the signals for a while, instead of being ended by them."""
    signals = Taken()
    before = {number: signal.signal(number, signals.take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
