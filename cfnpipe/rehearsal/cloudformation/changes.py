"""The values in a change set: what each resource is now and will be, and each property that differs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What stands for a value that is not known before the change set is executed."""
_SECRET = "****"  # noqa: S105 - what AWS tells instead of one
_MISSING = object()
_ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")


def conditions(change_set: Mapping[str, Any]) -> Any:
    """Return which conditions of a change set's template are true."""
    from ministack.services.cloudformation import engine

    return engine._evaluate_conditions(change_set["_template"], change_set["_resolved_params"])


def only_outputs(change_set: Mapping[str, Any], stack: Mapping[str, Any]) -> bool:
    """Return whether outputs differ: a change set of nothing else has no changes, and can be executed."""
    outputs = [each.get("Outputs", {}) for each in (change_set["_template"], stack.get("_template") or {})]
    return bool(change_set["ChangeSetType"] == "UPDATE" and outputs[0] != outputs[1])


def tell_values(change_set: dict[str, Any], stack: Mapping[str, Any]) -> None:
    """Write down each resource's old and new definition while the old one is known."""
    there = stack.get("_resources", {})
    touched = {
        each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in change_set["Changes"]
    }
    later = {
        title: Later() for title in change_set["_template"]["Resources"]
        if title not in there or touched.get(title, {}).get("Replacement") == "True"
    }  # fmt: skip
    new = change_set["_template"], change_set["_resolved_params"], {**there, **later}
    old = stack.get("_template") or {}, stack.get("_resolved_params", {}), there
    for title, change in touched.items():
        change["_before"] = _definition(title, stack, *old) if change["Action"] != "Add" else None
        change["_after"] = _definition(title, stack, *new) if change["Action"] != "Remove" else None


def with_values(body: bytes, change_set: Mapping[str, Any]) -> bytes:
    """Return a description of a change set, to which the values are added."""
    root = ET.fromstring(body)  # noqa: S314 - ministack wrote it
    space = root.tag.partition("}")[0] + "}"
    ET.register_namespace("", space.strip("{}"))
    for element, change in zip(root.iter(f"{space}ResourceChange"), change_set["Changes"], strict=True):
        _add(element, space, change["ResourceChange"])
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


class Later(dict[str, Any]):
    """Stands for a resource of which nothing is known before the change set is executed."""

    def __init__(self) -> None:
        super().__init__(PhysicalResourceId=LATER, Attributes=_Any())


class _Any(dict[str, Any]):
    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> str:
        return LATER


def _definition(title: str, stack: Mapping[str, Any], template: Any, values: Any, resources: Any) -> Any:
    """Return a resource of a template with its references filled in as far as they are known."""
    from ministack.services.cloudformation import engine

    defined = template["Resources"][title]
    hidden = {
        name: {**value, "Value": _SECRET} if value.get("NoEcho") else value for name, value in values.items()
    }
    held = engine._evaluate_conditions(template, values)
    about = resources, hidden, held, template.get("Mappings", {}), stack["StackName"], stack["StackId"]
    known = filled(defined.get("Properties", {}), held, about)
    return {"Properties": known} | {name: defined[name] for name in _ATTRIBUTES if name in defined}


def filled(value: Any, held: Mapping[str, bool], about: tuple[Any, ...]) -> Any:
    """Fill references in; what depends on anything that is not known yet is not known as a whole."""
    from ministack.services.cloudformation import engine

    nothing = engine._NO_VALUE
    if isinstance(value, list):
        listed = [filled(each, held, about) for each in value]
        return [each for each in listed if each is not nothing]
    if not isinstance(value, dict):
        return value
    function = next(iter(value), "") if len(value) == 1 else ""
    if function == "Fn::If":
        condition, yes, no = value[function]
        return filled(yes if held.get(condition) else no, held, about)
    if function != "Ref" and not function.startswith("Fn::"):
        members = {key: filled(each, held, about) for key, each in value.items()}
        return {key: each for key, each in members.items() if each is not nothing}
    try:
        found = engine._resolve_refs(value, *about)
    except ValueError:
        return LATER
    return LATER if found is not nothing and LATER in json.dumps(found) else found


def _add(element: ET.Element, space: str, change: Mapping[str, Any]) -> None:
    for name, key in (("BeforeContext", "_before"), ("AfterContext", "_after")):
        if change.get(key) is not None:
            ET.SubElement(element, space + name).text = json.dumps(change[key], separators=(",", ":"))
    details = element.find(f"{space}Details")
    if details is None or change["Action"] != "Modify":
        return
    told = list(details)
    details.clear()
    for detail in told:
        details.extend(_detailed(detail, space, change))


def _detailed(detail: ET.Element, space: str, change: Mapping[str, Any]) -> Iterator[ET.Element]:
    """Yield a detail about a property once for each value in it that differs."""
    target = detail.find(f"{space}Target")
    assert target is not None  # ministack always writes one.  # noqa: S101
    attribute, name = target.findtext(f"{space}Attribute", ""), target.findtext(f"{space}Name")
    before, after = change["_before"].get(attribute, {}), change["_after"].get(attribute, {})
    start = f"/{attribute}"
    if name is not None:
        before, after, start = before.get(name, _MISSING), after.get(name, _MISSING), f"{start}/{name}"
    differences = list(_differences(before, after, start))
    if not differences:
        yield detail
    for path, old, new in differences:
        copy = ET.fromstring(ET.tostring(detail))  # noqa: S314 - as above
        _fill(copy.find(f"{space}Target"), space, path, old, new)
        yield copy


def _fill(target: Any, space: str, path: str, old: Any, new: Any) -> None:
    kind = "Add" if old is _MISSING else "Remove" if new is _MISSING else "Modify"
    told = {"Path": path, "BeforeValue": _text(old), "AfterValue": _text(new), "AttributeChangeType": kind}
    for name, text in told.items():
        if text is not None:
            ET.SubElement(target, space + name).text = text


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of each leaf that differs, and of each branch that only one has."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key, _MISSING), new.get(key, _MISSING), f"{path}/{key}")
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = (each[index] if index < len(each) else _MISSING for each in (old, new))
            yield from _differences(before, after, f"{path}/{index}")
    elif old != new:
        yield path, old, new


def _text(value: Any) -> str | None:
    if value is _MISSING:
        return None
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
