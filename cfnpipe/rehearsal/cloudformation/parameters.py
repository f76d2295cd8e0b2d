"""The parameters of a template: what AWS refuses of those that are given, in its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_OF_SYSTEMS_MANAGER = "AWS::SSM::Parameter::Value<"
"""Types whose given value is a name: what is behind it counts, and ministack looks it up."""


def install() -> None:
    """Have the parameters checked wherever ministack reads some with a template."""
    from ministack.services.cloudformation import changesets, engine, handlers

    engine._constraint_error = _violation
    engine._resolve_parameters = _checked(engine._resolve_parameters)
    handlers._resolve_parameters = changesets._resolve_parameters = engine._resolve_parameters


def check(declared: Mapping[str, Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `ValueError` for names that the template does not have, for missing values and for wrong ones.

    `given`: with `Key`, and `Value` or `UsePreviousValue`.
    """
    entries = {each["Key"]: each for each in given if "Key" in each}
    if strangers := entries.keys() - declared.keys():
        raise ValueError(f"Parameters: [{_listed(entries, strangers)}] do not exist in the template")
    if open_ := {name for name, each in declared.items() if "Default" not in each} - entries.keys():
        raise ValueError(f"Parameters: [{_listed(declared, open_)}] must have values")
    for name, definition in declared.items():
        entry = entries.get(name, {})
        if not entry.get("UsePreviousValue"):
            _check_value(name, definition, str(entry.get("Value", definition.get("Default", ""))))


def _check_value(name: str, definition: Mapping[str, Any], value: str) -> None:
    """Check what ministack says otherwise than AWS; it checks patterns, lengths and bounds as AWS does."""
    kind, allowed = definition.get("Type", "String"), definition.get("AllowedValues")
    if kind.startswith(_OF_SYSTEMS_MANAGER):
        return
    if allowed and value not in {_text(each) for each in allowed}:
        raise _violation(name, definition, "must be one of AllowedValues")
    if kind == "Number" and not _numeric(value):
        raise _violation(name, definition, "must be a number")


def _violation(name: str, definition: Mapping[str, Any], reason: str) -> ValueError:
    """Return what AWS says of a value: what the template has to say of it, if it does."""
    if told := definition.get("ConstraintDescription"):
        return ValueError(f"Parameter {name} failed to satisfy constraint: {told}")
    return ValueError(f"Parameter '{name}' {reason}")


def _checked(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolving(template: Mapping[str, Any], given: Any, previous: Any = None) -> Any:
        check(template.get("Parameters") or {}, given)
        return resolve(template, given, previous)

    return resolving


def _listed(order: Iterable[str], chosen: set[str]) -> str:
    return ", ".join(name for name in order if name in chosen)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numeric(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
