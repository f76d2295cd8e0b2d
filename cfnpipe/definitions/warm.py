"""The warm process, from the tool's side: started, listened to, and never left behind."""

from __future__ import annotations

import io
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from cfnpipe.definitions import ending
from cfnpipe.definitions.explanation import clean
from cfnpipe.errors import CfnpipeError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from cfnpipe.definitions.contract import Surroundings
    from cfnpipe.definitions.ending import Ending
    from cfnpipe.definitions.request import Request

_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from cfnpipe.definitions.worker import main; main()"
_SECONDS_TO_END = 5.0
_SECONDS_OF_SILENCE = 1.0
"""After which it is looked whether the warm process is stopped."""


@dataclass(frozen=True)
class Interpreter:
    """A warm process, for one request."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    """What it writes to its standard error."""
    directory: Path | None
    """Where definitions are to run; default: the repository's root."""


@contextmanager
def started(surroundings: Surroundings) -> Generator[Interpreter]:
    """Start a warm process that finds what this one finds, also where cfnpipe is not installed."""
    seen = {"PYTHONHASHSEED": str(surroundings.hash_seed), "TZ": surroundings.timezone}
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(  # noqa: S603 - this interpreter, and no shell
            [sys.executable, "-P", "-u", "-X", "utf8", "-c", _BOOT, *map(os.path.abspath, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**surroundings.variables, **seen, "PYTHONOPTIMIZE": ""},  # which would take the docstrings
        ) as process,
    ):
        try:
            yield Interpreter(process, complaints, surroundings.directory)
        finally:
            _stop(process)


def endings(request: Request, warm: Interpreter) -> Iterator[Ending]:
    """Ask for runs, and yield how each ended, in the order in which they end.

    Raise `CfnpipeError` where more are asked for than there are: the warm process has gone. If it was
    killed, its children end with their time limit, which the system holds for them.
    """
    if warm.process.stdin is not None:
        with suppress(BrokenPipeError):
            warm.process.stdin.write(pickle.dumps(request))
            warm.process.stdin.flush()
    return _endings(warm)


def _endings(warm: Interpreter) -> Iterator[Ending]:
    with io.BufferedReader(_Voice(warm.process)) as voice:
        while one := ending.decode(voice):
            yield one
    raise CfnpipeError(
        f"the process that runs the definitions has ended: {_reason(warm.process, warm.complaints)}",
        hint="run the command again; if it ends again, memory is short or a definition ends it",
    )


class _Voice(io.RawIOBase):
    """What a process says. Reading it raises `CfnpipeError` where the process is stopped.

    A stopped one is silent for ever, which is the one ending that its pipe does not tell.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.file = process.stdout.fileno() if process.stdout else -1

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not select.select([self.file], [], [], _SECONDS_OF_SILENCE)[0]:
            if _stopped(self.process):
                raise CfnpipeError(
                    "the process that runs the definitions was stopped by a signal",
                    hint="a definition must send signals to processes only that it has started",
                )
        return os.readv(self.file, [buffer])


def _stopped(process: subprocess.Popen[bytes]) -> bool:
    found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
    return found is not None


def _reason(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> str:
    code = process.wait()
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    how = f"exit code {code}" if code >= 0 else signal.strsignal(-code) or ""
    return clean(f"{how}: {last}" if last else how)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the warm process, which ends its children; it needs no time for that, also if it was stopped."""
    process.terminate()
    process.send_signal(signal.SIGCONT)
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
