"""What AWS refuses of a template before it does anything, and ministack does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.cloudformation import schemas
from cfnpipe.rehearsal.cloudformation.references import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.cloudformation.placeholders import Placeholders

_OWN_ATTRIBUTES = ("Custom::", "AWS::CloudFormation::")
"""Types whose attributes depend on the template or on another one."""


def install(placeholders: Placeholders) -> None:
    """Have templates checked wherever ministack accepts one; teach it the types that a template needs."""
    from ministack.services.cloudformation import changesets, handlers

    support = handlers.validate_template_support

    def validate(template: dict[str, Any], conditions: Any, params: Any = None) -> None:
        placeholders.add(each.get("Type", "") for each in _resources(template).values())
        support(template, conditions, params=params)
        check(template)

    handlers.validate_template_support = changesets.validate_template_support = validate
    handlers._capabilities_enforced = lambda: True


def check(template: Mapping[str, Any]) -> None:
    """Raise `ValueError`, with AWS's text, for references to nothing or in a circle."""
    from ministack.services.cloudformation import engine

    known = set(_resources(template)) | set(template.get("Parameters", {}))
    for block in ("Resources", "Outputs"):
        if dangling := sorted({name for name, _ in references(template, block)} - known):
            listed = ", ".join(dangling)
            where = f"in the {block} block of the template"
            raise ValueError(f"Template format error: Unresolved resource dependencies [{listed}] {where}")
        for name, attribute in references(template, block):
            _check_attribute(template, name, attribute)
    try:
        engine._topological_sort(_resources(template), {})
    except ValueError as error:
        names = str(error).rpartition(": ")[2]
        raise ValueError(f"Circular dependency between resources: [{names}]") from error


def _check_attribute(template: Mapping[str, Any], name: str, attribute: str | None) -> None:
    kind = _resources(template).get(name, {}).get("Type", "")
    if attribute is None or kind.startswith(_OWN_ATTRIBUTES):
        return
    gettable = schemas.gettable(kind)
    if gettable and not any("\\" in each or "*" in each for each in gettable) and attribute not in gettable:
        raise ValueError(
            f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
        )


def _resources(template: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in template.get("Resources", {}).items() if isinstance(each, dict)}
