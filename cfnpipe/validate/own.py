"""cfnpipe's own rules run over stacks and environments, and findings made into problems."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from cfnpipe.model import Place, Problem
from cfnpipe.validate.rules import ENVIRONMENT_RULES, STACK_RULES
from cfnpipe.validate.shape import malformed
from cfnpipe.validate.subject import EnvironmentView
from cfnpipe.wording import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cfnpipe.model import Project
    from cfnpipe.validate.subject import Finding, StackView


def identifier(rule: Callable[..., object]) -> str:
    """Return the id of a rule: `missing-parameter` of `missing_parameter`."""
    return rule.__name__.replace("_", "-")


def first_look(view: StackView) -> list[Problem]:
    """Return what keeps a stack from being looked at by the other rules and by cfn-lint."""
    return [_of_stack(view, rule, finding) for rule, finding in malformed(view)]


def stack_problems(view: StackView) -> list[Problem]:
    """Return what the rules over one stack find."""
    _read_ahead(view)
    return [_of_stack(view, identifier(rule), finding) for rule in STACK_RULES for finding in rule(view)]


def _read_ahead(view: StackView) -> None:
    """Have a stack remember what the environment's rules ask of it.

    They run after all stacks, when its template would have to be parsed once more.
    """
    for remembered in ("types", "exports", "imports"):
        getattr(view, remembered)


def environment_problems(project: Project, views: Sequence[StackView]) -> Iterator[Problem]:
    """Yield what the rules over whole environments find."""
    for view in environments(project, views):
        for rule in ENVIRONMENT_RULES:
            for finding in rule(view):
                yield _of_environment(view, identifier(rule), finding)


def environments(project: Project, views: Sequence[StackView]) -> Iterator[EnvironmentView]:
    """Yield the environments of some stacks, sorted, each with those that share its account and region."""
    ordered = sorted(views, key=lambda view: (view.environment.name, view.name))
    stacks = {
        name: {view.name: view for view in group}
        for name, group in groupby(ordered, key=lambda view: view.environment.name)
    }
    for name, own in stacks.items():
        environment = project.environments[name]
        beside = {
            other: theirs
            for other, theirs in stacks.items()
            if other != name
            and environment.account is not None
            and project.environments[other].account == environment.account
            and project.environments[other].region == environment.region
        }
        yield EnvironmentView(project, environment, own, beside)


def _of_stack(view: StackView, rule: str, finding: Finding) -> Problem:
    return problem(rule, finding, finding.where or view.place(finding.pointer), view.rendered.name)


def _of_environment(view: EnvironmentView, rule: str, finding: Finding) -> Problem:
    stack = f"{view.environment.name}/{finding.stack}" if finding.stack else ""
    return problem(rule, finding, finding.where or view.where(), stack)


def problem(rule: str, finding: Finding, where: Place, stack: str) -> Problem:
    """Return a finding as a problem, without control characters."""
    return Problem(
        where=where,
        rule=rule,
        message=printable(finding.message),
        hint=printable(finding.hint),
        pointer=printable(finding.pointer),
        stack=stack,
        severity=finding.severity,
    )
