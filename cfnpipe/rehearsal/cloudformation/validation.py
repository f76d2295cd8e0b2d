"""Early validation: what CloudFormation finds wrong with a template before it changes anything.

Properties that a type's schema does not allow, and names that are taken, fail a change set; a bucket that is
to be deleted and is not empty is only told. What is wrong is in DescribeEvents, not in the change set.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cfnpipe.rehearsal.cloudformation import buckets, changes, identifiers, properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HOOKS = {
    "NAME_CONFLICT_VALIDATION": "AWS::EarlyValidation::ResourceExistenceCheck",
    "PROPERTY_VALIDATION": "AWS::EarlyValidation::PropertyValidation",
}
"""Who finds what, in the order in which CloudFormation names them."""
_EMPTY_IT = (
    "You must either delete all objects and versions or use the deletion policy to retain it, "
    "otherwise the delete operation will fail."
)


class Found(NamedTuple):
    """Something that is wrong."""

    logical_id: str
    type: str
    name: str
    """Of the validation: `PROPERTY_VALIDATION`."""
    path: str
    """In the template: `/Resources/Bucket/Properties`."""
    reason: str


def install() -> None:
    """Have CreateStack and UpdateStack validate what ministack does not; it has the rest of what follows."""
    from ministack.services.cloudformation import stacks

    stacks._validation_errors = _more(stacks._validation_errors)


def reason(change_set: dict[str, Any], stack: dict[str, Any]) -> str | None:
    """Validate a change set, note what is wrong with it, and return why it fails, if it does.

    It is not validated again when it is executed.
    """
    disabled, change_set["_disable_validation"] = change_set["_disable_validation"], True
    if disabled:
        return None
    found, warnings = _errors(change_set, stack), list(_full_buckets(change_set, stack))
    noted = [*((each, "FAIL") for each in found), *((each, "WARN") for each in warnings)]
    change_set["_faults"] = _events(change_set, noted)
    stack.setdefault("_faults", []).extend(change_set["_faults"])
    failed = [hook for name, hook in _HOOKS.items() if any(each.name == name for each in found)]
    if not failed:
        return None
    return (
        f"The following hook(s)/validation failed: [{', '.join(failed)}]. To troubleshoot Early Validation "
        "errors, use the DescribeEvents API for detailed failure information."
    )


def _errors(change_set: Mapping[str, Any], stack: Mapping[str, Any]) -> list[Found]:
    from ministack.services.cloudformation import stacks

    template = change_set["_template"]
    resources = template["Resources"]
    told = stacks._validation_errors(
        resources,
        [*resources],
        change_set["_resolved_params"],
        changes.conditions(change_set),
        template.get("Mappings", {}),
        change_set["StackName"],
        change_set["StackId"],
        frozenset(_own(stack, buckets.TYPE)),
    )
    return [Found(*each) for each in told]


def _more(known: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Add to what ministack validates: some values of enumerations, and the names of buckets."""

    def errors(resources: Mapping[str, Any], ordered: list[str], *rest: Any) -> list[Any]:
        found = known(resources, ordered, *rest)
        values, conditions, mappings, stack, stack_id = rest[:5]
        later = {title: changes.Later() for title in resources}
        about = later, values, conditions, mappings, stack, stack_id
        for title in ordered:
            if conditions.get(resources[title].get("Condition"), True):
                defined = changes.filled(resources[title].get("Properties") or {}, conditions, about)
                found += _of_resource(title, resources[title].get("Type", ""), defined, stack)
        return [*dict.fromkeys(found)]

    return errors


def _of_resource(title: str, kind: str, defined: Mapping[str, Any], stack: str) -> Iterator[Found]:
    from ministack.services import cloudformation

    for each in properties.wrong(kind, defined, changes.LATER):
        path = "/".join(("/Resources", title, "Properties", *each.path))
        yield Found(title, kind, "PROPERTY_VALIDATION", path, _told(each))
    name = identifiers.name(kind, defined)
    own = _own(cloudformation._stacks.get(stack) or {}, kind)
    if name and changes.LATER not in name and name not in own and identifiers.taken(kind, name):
        said = f"Resource of type '{kind}' with identifier '{name}' already exists."
        yield Found(title, kind, "NAME_CONFLICT_VALIDATION", f"/Resources/{title}", said)


def _told(each: properties.Wrong) -> str:
    match each.kind:
        case "required":
            return f"Required property [{each.name}] not found"
        case "extraneous":
            return f"Unsupported property [{each.name}]"
        case _:
            return f"Property [{each.name}] expected type: {each.expected}, found: {each.found}"


def _own(stack: Mapping[str, Any], kind: str) -> set[str]:
    """Return the physical ids of a stack's resources of a type."""
    return {
        each["PhysicalResourceId"]
        for each in stack.get("_resources", {}).values()
        if each["ResourceType"] == kind
    }


def _full_buckets(change_set: Mapping[str, Any], stack: Mapping[str, Any]) -> Iterator[Found]:
    """Yield the buckets that a change set deletes, and that cannot be deleted as they are."""
    defined = (stack.get("_template") or {}).get("Resources", {})
    told = (each["ResourceChange"] for each in change_set["Changes"])
    for change in (
        each for each in told if (each["Action"], each["ResourceType"]) == ("Remove", buckets.TYPE)
    ):
        title, name = change["LogicalResourceId"], change.get("PhysicalResourceId") or ""
        if defined.get(title, {}).get("DeletionPolicy") != "Retain" and buckets.full(name):
            said = f"The bucket '{name}' is not empty. {_EMPTY_IT}"
            yield Found(title, buckets.TYPE, "BUCKET_EMPTINESS_VALIDATION", f"/Resources/{title}", said)


def _events(change_set: Mapping[str, Any], noted: list[tuple[Found, str]]) -> list[dict[str, Any]]:
    from ministack.core.responses import new_uuid
    from ministack.services.cloudformation import stacks

    operation = new_uuid()
    return [
        stacks._operation_event(
            change_set["StackId"],
            operation,
            "VALIDATION_ERROR",
            "CREATE_CHANGESET",
            LogicalResourceId=each.logical_id,
            ResourceType=each.type,
            ValidationFailureMode=mode,
            ValidationName=each.name,
            ValidationStatus="FAILED",
            ValidationStatusReason=each.reason,
            ValidationPath=each.path,
        )
        for each, mode in noted
    ]
