"""`templates/*.py` to templates: runs engineers' code apart from the tool, and explains its mistakes.

One warm interpreter imports troposphere once and forks a child for each definition (`worker`,
`child`); this process reads what the children answer as data (`pool`). The warm process imports
this package too, so nothing here may import pydantic or troposphere at its top.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cfnpipe.definitions.contract import USUAL, Built, Surroundings, elsewhere
from cfnpipe.definitions.difference import first_difference
from cfnpipe.definitions.warm import Interpreter, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfnpipe.model import Project

__all__ = ["Built", "Interpreter", "Surroundings", "build", "elsewhere", "first_difference", "interpreter"]


def build(  # noqa: PLR0913 - each may be left out
    project: Project,
    environments: Sequence[str],
    *,
    timeout: float = 60.0,
    surroundings: Surroundings = USUAL,
    jobs: int | None = None,
    warm: Interpreter | None = None,
) -> Iterator[Built]:
    """Return what each definition makes for each environment that uses it, sorted by both names.

    A definition whose `template` does not depend on the environment runs once for all of them.
    `timeout`: seconds for each run; `jobs`: runs at a time, by default the number of processors.
    `warm`: an interpreter that is already there, in whose surroundings they begin to run at once.
    The iterator raises `CfnpipeError` if the process that runs the definitions cannot be kept alive.
    """
    from cfnpipe.definitions import pool

    def built(ready: Interpreter) -> Iterator[Built]:
        return pool.build(project, environments, ready, timeout=timeout, jobs=jobs)

    def alone() -> Iterator[Built]:
        with interpreter(surroundings) as ready:
            yield from built(ready)

    return built(warm) if warm else alone()


@contextmanager
def interpreter(surroundings: Surroundings = USUAL) -> Iterator[Interpreter]:
    """Start the process that runs definitions, so that it is warm by the time that they are known.

    It serves one `build`, and ends with the context.
    """
    with started(surroundings) as ready:
        yield ready
