"""CloudFormation's API, where ministack ignores what a request says or tells less than AWS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cfnpipe.rehearsal.cloudformation import changes, exports
from cfnpipe.rehearsal.rights import calling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Answer = tuple[int, dict[str, str], bytes]
_UNUSABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"}
"""How a stack stands that can only be deleted, or first has to be rolled back to the end."""
_BY_NAME = ("DescribeChangeSet", "ExecuteChangeSet", "ListChangeSets")
"""Actions to which ministack's stacks have a name and no id."""


def install() -> None:
    """Stand before ministack's actions."""
    from ministack.services import cloudformation

    actions = cloudformation._ACTION_HANDLERS
    for name, around in _AROUND.items():
        actions[name] = _around(actions[name], around)
    for name in _BY_NAME:
        actions[name] = _around(actions[name], _by_name)


def _around(action: Callable[..., Answer], around: Callable[..., Answer]) -> Callable[..., Answer]:
    return lambda params: around(action, params)


def _by_name(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    stack = _stack(_said(params, "StackName"))
    return action({**params, "StackName": [stack["StackName"]]} if stack else params)


def _keeping_role(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    """Create, update or delete a stack, and remember whose rights that takes: the role's or the caller's."""
    before = _stack(_said(params, "StackName"))
    had = dict(before or {})
    if before:
        _note(before, params)
    answer = action(params)
    after = _stack(_said(params, "StackName"))
    if answer[0] < 400 and after:  # noqa: PLR2004 - HTTP's first refusal
        _note(after, params)
    elif before:
        before.update({key: had.get(key, "") for key in ("_caller", "_role", "_policy_during_update")})
    return answer


def _note(stack: dict[str, Any], params: Mapping[str, Any]) -> None:
    stack["_caller"] = calling()
    stack["_role"] = _said(params, "RoleARN") or stack.get("_role", "")
    stack["_policy_during_update"] = _said(params, "StackPolicyDuringUpdateBody")


def _create_change_set(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    """Create a change set: with its role, with values, and failed if it imports what nobody exports."""
    if refused := _refusal(params):
        return refused
    status, headers, body = action(params)
    if status >= 400:  # noqa: PLR2004 - as above
        return status, headers, body
    change_set = _change_set(re.search(r"<Id>(.*?)</Id>", body.decode())[1])  # type: ignore[index]
    stack = _stack(change_set["StackName"]) or {}
    change_set["_role"] = _said(params, "RoleARN")
    if change_set["ChangeSetType"] == "CREATE":
        stack["_role"] = change_set["_role"]
    conditions = changes.conditions(change_set)
    missing = exports.missing(
        change_set["_template"], stack["StackName"], change_set["_resolved_params"], conditions
    )
    if missing:
        reason = f"No export named {missing[0]} found."
        change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=reason, Changes=[])
    elif not change_set["Changes"] and changes.only_outputs(change_set, stack):
        change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
    else:
        changes.tell_values(change_set, stack)
    return status, headers, body


def _refusal(params: Mapping[str, Any]) -> Answer | None:
    """Refuse a change set of a stack that another operation is at, or that a failed one left unusable."""
    from ministack.services.cloudformation import helpers

    name, stack = _said(params, "StackName"), _stack(_said(params, "StackName"))
    status = (stack or {}).get("StackStatus", "DELETE_COMPLETE")
    if stack is None or not (status in _UNUSABLE or status.endswith("IN_PROGRESS")):
        return None
    if status == "REVIEW_IN_PROGRESS":
        return None
    message = f"Stack:{stack['StackId']} is in {status} state and can not be updated."
    if _said(params, "ChangeSetType") == "CREATE":
        change_set = _said(params, "ChangeSetName")
        message = (
            f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
        )
    refused: Answer = helpers._error("ValidationError", message)
    return refused


def _execute_change_set(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    from ministack.services.cloudformation import changesets

    _, found = changesets._find_change_set(_said(params, "ChangeSetName"), _said(params, "StackName"))
    answer = action(params)
    if found and answer[0] < 400 and (stack := _stack(found["StackName"])):  # noqa: PLR2004 - as above
        stack["_caller"] = calling()
        stack["_role"] = found.get("_role") or stack.get("_role", "")
        stack["_policy_during_update"] = ""
    return answer


def _describe_change_set(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    status, headers, body = action(params)
    if status >= 400 or _said(params, "IncludePropertyValues").lower() != "true":  # noqa: PLR2004 - as above
        return status, headers, body
    change_set = _change_set(re.search(r"<ChangeSetId>(.*?)</ChangeSetId>", body.decode())[1])  # type: ignore[index]
    return status, headers, changes.with_values(body, change_set)


def _describe_stacks(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    status, headers, body = action(params)

    def with_role(found: re.Match[str]) -> str:
        role = (_stack(found[1]) or {}).get("_role")
        return f"{found[0]}<RoleARN>{escape(role)}</RoleARN>" if role else found[0]

    return status, headers, re.sub(r"<StackId>(.*?)</StackId>", with_role, body.decode()).encode()


def _list_change_sets(action: Callable[..., Answer], params: dict[str, Any]) -> Answer:
    """List what may still be executed, or never could be: AWS forgets a change set once it is executed."""
    status, headers, body = action(params)
    executed = r"<member>(?:(?!</member>).)*<ExecutionStatus>EXECUTE_(?:(?!</member>).)*</member>"
    return status, headers, re.sub(executed, "", body.decode(), flags=re.DOTALL).encode()


_AROUND: dict[str, Callable[..., Answer]] = {
    "CreateStack": _keeping_role,
    "UpdateStack": _keeping_role,
    "DeleteStack": _keeping_role,
    "ContinueUpdateRollback": _keeping_role,
    "RollbackStack": _keeping_role,
    "CreateChangeSet": _create_change_set,
    "ExecuteChangeSet": _execute_change_set,
    "DescribeChangeSet": _describe_change_set,
    "DescribeStacks": _describe_stacks,
    "ListChangeSets": _list_change_sets,
}


def _said(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _stack(name: str) -> dict[str, Any] | None:
    from ministack.services.cloudformation import handlers

    found: dict[str, Any] | None = handlers._resolve_stack(name)
    return found


def _change_set(arn: str) -> dict[str, Any]:
    from ministack.services import cloudformation

    found: dict[str, Any] = cloudformation._change_sets[arn]
    return found
