"""One run at a time in a repository: the next one waits until the files below `stacks/` are whole again.

The lock is the system's own, on the folder `config/`. No file is left behind, and a run that was killed
blocks nobody.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def turn(root: Path, *, writing: bool, wait: Callable[[], None]) -> Iterator[None]:
    """Wait for other runs in the repository, and keep others waiting until the context ends.

    Runs that only read do not wait for each other. `wait` is called before waiting, if there is a need to.
    File systems without locks, as some networks have them, know no turns.
    """
    kind = fcntl.LOCK_EX if writing else fcntl.LOCK_SH
    folder = os.open(root / "config", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            try:
                fcntl.flock(folder, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                wait()
                fcntl.flock(folder, kind)
        yield
    finally:
        os.close(folder)
