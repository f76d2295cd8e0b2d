"""Exports and imports over the stacks of one environment; names are unique in an account and region."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING

from cfnpipe.validate.subject import Finding
from cfnpipe.wording import choice, meant, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cfnpipe.validate.subject import EnvironmentView, Shared, StackView


@dataclass(frozen=True)
class _Exporter:
    """One output that exports a name."""

    view: StackView
    export: Shared

    def __str__(self) -> str:
        return f"{self.view.rendered.name} ({self.export.pointer.split('/')[2]})"


def unknown_import(view: EnvironmentView) -> Iterator[Finding]:
    """Find an import of a name that no stack of the environment exports.

    An export whose name is known only during deployment might be the one: then it is a warning. While
    stacks are missing nothing is said.
    """
    exported = _exporters(view.stacks.values())
    there = {*exported, *view.environment.external_exports}
    unsure = any(export.name is None for stack in view.stacks.values() for export in stack.exports)
    for stack, shared in _imports(view) if view.complete else ():
        if shared.name is not None and shared.name not in there:
            yield Finding(
                f"no stack of {view.environment.name} exports {quoted(shared.name)}",
                shared.pointer,
                _import_hint(view, shared.name, there),
                stack.place(shared.pointer),
                "warning" if unsure else "error",
                stack.name,
            )


def _import_hint(view: EnvironmentView, name: str, there: set[str]) -> str:
    outside = "if something else makes it, write it under 'external_exports'"
    for environment, stacks in view.beside.items():
        if any(export.name == name for stack in stacks.values() for export in stack.exports):
            return f"environment {quoted(environment)} exports it; {outside}"
    near = meant(name, there)
    return near or f"{choice(name, there)}; {outside}"


def unresolved_import(view: EnvironmentView) -> Iterator[Finding]:
    """Warn of an import whose name is known only during deployment, so that nothing can be said of it."""
    for stack, shared in _imports(view):
        if shared.name is None:
            yield _unresolved(stack, shared, "the name of this import")


def unresolved_export(view: EnvironmentView) -> Iterator[Finding]:
    """Warn of an export whose name is known only during deployment, so that nothing can be said of it."""
    for stack in view.stacks.values():
        for shared in stack.exports:
            if shared.name is None:
                yield _unresolved(stack, shared, "the name of this export")


def _unresolved(stack: StackView, shared: Shared, what: str) -> Finding:
    return Finding(
        f"{what} is known only during deployment",
        shared.pointer,
        "make it of text, parameters and AWS::StackName, AWS::Region or AWS::AccountId",
        stack.place(shared.pointer),
        "warning",
        stack.name,
    )


def duplicate_export(view: EnvironmentView) -> Iterator[Finding]:
    """Find a name that is exported twice in one account and region, by whatever stacks.

    Two outputs of one stack may share a name if each has a condition of its own.
    """
    before = (stacks.values() for name, stacks in view.beside.items() if name < view.environment.name)
    elsewhere = _exporters(chain.from_iterable(before))
    for name, exporters in _exporters(view.stacks.values()).items():
        for number, exporter in enumerate(exporters):
            others = [*elsewhere.get(name, ()), *exporters[:number]]
            other = next((each for each in others if not _exclude_each_other(each, exporter)), None)
            if other is not None:
                yield Finding(
                    f"{quoted(name)} is exported twice: here and by {other}",
                    exporter.export.pointer,
                    "begin the name with ${AWS::StackName}, which no other stack has",
                    exporter.view.place(exporter.export.pointer),
                    stack=exporter.view.name,
                )


def _exclude_each_other(one: _Exporter, other: _Exporter) -> bool:
    first, second = one.export.condition, other.export.condition
    return one.view is other.view and bool(first and second) and first != second


def import_from_retired(view: EnvironmentView) -> Iterator[Finding]:
    """Find an import from a stack that is to be deleted; CloudFormation keeps what is imported."""
    exported = _exporters(view.stacks.values())
    for stack, shared in _imports(view):
        for exporter in exported.get(shared.name or "", ()):
            if exporter.view.settings.retire and not stack.settings.retire:
                source = quoted(exporter.view.name)
                yield Finding(
                    f"{quoted(shared.name or '')} comes from {source}, which is to be retired",
                    shared.pointer,
                    "take the import away and deploy that first",
                    stack.place(shared.pointer),
                    stack=stack.name,
                )


def import_cycle(view: EnvironmentView) -> Iterator[Finding]:
    """Find stacks that import from each other in a circle, so that none can be made first."""
    exported = _exporters(view.stacks.values())
    needs: dict[str, set[str]] = {name: set() for name in view.stacks}
    for stack, shared in _imports(view):
        needs[stack.name] |= {exporter.view.name for exporter in exported.get(shared.name or "", ())}
    try:
        # Sorted, because which circle is found first depends on the order.
        TopologicalSorter({name: sorted(others) for name, others in sorted(needs.items())}).prepare()
    except CycleError as error:
        # Each entry is needed by the next one; the path reads from importer to exporter.
        circle: list[str] = error.args[1][:0:-1]
        first = circle.index(min(circle))
        path = [*circle[first:], *circle[:first], circle[first]]
        yield Finding(
            f"these stacks import from each other in a circle: {' -> '.join(path)}",
            hint="move what both need into a stack of its own",
            where=view.where("stacks", path[0]),
            stack=path[0],
        )


def _imports(view: EnvironmentView) -> Iterator[tuple[StackView, Shared]]:
    return ((stack, shared) for stack in view.stacks.values() for shared in stack.imports)


def _exporters(stacks: Iterable[StackView]) -> Mapping[str, Sequence[_Exporter]]:
    """Return who exports each name."""
    exporters: dict[str, list[_Exporter]] = defaultdict(list)
    for stack in stacks:
        for export in stack.exports:
            if export.name is not None:
                exporters[export.name].append(_Exporter(stack, export))
    return exporters
