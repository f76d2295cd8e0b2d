"""A command at a terminal of its own, as somebody sits there: what it shows, what is entered, how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 120
INTERRUPT = b"\x03"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """`python -m cfnpipe` with some arguments, in a folder."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._main, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
        self._theirs = theirs
        self._open = [self._main, theirs]
        self._before = termios.tcgetattr(theirs)
        self._seen = 0
        self.raw = ""
        """Everything that was shown, as it came."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cfnpipe", *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm"}
            | environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
        )

    @property
    def shown(self) -> str:
        """Everything that was shown, without its colours."""
        return _COLOUR.sub("", self.raw).replace("\r\n", "\n")

    def until(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait for something that was not waited for before; return the match."""
        end = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.shown, self._seen)):
            assert time.monotonic() < end, f"{pattern} did not come:\n{self.shown[-3000:]}"
            assert self._read() or self.process.poll() is None, f"it ended before {pattern}:\n{self.shown}"
        self._seen = found.end()
        return found

    def enter(self, text: str) -> None:
        os.write(self._main, text.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._main, INTERRUPT)

    def ends(self, seconds: float = 20) -> int:
        """Wait for the end; return the exit code. The terminal must be as it was."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end:\n{self.shown[-3000:]}"
            self._read()
        while self._read():
            pass
        assert termios.tcgetattr(self._theirs) == self._before
        return self.process.returncode

    def closed(self, seconds: float = 20) -> int:
        """Close the terminal, as a window is closed; wait for the end, and return the exit code."""
        self._close()
        return self.process.wait(seconds)

    def _close(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._close()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._main], [], [], 0.1)
        if ready:
            self.raw += os.read(self._main, 65536).decode(errors="replace")
        return bool(ready)
