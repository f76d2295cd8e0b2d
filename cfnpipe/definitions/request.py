"""What the tool asks of the warm process."""

from __future__ import annotations

from typing import NamedTuple


class Task(NamedTuple):
    """A definition to be run; once for all its environments, if it does not ask for one."""

    definition: str
    environments: tuple[str, ...]


class Request(NamedTuple):
    """Everything that is to be run: one pickle on the standard input of the warm process."""

    root: str
    """The repository's absolute path."""
    directory: str
    """The absolute path of the working directory."""
    tasks: tuple[Task, ...]
    environments: dict[str, bytes]
    """Each `Environment` by name, pickled: most definitions never look at one."""
    timeout: float
    """Seconds for each child."""
    jobs: int
    """Children at a time."""
