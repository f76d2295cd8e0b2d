"""Which stacks of an environment need which others: those that they import from."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cfnpipe.model import Project, RenderedStack
    from cfnpipe.validate.subject import StackView


def order(stacks: Sequence[RenderedStack], project: Project) -> dict[str, int]:
    """Return the rank of each stack that has one, in which those come first that others need.

    `stacks`: of one environment; what others of it export counts as there.
    """
    return ranks(_needs(_views(stacks, project)))


def ranks(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the rank of each stack: 0 if it needs none, else one more than the highest of those it needs.

    Stacks that need each other in a circle have no order; then there are no ranks.
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
