"""The conditions of a stage: what must hold to enter it, and what follows from its end.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import stages
from cfnpipe.validate.catalogue import RULES
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_RESULTS = {
    "BeforeEntry": ("FAIL", "SKIP"),
    "OnSuccess": ("FAIL", "ROLLBACK"),
    "OnFailure": ("RETRY", "ROLLBACK"),
}
_SKIPPING = ("LambdaInvoke", "VariableCheck")
_MOST_RULES = 5


def condition_count(view: StackView) -> Iterator[Finding]:
    """Find a stage with more than one condition in one place, or a condition without 1 to 5 rules.

    CloudFormation takes lists of any length (API_BeforeEntryConditions, API_SuccessConditions,
    API_FailureConditions, API_Condition).
    """
    for place, conditions in _conditions(view):
        found = list(conditions.elements())
        if len(found) > 1:
            message = f"{place} has {len(found)} conditions; CodePipeline takes 1"
            yield Finding(message, conditions.pointer, "put the rules into one condition")
        for condition in found:
            rules = condition["Rules"]
            count = len(list(rules.elements()))
            if rules.present and not rules.is_intrinsic and not 1 <= count <= _MOST_RULES:
                message = (
                    f"a condition of {place} has {count or 'no'} rules; CodePipeline takes 1 to {_MOST_RULES}"
                )
                yield Finding(message, rules.pointer, "name 1 to 5 rules")


def condition_result(view: StackView) -> Iterator[Finding]:
    """Find a condition with a result that its place does not have.

    Entry: FAIL or SKIP; success: FAIL or ROLLBACK; failure: RETRY or ROLLBACK
    (concepts-how-it-works-conditions).
    """
    for place, conditions in _conditions(view):
        for condition in conditions.elements():
            result = condition["Result"]
            if result.fixed is not None and result.fixed not in _RESULTS[place]:
                message = f"{place} has no result {quoted(result.fixed)}"
                yield Finding(message, result.pointer, f"write {' or '.join(_RESULTS[place])}")


def _conditions(view: StackView) -> Iterator[tuple[str, Node]]:
    for stage in stages(view):
        yield from stage.conditions()


def skip_condition(view: StackView) -> Iterator[Finding]:
    """Find a rule that is to skip a stage and cannot: only LambdaInvoke and VariableCheck can.

    A deployment window that is closed makes an execution fail; it skips nothing and does not wait
    (rule-reference-Commands).
    """
    for stage in stages(view):
        for _, condition, rule in stage.rules():
            provider = rule["RuleTypeId"]["Provider"]
            name = provider.fixed
            if condition["Result"].fixed == "SKIP" and name in RULES and name not in _SKIPPING:
                message = f"a {name} rule cannot skip a stage"
                yield Finding(message, provider.pointer, f"write FAIL, or use {' or '.join(_SKIPPING)}")
