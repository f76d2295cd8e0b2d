"""The first step of `config`: bytes on disk become text, or one clear line."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem

LIMIT = 1024 * 1024
"""Bytes of one file. Two hundred stacks need a tenth of it; more is a mistake or an attack."""

FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, the line breaks that only YAML 1.1 knows, and characters that reorder what a reviewer
sees (https://trojansource.codes)."""


def read(root: Path, path: str, within: str = "") -> str:
    """Return the text of the file at `path`. Raise `ProblemsFound` with one problem.

    `path` is relative to `root`; links may not lead out of the folder `within`, also relative.
    """
    where = Place(path)
    try:
        real = Path(os.path.realpath(root / path, strict=True))
        if not real.is_relative_to(os.path.realpath(root / within)):
            outside = f"is a link to a place outside {within or 'the repository'}"
            raise unreadable(where, outside, "put the file itself there")
        data = _regular(real, where)
    except OSError as error:
        raise unreadable(
            where, f"cannot be read: {error.strerror}", "check the file and its rights"
        ) from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        where = _after(data[: error.start].decode(), path)
        raise unreadable(where, "is not UTF-8 here", "save the file as UTF-8") from error
    if text.startswith("\ufeff"):
        raise unreadable(Place(path, 1, 1), "begins with a byte order mark", "save it as UTF-8 without BOM")
    if odd := FORBIDDEN.search(text):
        where = _after(text[: odd.start()], path)
        raise unreadable(where, f"holds the character U+{ord(odd.group()):04X}", "delete it")
    return text


def unreadable(where: Place, what: str, hint: str) -> ProblemsFound:
    """Return the error that a file cannot be used at all."""
    return ProblemsFound([Problem(where, "unreadable-file", f"{where.path} {what}", hint)], bad_input=True)


def _after(text: str, path: str) -> Place:
    """Return the place right after the beginning of a file."""
    line = text.count("\n")
    return Place(path, line + 1, len(text) - text.rfind("\n"))


def _regular(file: Path, where: Place) -> bytes:
    """Return a file's bytes. A pipe or a device is never opened: that could block."""
    mode = file.stat().st_mode
    if stat.S_ISDIR(mode):
        raise unreadable(where, "is a folder, not a file", "rename it or move it away")
    if not stat.S_ISREG(mode):
        raise unreadable(where, "is not a regular file", "put a text file there")
    with file.open("rb") as stream:
        data = stream.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise unreadable(where, f"is larger than {LIMIT:,} bytes", "split it with `extends`")
    return data
