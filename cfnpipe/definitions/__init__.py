"""`templates/*.py` to templates: runs engineers' code apart from the tool, and explains its mistakes.

One warm interpreter imports troposphere once and forks a child for each definition (`worker`,
`child`); this process reads what the children answer as data (`pool`). The warm process imports
this package too, so nothing here may import pydantic or troposphere at its top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.definitions.contract import USUAL, Built, Surroundings
from cfnpipe.definitions.difference import first_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cfnpipe.model import Project

__all__ = ["Built", "Surroundings", "build", "first_difference"]


def build(
    project: Project,
    environments: Sequence[str],
    *,
    timeout: float = 60.0,
    surroundings: Surroundings = USUAL,
    jobs: int | None = None,
) -> Iterator[Built]:
    """Yield what each definition makes for each environment that uses it, sorted by both names.

    A definition whose `template` does not depend on the environment runs once for all of them.
    `timeout`: seconds for each run; `jobs`: runs at a time, by default the number of processors.
    Raise `CfnpipeError` if the process that runs the definitions cannot be kept alive.
    """
    from cfnpipe.definitions import pool

    return pool.build(project, environments, timeout=timeout, surroundings=surroundings, jobs=jobs)
