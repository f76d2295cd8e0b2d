"""Work spread over forked processes: each inherits what is built, and one that dies harms no other."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Item = TypeVar("Item")
Result = TypeVar("Result")

_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Died:
    """Stands for the result of an item whose process ended before it was done."""

    exit_code: int
    """What the process ended with; minus the number of the signal that ended it."""

    def __str__(self) -> str:
        if self.exit_code < 0:
            return f"was ended by {signal.Signals(-self.exit_code).name}"
        return f"ended with exit code {self.exit_code}"


def spread(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int
) -> Generator[tuple[Item, Result | Died], None, None]:
    """Yield every item with its result, in the order in which they are done, from at most `jobs` processes.

    Items and results are pickled, `work` is not; it must not raise. A process that dies is replaced.
    Close the iterator to end the processes early. As before every fork, no other thread may be alive.
    """
    waiting = deque(items)
    busy: list[_Worker[Item, Result]] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                busy.append(_Worker(work, busy))
                busy[-1].give(waiting.popleft())
            wait(worker.pipe for worker in busy)
            for worker in [worker for worker in busy if worker.pipe.poll()]:
                item, result = worker.take()
                if waiting and not isinstance(result, Died):
                    worker.give(waiting.popleft())
                else:
                    busy.remove(worker)
                    worker.end()
                yield item, result
    finally:
        for worker in busy:
            worker.end()


class _Worker(Generic[Item, Result]):
    """A process that works on one item at a time; its pipe is ready when the item is done or it has died."""

    def __init__(self, work: Callable[[Item], Result], others: Iterable[_Worker[Item, Result]]) -> None:
        self.pipe, theirs = _FORK.Pipe()
        inherited = [self.pipe, *(other.pipe for other in others)]
        self._process = _FORK.Process(target=_serve, args=(work, theirs, inherited), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, item: Item) -> None:
        """Let the process work on an item. One that has died meanwhile is noticed by `take`."""
        self._item = item
        with suppress(OSError):
            self.pipe.send(item)

    def take(self) -> tuple[Item, Result | Died]:
        """Return the item and its result; waits for it."""
        try:
            return self._item, self.pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            return self._item, Died(self._process.exitcode or 0)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(work: Callable[[Item], Result], pipe: Connection, inherited: Iterable[Connection]) -> None:
    """Work until the other end of the pipe is closed, which also happens when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent answers it.
    for number in (signal.SIGTERM, signal.SIGHUP):  # The parent clears away; here is nothing to clear.
        signal.signal(number, signal.SIG_DFL)
    for end in inherited:  # Held open here, they would hide the death of the parent.
        end.close()
    gc.freeze()  # What was inherited stays, so that no collection walks over it or copies its pages.
    with suppress(EOFError, OSError):
        while True:
            pipe.send(work(pipe.recv()))
