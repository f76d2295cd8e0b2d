"""What AWS holds exports to: one owner each, and no change while another stack imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def install(before_clean_up: Callable[[str, set[str]], None]) -> None:
    """Hold ministack's stacks to it.

    `before_clean_up`: is told, of each update, the stack and the logical ids of the resources that will be
    deleted, at the last moment at which the update can fail.
    """
    from ministack.services.cloudformation import stacks

    outputs, references = stacks._resolve_stack_outputs, stacks._resolve_refs

    def resolved(value: Any, *about: Any) -> Any:
        try:
            return references(value, *about)
        except ValueError as error:
            raise ValueError(_as_aws_says(str(error))) from error

    def checked(defined: Any, conditions: Any, resources: Any, values: Any, *about: Any) -> Any:
        made, exports = outputs(defined, conditions, resources, values, *about)
        stack, stack_id = about[-2:]
        before_clean_up(stack, set(_stacks()[stack]["_resources"]) - set(resources))
        _check(stack_id, exports)
        for name in [name for name, export in _exports().items() if export["StackId"] == stack_id]:
            del _exports()[name]
        return made, exports

    stacks._resolve_refs, stacks._resolve_stack_outputs = resolved, checked


def missing(template: Mapping[str, Any], name: str, values: Mapping[str, Any], conditions: Any) -> list[str]:
    """Return the exports that a stack would import, in parts that its conditions keep, and nobody exports."""
    from ministack.services.cloudformation.engine import _resolve_refs

    found = []
    for value in _imports(_kept(template, conditions)):
        wanted = _resolve_refs(value, {}, values, conditions, template.get("Mappings", {}), name, "")
        if str(wanted) not in _exports():
            found.append(str(wanted))
    return found


def _as_aws_says(reason: str) -> str:
    if reason.startswith("Export '") and reason.endswith("' not found"):
        return f"No export named {reason.split(chr(39))[1]} found."
    return reason


def _check(stack_id: str, exports: Mapping[str, Any]) -> None:
    for name in exports:
        owner = _exports().get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            raise ValueError(f"Export with name {name} is already exported by stack {_name(owner)}")
    for name, export in _exports().items():
        if export["StackId"] != stack_id or exports.get(name, {}).get("Value") == export["Value"]:
            continue
        if users := _users(name):
            does = "updated" if name in exports else "deleted"
            raise ValueError(f"Export {name} cannot be {does} as it is in use by {' and '.join(users)}")


def _users(export: str) -> list[str]:
    from ministack.services.cloudformation import handlers

    return [
        name
        for name, stack in _stacks().items()
        if stack["StackStatus"] not in {"DELETE_COMPLETE", "ROLLBACK_COMPLETE"}
        and export in handlers._imported_export_names(stack, name)
    ]


def _kept(template: Mapping[str, Any], conditions: Mapping[str, bool]) -> list[Any]:
    parts = [*template.get("Resources", {}).values(), *template.get("Outputs", {}).values()]
    return [_chosen(part, conditions) for part in parts if conditions.get(part.get("Condition"), True)]


def _chosen(value: Any, conditions: Mapping[str, bool]) -> Any:
    """Return a value with the branch of each `Fn::If` that is taken."""
    if isinstance(value, list):
        return [_chosen(each, conditions) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return _chosen(yes if conditions.get(condition) else no, conditions)
    return {key: _chosen(each, conditions) for key, each in value.items()}


def _imports(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "Fn::ImportValue":
                yield each
            else:
                yield from _imports(each)
    elif isinstance(value, list):
        for each in value:
            yield from _imports(each)


def _name(stack_id: str) -> str:
    return stack_id.split("/")[1]


def _stacks() -> Any:
    from ministack.services import cloudformation

    return cloudformation._stacks


def _exports() -> Any:
    from ministack.services import cloudformation

    return cloudformation._exports
