"""The rules in the conditions of a stage: that they exist, and what they are told.

https://docs.aws.amazon.com/codepipeline/latest/userguide/ has the pages that the rules name, and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/ what begins with `API_`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import stages
from cfnpipe.validate.catalogue import RULES
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.texts import unfit_text
from cfnpipe.validate.wording import kind
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.catalogue import Kind
    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_TYPE = {"Category": "Rule", "Owner": "AWS", "Version": "1"}
_OPERATORS = ("CONTAINS", "EQ", "MATCHES", "NE")
_LONGEST_VALUE = 10_000
_FIELDS = (6, 7)
_CRON = "write for example * * 9-17 ? * MON-FRI *: seconds, minutes, hours, day, month, weekday, year"
_ZONE = re.compile(r"UTC([+-]\d{2}:\d{2})?|GMT|[A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}")
_ABBREVIATION = re.compile(r"[A-Z]{3,5}")


def _rules(view: StackView) -> Iterator[tuple[str | None, Node]]:
    for stage in stages(view):
        for _, _, rule in stage.rules():
            yield rule["RuleTypeId"]["Provider"].fixed, rule


def rule_type(view: StackView) -> Iterator[Finding]:
    """Find a rule that CodePipeline does not have (rule-reference, API_RuleTypeId)."""
    for provider, rule in _rules(view):
        type_id = rule["RuleTypeId"]
        if provider is not None and provider not in RULES:
            message = f"CodePipeline has no rule {quoted(provider)}"
            yield Finding(message, type_id["Provider"].pointer, choice(provider, RULES))
        for key, only in _TYPE.items():
            node = type_id[key]
            if node.present and node.text is None:
                message = f"{key} must be a string, not {kind(node.value)}"
                yield Finding(message, node.pointer, f'write "{only}"', severity=node.no_text)
            elif node.fixed not in (None, only):
                message = f"no rule has the {key} {quoted(node.fixed or '')}"
                yield Finding(message, node.pointer, f'write "{only}"')


def rule_configuration(view: StackView) -> Iterator[Finding]:
    """Find keys in a rule's configuration that its provider does not know, or that it lacks.

    Every value is a string of 1 to 10,000 characters (rule-reference, API_RuleDeclaration).
    """
    for provider, rule in _rules(view):
        known = RULES.get(provider or "")
        if known and not rule["Configuration"].is_intrinsic:
            yield from _wrong_keys(f"a {provider} rule", known, rule)


def _wrong_keys(what: str, known: Kind, rule: Node) -> Iterator[Finding]:
    configuration = rule["Configuration"]
    for key, node in configuration.entries():
        if key not in known.keys:
            message = f"{what} has no configuration key {quoted(key)}"
            yield Finding(message, node.pointer, choice(key, known.keys))
        else:
            yield from unfit_text(node, f"{quoted(key)} of {what}", _LONGEST_VALUE)
    for key in sorted(known.required):
        if not configuration[key].present:
            pointer = configuration.pointer if configuration.present else rule.pointer
            yield Finding(f"{what} has no {key}", pointer, f"{key} is required")


def variable_check(view: StackView) -> Iterator[Finding]:
    """Find a VariableCheck rule with an operator that does not exist (rule-reference-VariableCheck)."""
    for provider, rule in _rules(view):
        operator = rule["Configuration"]["Operator"]
        name = operator.fixed
        if provider == "VariableCheck" and name is not None and name not in _OPERATORS:
            message = f"VariableCheck has no operator {quoted(name)}"
            yield Finding(message, operator.pointer, choice(name, _OPERATORS))


def deployment_window(view: StackView) -> Iterator[Finding]:
    """Find a deployment window that is not open when its author thinks it is.

    `Cron` has the fields seconds, minutes, hours, day of month, month, day of week and, if wanted,
    year; the seconds can only be `*`. An abbreviated time zone such as CST is the name of several: a
    warning (rule-reference-DeploymentWindow).
    """
    for provider, rule in _rules(view):
        if provider == "DeploymentWindow":
            yield from _cron(rule["Configuration"]["Cron"])
            yield from _zone(rule["Configuration"]["TimeZone"])


def _cron(node: Node) -> Iterator[Finding]:
    fields = (node.fixed or "").split()
    if fields and len(fields) not in _FIELDS:
        message = f"the deployment window has {len(fields)} fields, not 6 or 7"
        yield Finding(message, node.pointer, _CRON)
    elif fields and fields[0] != "*":
        message = f"the deployment window has the seconds {quoted(fields[0])}, and only '*' is allowed"
        yield Finding(message, node.pointer, _CRON)


def _zone(node: Node) -> Iterator[Finding]:
    if not node.fixed or _ZONE.fullmatch(node.fixed):
        return
    ambiguous = _ABBREVIATION.fullmatch(node.fixed)
    why = "can be several time zones" if ambiguous else "is not a time zone"
    yield Finding(
        f"{quoted(node.fixed)} {why}",
        node.pointer,
        "write Region/City, UTC or UTC+05:30",
        severity="warning" if ambiguous else "error",
    )
