"""What is asked of this room, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cfnpipe.model import Problem, Template


@dataclass(frozen=True)
class Surroundings:
    """What must not matter to a definition."""

    hash_seed: int = 0
    """Decides the order in which sets of strings are walked."""
    timezone: str = "UTC"
    """The local time zone."""
    directory: Path | None = None
    """The current directory; default: the repository's root."""


USUAL = Surroundings()
"""Those in which what is committed is rendered."""


@dataclass(frozen=True)
class Built:
    """What one definition made for one environment."""

    environment: str
    """The environment's name."""
    definition: str
    """The definition's name, as in `Stack.template`."""
    template: Template | None
    """None where there are problems."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the definition, at the engineers' own lines."""
