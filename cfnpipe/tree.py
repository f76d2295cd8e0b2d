"""What is in the repository's folders, to tell whether a definition has written there."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SKIPPED = ("__pycache__", "node_modules")
_VENV = "pyvenv.cfg"

Stamp = tuple[int, int, int]
"""When a file was changed, its size and its inode: a file that is written anew differs in one of them."""


def stamps(root: Path) -> dict[str, Stamp]:
    """Return the stamp of each file by its path, without reading it.

    Hidden folders, caches and virtual environments are left out.
    """
    found: dict[str, Stamp] = {}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(root / folder):
            with suppress(FileNotFoundError):  # somebody else may be at work
                if not entry.is_dir(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    found[folder + entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
                elif not entry.name.startswith(".") and entry.name not in _SKIPPED:
                    waiting.append(f"{folder}{entry.name}/")
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as scan:
        entries = list(scan)
        if all(entry.name != _VENV for entry in entries):
            return entries
    return []


def changed(before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> list[str]:
    """Return the paths that were made, changed or removed in between, sorted."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
