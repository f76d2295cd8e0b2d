"""Which stacks go first: those that others import from."""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from cfnpipe.model.transfer import Put

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cfnpipe.model import Project, RenderedStack
    from cfnpipe.model.transfer import Step
    from cfnpipe.validate.subject import StackView


def ordered(steps: Sequence[Step], stacks: Sequence[RenderedStack], project: Project) -> tuple[Step, ...]:
    """Return the steps with a rank for each bundle that is put, and in the order of the ranks.

    `stacks`: those of the environment. Only the changed ones are compared, and only if one of them imports
    anything.
    """
    changed = {step.stack for step in steps if isinstance(step, Put)}
    texts = [stack for stack in stacks if stack.stack in changed]
    if len(texts) < 2 or not any('"Fn::ImportValue"' in stack.template for stack in texts):  # noqa: PLR2004
        return tuple(steps)
    rank = ranks(_needs(_views(texts, project)))
    puts = [replace(step, rank=rank.get(step.stack, 0)) for step in steps if isinstance(step, Put)]
    others = (step for step in steps if not isinstance(step, Put))
    return (*sorted(puts, key=lambda put: put.rank), *others)


def ranks(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the rank of each stack: 0 if it needs none, else one more than the highest of those it needs.

    Stacks that need each other in a circle have no order; then every rank is 0.
    """
    rank: dict[str, int] = {}
    try:
        for name in TopologicalSorter(needs).static_order():
            rank[name] = max((rank[other] + 1 for other in needs.get(name, ())), default=0)
    except CycleError:
        return {}
    return rank


def _views(stacks: Sequence[RenderedStack], project: Project) -> list[StackView]:
    """Return the templates as rules see them, without those that are no templates at all."""
    from cfnpipe.validate.own import first_look
    from cfnpipe.validate.subject import StackView

    views = [StackView(project, project.environments[stack.environment], stack) for stack in stacks]
    return [view for view in views if not first_look(view)]


def _needs(views: Sequence[StackView]) -> dict[str, set[str]]:
    """Return which stacks each stack imports from."""
    exporters = {export.name: view.name for view in views for export in view.exports}
    return {
        view.name: {exporters[shared.name] for shared in view.imports if shared.name in exporters}
        - {view.name}
        for view in views
    }
