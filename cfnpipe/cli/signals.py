"""Ctrl-C, and SIGTERM, with which CodeBuild stops a build, where they must not cut into what is under way."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ended(BaseException):
    """A signal asks for the end of the program: SIGTERM, or SIGHUP of a terminal that is gone.

    It is no `Exception`, and no `KeyboardInterrupt`, after which somebody may be asked something.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        """Which one."""


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Raise `Ended` for a signal that asks for the end, so that what is begun inside is cleared away.

    The first one counts. One that is ignored stays so, which is what `nohup` is for.
    """
    if threading.current_thread() is not threading.main_thread():  # Others cannot take a signal.
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    taken = [number for number, handler in before.items() if handler is signal.SIG_DFL]

    terminals = [number for number in (1, 2) if os.isatty(number)]

    def end(number: int, _frame: object) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGHUP:
            _leave(terminals)
        raise Ended(number)

    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _leave(terminals: list[int]) -> None:
    """Write nothing more to a terminal that is gone, because that would be refused."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for each in terminals:
        os.dup2(nowhere, each)
    os.close(nowhere)


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
