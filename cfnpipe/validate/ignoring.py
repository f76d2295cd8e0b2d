"""Rules that the configuration ignores for one stack, each with its reason."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cfnpipe.model import Problem
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from cfnpipe.validate.subject import StackView

_CFN_LINT = re.compile(r"[EWI][0-9]{4}")


def ignored(problems: Iterable[Problem], views: Sequence[StackView]) -> list[Problem]:
    """Return the problems, those marked with the reason whose rule their stack ignores."""
    reasons = {view.rendered.name: view.settings.ignore for view in views}
    return [
        replace(problem, ignored=reasons.get(problem.stack, {}).get(problem.rule, "")) for problem in problems
    ]


def unknown_rule(views: Sequence[StackView], rules: Collection[str]) -> Iterator[Problem]:
    """Find an ignored id that is neither one of cfnpipe's rules nor formed like cfn-lint's."""
    for view in views:
        for rule in view.settings.ignore:
            if not _known(rule, rules):
                yield Problem(
                    where=view.configured("ignore", rule),
                    rule="unknown-rule",
                    message=f"there is no rule {quoted(rule)} to ignore",
                    hint=choice(rule, rules),
                    stack=view.rendered.name,
                )


def unused_ignore(
    views: Sequence[StackView], problems: Iterable[Problem], rules: Collection[str]
) -> Iterator[Problem]:
    """Warn of an ignored rule that found nothing: what it excused is gone."""
    found = {(problem.stack, problem.rule) for problem in problems}
    for view in views:
        for rule in view.settings.ignore:
            if _known(rule, rules) and (view.rendered.name, rule) not in found:
                yield Problem(
                    where=view.configured("ignore", rule),
                    rule="unused-ignore",
                    message=f"the rule {quoted(rule)} found nothing to ignore",
                    hint="take it out of 'ignore'",
                    stack=view.rendered.name,
                    severity="warning",
                )


def _known(rule: str, rules: Collection[str]) -> bool:
    return rule in rules or _CFN_LINT.fullmatch(rule) is not None
