"""The warm process: has troposphere imported, and runs definitions in children that it forks (`nursery`)."""

from __future__ import annotations

import gc
import os
import pickle
import sys
from importlib import import_module

from cfnpipe.definitions import origins
from cfnpipe.definitions.nursery import Nursery

_WARM = ("troposphere", "awacs.aws")


def main() -> None:
    """Read a `Request`, write an `Ending` for each child, and end."""
    for package in _WARM:
        import_module(package)  # before the request, which the tool is still making
    request = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the tool itself
    lifeline, outlet = _taken_away(0), _taken_away(1)
    os.chdir(request.directory)
    origins.record(f"{request.root}/templates")
    gc.freeze()
    Nursery(request, lifeline, outlet).run()


def _taken_away(file: int) -> int:
    """Return a new descriptor of an open file, whose old one becomes the null device."""
    mine, null = os.dup(file), os.open(os.devnull, os.O_RDWR)
    os.dup2(null, file)
    os.close(null)
    return mine
