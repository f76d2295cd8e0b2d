"""CloudFormation's API, where ministack ignores what a request says or tells less than AWS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cfnpipe.rehearsal.cloudformation import asked, changes, reports, submissions
from cfnpipe.rehearsal.rights import calling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cfnpipe.rehearsal.service import Reply

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


def _around(action: Callable[..., Reply], around: Callable[..., Reply]) -> Callable[..., Reply]:
    return lambda params: around(action, params)


def _by_name(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    stack = asked.stack(asked.said(params, "StackName"))
    return action({**params, "StackName": [stack["StackName"]]} if stack else params)


def _keeping_role(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    """Create, update or delete a stack, and remember whose rights that takes: the role's or the caller's."""
    before = asked.stack(asked.said(params, "StackName"))
    had = dict(before or {})
    if before:
        _note(before, params)
    answer = action(params)
    after = asked.stack(asked.said(params, "StackName"))
    if after and not asked.refused(answer):
        _note(after, params)
    elif before:
        before.update({key: had.get(key, "") for key in ("_caller", "_role", "_policy_during_update")})
    return answer


def _create_stack(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    """Create a stack; ministack would put it in the place of one whose creation was rolled back."""
    name = asked.said(params, "StackName")
    if asked.there(name):
        return asked.refusal("AlreadyExistsException", f"Stack [{name}] already exists")
    return _keeping_role(action, params)


def _note(stack: dict[str, Any], params: Mapping[str, Any]) -> None:
    stack["_caller"] = calling()
    stack["_role"] = asked.said(params, "RoleARN") or stack.get("_role", "")
    stack["_policy_during_update"] = asked.said(params, "StackPolicyDuringUpdateBody")


def _execute_change_set(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    from ministack.services.cloudformation import changesets

    named = asked.said(params, "ChangeSetName"), asked.said(params, "StackName")
    _, found = changesets._find_change_set(*named)
    answer = action(params)
    if found and not asked.refused(answer) and (stack := asked.stack(found["StackName"])):
        stack["_caller"] = calling()
        stack["_role"] = found.get("_role") or stack.get("_role", "")
        stack["_policy_during_update"] = ""
    return answer


def _describe_change_set(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    answer = status, headers, body = action(params)
    if asked.refused(answer) or asked.said(params, "IncludePropertyValues").lower() != "true":
        return answer
    change_set = asked.change_set(re.search(r"<ChangeSetId>(.*?)</ChangeSetId>", body.decode())[1])  # type: ignore[index]
    return status, headers, changes.with_values(body, change_set)


def _describe_stacks(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    status, headers, body = action(params)

    def with_role(found: re.Match[str]) -> str:
        role = (asked.stack(found[1]) or {}).get("_role")
        return f"{found[0]}<RoleARN>{escape(role)}</RoleARN>" if role else found[0]

    return status, headers, re.sub(r"<StackId>(.*?)</StackId>", with_role, body.decode()).encode()


def _list_change_sets(action: Callable[..., Reply], params: dict[str, Any]) -> Reply:
    """List what may still be executed, or never could be: AWS forgets a change set once it is executed."""
    status, headers, body = action(params)
    executed = r"<member>(?:(?!</member>).)*<ExecutionStatus>EXECUTE_(?:(?!</member>).)*</member>"
    return status, headers, re.sub(executed, "", body.decode(), flags=re.DOTALL).encode()


_AROUND: dict[str, Callable[..., Reply]] = {
    "CreateStack": _create_stack,
    "UpdateStack": _keeping_role,
    "DeleteStack": _keeping_role,
    "ContinueUpdateRollback": _keeping_role,
    "RollbackStack": _keeping_role,
    "CreateChangeSet": submissions.create,
    "ExecuteChangeSet": _execute_change_set,
    "DescribeEvents": reports.describe,
    "DescribeChangeSet": _describe_change_set,
    "DescribeStacks": _describe_stacks,
    "ListChangeSets": _list_change_sets,
}
