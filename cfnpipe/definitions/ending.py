"""How one run of a definition ended: what the warm process tells the tool, as bytes on a pipe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import IO


class Ending(NamedTuple):
    """The end of one child of the warm process."""

    definition: str
    """The definition's name."""
    environments: tuple[str, ...]
    """The environments that this result serves."""
    code: int
    """The exit code; negative: the number of the signal that ended it."""
    late: bool
    """Whether it was ended because its time was over."""
    result: bytes
    """What it answered: JSON from `child`, or Python's own trace of a crash; engineers' code may have
    touched it, so it is read as data only."""
    output: bytes
    """What it printed, cut."""


def encode(ending: Ending) -> bytes:
    """Return a line of JSON with two lengths, and the two texts behind it."""
    *head, result, output = ending
    return b"".join((json.dumps([*head, len(result), len(output)]).encode(), b"\n", result, output))


def decode(stream: IO[bytes]) -> Ending | None:
    """Return the next ending of a stream; None at its end, also where it breaks off."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    definition, environments, code, late, *lengths = json.loads(line)
    result, output = (stream.read(length) for length in lengths)
    if [len(result), len(output)] != lengths:
        return None
    return Ending(definition, tuple(environments), code, late, result, output)
