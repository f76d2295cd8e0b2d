"""The lock file against what is installed: the first thing to ask when two machines render differently."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import metadata
from typing import NamedTuple

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)[ \t]*(;?)", re.MULTILINE)


class Difference(NamedTuple):
    """A distribution that is locked at one version and installed at another, or not at all."""

    name: str
    locked: str
    installed: str | None


def differences(text: str) -> list[Difference]:
    """Return where the installed versions differ from a pip requirements file with pins.

    A name may be pinned several times with environment markers, of which one holds here: any of its
    versions will do, and where every pin has a marker the name may be absent.
    """
    pins: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for name, version, marker in _PIN.findall(text):
        pins[name][version] = bool(marker)
    found = []
    for name, versions in pins.items():
        installed = _installed(name)
        if installed not in versions and not (installed is None and all(versions.values())):
            found.append(Difference(name, " or ".join(versions), installed))
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
