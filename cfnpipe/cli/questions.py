"""Questions before an outward step, and who answers them."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def present() -> bool:
    """Tell whether somebody is there to answer."""
    return sys.stdin.isatty()


def line(seconds: float) -> str | None:
    """Return the line that somebody enters within some seconds, or None. Raise `EOFError` at the end."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return None
    text = os.read(sys.stdin.fileno(), 4096)  # A terminal gives one line at a time.
    if not text:
        raise EOFError
    return text.decode(errors="replace").strip()


def forget() -> None:
    """Forget what was typed before there was a question."""
    with contextlib.suppress(termios.error, OSError):  # It need not be a terminal.
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def agreed(question: str, *, yes: bool) -> bool:
    """Tell whether the answer is yes, without asking if `yes`. Raise `Refused` if nobody is there."""
    from cfnpipe.errors import Refused

    if yes:
        return True
    if not present():
        raise Refused("nobody is here to say yes", hint="add --yes; --dry-run shows what would be done")
    return click.confirm(question, err=True)


def ask(question: str, show: Callable[[], None], *, refused: str, yes: bool) -> None:
    """Raise `Refused` with the text `refused` unless `yes`, or somebody whom the plan is shown says so."""
    from cfnpipe.errors import Refused

    if not yes and present():
        show()
    if not agreed(question, yes=yes):
        raise Refused(refused)
