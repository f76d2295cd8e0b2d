"""What the environments of one account and region have together, counted against AWS's quotas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import resources
from cfnpipe.validate.subject import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import EnvironmentView, StackView

_RULES = 300
_FEWER_RULES = {"af-south-1": 100, "eu-south-1": 100}
_WILDCARD_RULES = 30
_PIPELINES = 1_000


def event_rule_count(view: EnvironmentView) -> Iterator[Finding]:
    """Find more rules on the default event bus than it takes: 300, or 100 in af-south-1 and eu-south-1.

    The quota can be raised (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
    """
    most = _FEWER_RULES.get(view.environment.region, _RULES)
    yield from _exceeded(view, len(_rules(view)), "rules on the default event bus", most)


def wildcard_rule_count(view: EnvironmentView) -> Iterator[Finding]:
    """Find more than 30 rules with wildcards on the default event bus; this quota cannot be raised.

    See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
    """
    count = sum('"wildcard"' in json.dumps(rule["EventPattern"].value) for rule in _rules(view))
    yield from _exceeded(view, count, "rules with wildcards on the default event bus", _WILDCARD_RULES)


def pipeline_count(view: EnvironmentView) -> Iterator[Finding]:
    """Find more than 1,000 pipelines; the quota can be raised.

    See https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html.
    """
    count = sum(len(list(resources(stack, "AWS::CodePipeline::Pipeline"))) for stack in _stacks(view))
    yield from _exceeded(view, count, "pipelines", _PIPELINES)


def _stacks(view: EnvironmentView) -> Iterator[StackView]:
    yield from view.stacks.values()
    for stacks in view.beside.values():
        yield from stacks.values()


def _rules(view: EnvironmentView) -> list[Node]:
    rules = (rule for stack in _stacks(view) for _, rule in resources(stack, "AWS::Events::Rule"))
    return [rule for rule in rules if (rule["EventBusName"].text or "default") == "default"]


def _exceeded(view: EnvironmentView, count: int, what: str, most: int) -> Iterator[Finding]:
    if count > most:
        where = ", ".join([view.environment.name, *view.beside])
        message = f"{count:,} {what} in {where}; {view.environment.region} takes {most:,}"
        yield Finding(message, hint="move stacks to another account or region", where=view.where())
