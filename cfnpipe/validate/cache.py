"""What cfn-lint found, kept between runs in the user's cache directory.

An entry is named by the SHA-256 of everything that its content depends on, so it is never out of date, only
unused; what was not used for a month is removed. Messages quote templates, so nobody but the owner can read
the directory. Where a cache cannot be read or written, nothing is found in it: that is never an error.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from cfnpipe import __version__

_DAY = 24 * 60 * 60
_MONTH = 30 * _DAY
_ELSEWHERE = re.compile(rb"append_rules|custom_rules|override_spec|registry_schemas")


@dataclass(frozen=True)
class Cache:
    """Results by template text and region, for one set of versions and settings."""

    directory: Path
    """Where the entries are; the user's own."""
    circumstances: str
    """Everything else that a result depends on."""

    def get(self, text: str, region: str) -> Any:
        """Return what was put, or None."""
        with suppress(OSError, ValueError), self._entry(text, region).open(encoding="utf-8") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime > _DAY:
                os.utime(file.name)
            return json.load(file)
        return None

    def put(self, text: str, region: str, result: Any) -> None:
        """Keep a result: plain JSON values, not null."""
        with suppress(OSError):
            self._prune()
            handle, name = tempfile.mkstemp(dir=self.directory)
            os.close(handle)
            Path(name).write_text(json.dumps(result), encoding="utf-8")
            Path(name).replace(self._entry(text, region))

    def _entry(self, text: str, region: str) -> Path:
        key = json.dumps([text, region, self.circumstances])
        return self.directory / hashlib.sha256(key.encode()).hexdigest()

    def _prune(self) -> None:
        """Remove, at most once a day, what was not used for a month."""
        mark, now = self.directory / "pruned", time.time()
        if mark.exists() and now - mark.stat().st_mtime < _DAY:
            return
        mark.touch()
        for entry in self.directory.iterdir():
            with suppress(OSError):
                if now - entry.stat().st_mtime > _MONTH:
                    entry.unlink()


def open_cache(directory: Path | None, settings: bytes) -> Cache | None:
    """Return the cache in `directory` (default: the user's cache directory), or None where there can be none.

    `settings`: what stands in `.cfnlintrc`. Where they name rules or schemas in other files there is no
    cache: such rules are code, and what code depends on cannot be told.
    """
    directory = directory or _user_directory()
    if directory is None or _ELSEWHERE.search(settings) or not _private(directory / "lint"):
        return None
    return Cache(directory / "lint", json.dumps([*_versions(), _newer_schemas(), settings.decode("latin-1")]))


def _user_directory() -> Path | None:
    caches = _user_caches()
    return caches and caches / "cfnpipe"


def _user_caches() -> Path | None:
    """Return `$XDG_CACHE_HOME` or `~/.cache`; None if the user has no home.

    The XDG base directory specification says to ignore a relative path.
    """
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return configured if configured.is_absolute() else _home(".cache")


def _home(path: str) -> Path | None:
    with suppress(RuntimeError):
        return Path.home() / path
    return None


def _private(directory: Path) -> bool:
    """Make the directory if need be, and tell whether it is closed to everybody but this user."""
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        return status.st_uid == os.getuid() and not status.st_mode & 0o077
    return False


def _versions() -> list[str]:
    """Return the versions that decide what is found: cfnpipe, Python, cfn-lint and what it stands on."""
    found = [__version__, sys.version]
    for requirement in ["cfn-lint", *(metadata.requires("cfn-lint") or ())]:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    return found


def _newer_schemas() -> str:
    """Return the date of the schemas that `cfn-lint --update-specs` put into the user's cache directory.

    cfn-lint takes them where they are newer than its own.
    """
    caches = _home("Library/Caches") if sys.platform == "darwin" else _user_caches()
    with suppress(OSError):
        file = caches and caches / "aws/cfn-lint/schemas/version.json"
        return file.read_text(encoding="utf-8", errors="replace") if file else ""
    return ""
