"""A child of the warm process: runs one definition for one environment and writes down its answer.

The answer goes through a pipe of its own: a line `called` once the definition asks for its environment,
a line `imported` with the modules of known packages that it needed, and a line of JSON. After a crash
or when the time is over, Python's fault handler writes its trace there instead.
"""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import resource
import signal
import sys
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

from cfnpipe.definitions import content, load

if TYPE_CHECKING:
    from troposphere import Template

    from cfnpipe.definitions.scene import Scene

_CALLED = b"called\n"
_IMPORTED = b"imported"

_PACKAGES = ("troposphere.", "awacs.", "cfnpipe.")
_MEMORY = 4 << 30
"""Bytes: far beyond any template, and little enough to fail here before the machine does."""
_OPEN_FILES = 4096

_to_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""Bound before engineers' code can change `json`."""


def unpack(answer: bytes) -> tuple[bool, list[str], bytes]:
    """Return whether an answer depends on the environment, the modules it names, and the rest of it."""
    rest = answer.removeprefix(_CALLED)
    called = rest != answer
    if not rest.startswith(_IMPORTED):
        return called, [], rest
    line, _, rest = rest.removeprefix(_IMPORTED).partition(b"\n")
    return called, line.decode(errors="replace").split(), rest


def run(scene: Scene, environment: bytes, *, answer: int, output: int, timeout: float) -> NoReturn:
    """Run a definition in this process and end it.

    `environment`: a pickled `Environment`; `answer`, `output`: the file descriptors that are left open;
    `timeout`: seconds.
    """
    code = os.EX_SOFTWARE
    try:
        _settle(answer, output, timeout)
        before = _identity(answer)
        text = _answer(scene, environment, answer)
        if _identity(answer) == before:
            _write(answer, text)
            code = os.EX_OK
    except BaseException as error:  # noqa: BLE001 - engineers' code has changed what this module needs
        os.write(2, f"{type(error).__name__}: {error}".encode(errors="replace"))
    finally:
        os._exit(code)


def _settle(answer: int, output: int, timeout: float) -> None:
    """Leave the warm process's terminal, files and signals; set limits."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, answer)
    os.closerange(answer + 1, _OPEN_FILES)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # not every system limits what a process allocates
        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (min(_MEMORY, most) if most >= 0 else _MEMORY, most))
    faulthandler.enable(answer, all_threads=False)
    faulthandler.register(signal.SIGALRM, answer, all_threads=False, chain=True)
    signal.setitimer(signal.ITIMER_REAL, timeout)


def _identity(answer: int) -> tuple[int, int]:
    """Return what is another in a copy that the definition forks, and in a file put in the pipe's place."""
    return os.getpid(), os.fstat(answer).st_ino


def _answer(scene: Scene, environment: bytes, answer: int) -> bytes:
    """Return the lines to be written, whatever the definition does."""
    before, deepest = len(sys.modules), sys.getrecursionlimit()
    try:
        template = _template(scene, environment, answer)
        sys.setrecursionlimit(deepest)  # a definition may need more, but what it makes must be readable
        said = content.of(template, scene)
    except BaseException as error:  # noqa: BLE001 - it must become a problem, SystemExit too
        _make_room()
        said = content.of_failure(error, scene)
    new = islice(reversed(sys.modules), len(sys.modules) - before)
    needed = [name for name in new if name.startswith(_PACKAGES)]
    return b" ".join((_IMPORTED, *(name.encode() for name in needed))) + b"\n" + _to_json(said).encode()


def _template(scene: Scene, environment: bytes, answer: int) -> Template:
    """Return the definition's Template; say so before the environment makes a difference."""
    from troposphere import Template

    sys.argv = [scene.file]
    sys.dont_write_bytecode = True
    sys.pycache_prefix = os.devnull  # bytecode beside a definition is code that nobody has reviewed
    found = load.entry(load.load(scene.file))
    if isinstance(found, Template):
        return found
    _write(answer, _CALLED)
    return load.call(found, pickle.loads(environment))  # noqa: S301 - from the tool itself


def _make_room() -> None:
    """Lift the limit on memory, so that the lack of it can be told."""
    with suppress(ValueError, OSError):
        most = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _write(file: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(file, rest) :]
