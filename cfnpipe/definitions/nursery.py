"""The children of the warm process: forked, heard out and ended in one loop.

There is one thread, so that forking is safe, and nothing waits for anything but `select`. The loop ends as
soon as the tool does: when standard input closes, or on SIGTERM.
"""

from __future__ import annotations

import gc
import os
import re
import selectors
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cfnpipe.definitions import child
from cfnpipe.definitions.ending import Ending, encode
from cfnpipe.definitions.request import Request, Task
from cfnpipe.definitions.scene import Scene

_GRACE = 1.0
"""Seconds after its own alarm, until a child that ignores the alarm is killed."""
_TICK = 0.01
"""Seconds between looks at a child that was killed and has not gone yet."""
_CHUNK = 1 << 16
_LAST_READS = 16
"""More than a pipe can hold, for a child that has ended; what else comes is from something it left behind."""
_TOP = 1 << 14
"""Bytes at the beginning of a definition, where its imports stand."""
_IMPORT = re.compile(rb"^(?:from|import) +((?:troposphere|awacs)\.[a-z0-9_]+)\b", re.MULTILINE)
_MOST_OUTPUT = 1 << 16
_MOST_UNSENT = 1 << 20
"""Bytes: while the tool is behind with reading more than these, no child is started."""


@dataclass(eq=False)
class Child:
    """A child under way."""

    task: Task
    process: int
    deadline: float
    texts: dict[int, bytearray]
    """What came so far out of its answer and its output, by the reading end of either pipe."""
    late: bool = False

    @property
    def answer(self) -> int:
        """The reading end of the pipe with its answer."""
        return next(iter(self.texts))


class Nursery:
    """Starts, hears out and ends the children of one request."""

    def __init__(self, request: Request, lifeline: int, outlet: int) -> None:
        self.request = request
        self.tasks = deque(request.tasks)
        self.children: list[Child] = []
        self.unsent = bytearray()
        self.lifeline, self.outlet, self.signals = lifeline, outlet, _signals()
        self.selector = selectors.DefaultSelector()
        for file in (self.lifeline, self.signals):
            self.selector.register(file, selectors.EVENT_READ)
        os.set_blocking(outlet, False)

    def run(self) -> None:
        """Work until everything is said, or the tool is gone."""
        alive = True
        _learn(_foreseen(self.request))
        self._start()
        _learn(["cfnpipe.definitions.mistakes"])  # while the first children are busy
        while alive and (self.tasks or self.children or self.unsent):
            self._start()
            alive = all(self._hear(key.fd) for key, _ in self.selector.select(self._patience()))
            self._end()
        for one in self.children:
            _kill(one)

    def _start(self) -> None:
        while self.tasks and len(self.children) < self.request.jobs and len(self.unsent) < _MOST_UNSENT:
            one = _fork(self.tasks.popleft(), self.request)
            self.children.append(one)
            for file in one.texts:
                self.selector.register(file, selectors.EVENT_READ, one)

    def _patience(self) -> float | None:
        """Return the seconds until a child is late."""
        deadlines = [one.deadline for one in self.children]
        return max(min(deadlines) - time.monotonic(), _TICK) if deadlines else None

    def _hear(self, file: int) -> bool:
        """Take what a file has to say; return whether the tool is still there."""
        if file == self.signals:
            return signal.SIGTERM not in os.read(file, _CHUNK)
        if file == self.outlet:
            return self._send()
        if file != self.lifeline:
            self._read(self.selector.get_key(file).data, file)
        return file != self.lifeline

    def _read(self, one: Child, file: int) -> bool:
        """Read some of what a child says; return whether there may be more."""
        try:
            text = os.read(file, _CHUNK)
        except BlockingIOError:
            return False
        if not text:
            self.selector.unregister(file)
        one.texts[file] += text
        if file != one.answer:
            del one.texts[file][_MOST_OUTPUT:]
        return bool(text)

    def _send(self) -> bool:
        """Write some of what is unsent; return whether somebody still reads."""
        try:
            del self.unsent[: os.write(self.outlet, self.unsent)]
        except BrokenPipeError:
            return False
        if not self.unsent:
            self.selector.unregister(self.outlet)
        return True

    def _end(self) -> None:
        """End children that are late, and take leave of those that have ended."""
        for one in tuple(self.children):
            if time.monotonic() > one.deadline:
                one.late = True
                _kill(one)
            process, status = os.waitpid(one.process, os.WNOHANG)
            if process:
                self.children.remove(one)
                self._tell(one, os.waitstatus_to_exitcode(status))

    def _tell(self, one: Child, code: int) -> None:
        """Say how a child ended; what depends on the environment is run for the others too."""
        answer, output = self._last_words(one)
        called, modules, result = child.unpack(answer)
        environments = one.task.environments
        if called:
            self.tasks.extend(Task(one.task.definition, (name,)) for name in environments[1:])
            environments = environments[:1]
        _learn(modules)
        late = one.late or code == -signal.SIGALRM
        if not self.unsent:
            self.selector.register(self.outlet, selectors.EVENT_WRITE)
        self.unsent += encode(Ending(one.task.definition, environments, code, late, result, output))

    def _last_words(self, one: Child) -> list[bytes]:
        """Return everything that a child has said, after ending what it has left behind."""
        _kill(one)
        for file in one.texts:
            for _ in range(_LAST_READS):
                if file not in self.selector.get_map() or not self._read(one, file):
                    break
            if file in self.selector.get_map():  # something that left its group holds the other end
                self.selector.unregister(file)
            os.close(file)
        return [bytes(text) for text in one.texts.values()]


def _foreseen(request: Request) -> list[str]:
    """Return the service modules that definitions name at their top.

    Otherwise each of the first children would import them, and this process once more.
    """
    found: dict[bytes, None] = {}
    for task in request.tasks:
        with suppress(OSError), Path(Scene(request.root, task.definition).file).open("rb") as file:
            found.update(dict.fromkeys(_IMPORT.findall(file.read(_TOP))))
    return [name.decode() for name in found]


def _signals() -> int:
    """Return a file from which the numbers of signals can be read."""
    inlet, outlet = os.pipe()
    for file in (inlet, outlet):
        os.set_blocking(file, False)
    signal.set_wakeup_fd(outlet)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the tool too, which decides
    return inlet


def _fork(task: Task, request: Request) -> Child:
    (answer, answers), (output, outputs) = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        child.run(
            Scene(request.root, task.definition),
            request.environments[task.environments[0]],
            answer=answers,
            output=outputs,
            timeout=request.timeout,
        )
    for file in (answers, outputs):
        os.close(file)
    for file in (answer, output):
        os.set_blocking(file, False)
    deadline = time.monotonic() + request.timeout + _GRACE
    return Child(task, process, deadline, {answer: bytearray(), output: bytearray()})


def _kill(one: Child) -> None:
    """End a child and everything it has started, unless that has made a group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(one.process, signal.SIGKILL)


def _learn(modules: list[str]) -> None:
    """Import what a definition needed, so that the next one finds it: service modules of troposphere."""
    missing = [name for name in modules if name not in sys.modules]
    for name in missing:
        with suppress(Exception):  # the child may have named anything
            import_module(name)
    if missing:
        gc.freeze()
