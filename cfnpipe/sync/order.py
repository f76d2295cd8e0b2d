"""Which stacks go first: those that others import from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfnpipe.model import Project, RenderedStack
    from cfnpipe.model.transfer import Step


def ordered(steps: Sequence[Step], stacks: Sequence[RenderedStack], project: Project) -> tuple[Step, ...]:
    """Return the steps with a rank for each bundle that is put, and in the order of the ranks.

    `stacks`: those of the environment. Only the changed ones are compared, and only if one of them imports
    anything.
    """
    changed = {step.stack for step in steps if isinstance(step, Put)}
    texts = [stack for stack in stacks if stack.stack in changed]
    if len(texts) < 2 or not any('"Fn::ImportValue"' in stack.template for stack in texts):  # noqa: PLR2004
        return tuple(steps)
    from cfnpipe.validate.dependencies import order

    rank = order(texts, project)
    puts = [replace(step, rank=rank.get(step.stack, 0)) for step in steps if isinstance(step, Put)]
    others = (step for step in steps if not isinstance(step, Put))
    return (*sorted(puts, key=lambda put: put.rank), *others)
