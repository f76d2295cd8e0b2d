"""Bundles as bytes: the same files give the same zip on every machine and with every Python.

A bundle that differs starts its pipeline, so nothing in it may depend on the clock, the file system or
the version of a compressor: entries are stored, sorted, and dated 1980-01-01, where zip's time begins.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIX = 3
_FILE = 0o100644 << 16
"""An ordinary file that everybody may read, where zip keeps what Unix says of a file."""


def pack(stack: str, key: str, files: Mapping[str, str]) -> Bundle:
    """Return the bundle of a stack for a key, made of texts by file name.

    Raise `UnicodeEncodeError` for a text with half a surrogate pair, which no encoding can carry.
    """
    content = archive({name: text.encode() for name, text in files.items()})
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Bundle(stack, key, content, md5, hashlib.sha256(content).hexdigest())


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return the zip of some files, by name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.create_system = _UNIX
            entry.external_attr = _FILE
            zipped.writestr(entry, files[name])
    return made.getvalue()
