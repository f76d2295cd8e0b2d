"""The way back of a stack operation, where ministack's ends otherwise than AWS's.

- A stack in ROLLBACK_FAILED still holds what could not be deleted, so that deleting the stack tries it again.
- A stack may be deleted while it is created; the creation stops before its next resource.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation

CANCELLED = "Resource creation cancelled"
"""What CloudFormation says of a resource that it does not begin any more."""
_PAUSE = 0.02
"""Seconds between two looks whether a creation has stopped."""


def install() -> None:
    """Take over where ministack rolls back and deletes."""
    from ministack.services.cloudformation import changesets, handlers, stacks

    deploy = _noted(stacks._deploy_stack_async)
    for module in (stacks, handlers, changesets):
        module._deploy_stack_async = deploy
    roll_back = partial(_rolled_back, stacks._roll_back_operation)
    stacks._roll_back_operation = handlers._roll_back_operation = roll_back
    delete = partial(_deleted, stacks._delete_stack_async)
    stacks._delete_stack_async = handlers._delete_stack_async = delete


def check(operation: ResourceOperation) -> str | None:
    """Return why a resource is not created any more: somebody has begun to delete its stack."""
    deleted = operation.does == "create" and _stacks()[operation.stack].get("_deleting")
    return CANCELLED if deleted else None


def _noted(deploy: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Return a deployment that says of its stack whether it is still at work."""

    async def deploying(name: str, *arguments: Any, **more: Any) -> None:
        stack = _stacks()[name]
        stack["_deploying"] = True
        try:
            await deploy(name, *arguments, **more)
        finally:
            stack.pop("_deploying", None)

    return deploying


async def _rolled_back(
    roll_back: Callable[..., Awaitable[None]],
    name: str,
    stack_id: str,
    stack: dict[str, Any],
    *more: Any,
    **named: Any,
) -> None:
    """Roll an operation back, unless its stack is being deleted, and keep what could not be deleted."""
    if stack.get("_deleting"):
        return
    there = dict(stack.get("_resources", {}))
    await roll_back(name, stack_id, stack, *more, **named)
    if stack["StackStatus"] == "ROLLBACK_FAILED":
        for title in stack["_rollback_failed"]:
            stack["_resources"][title] = {**there[title], "ResourceStatus": "DELETE_FAILED"}


async def _deleted(delete: Callable[..., Awaitable[None]], name: str, *arguments: Any, **more: Any) -> None:
    """Delete a stack, after its creation has stopped if it is still under way."""
    stack = _stacks().get(name) or {}
    if stack.get("_deploying") and stack["StackStatus"] == "CREATE_IN_PROGRESS":
        stack["_deleting"] = True
        while stack.get("_deploying"):
            stack["StackStatus"] = "DELETE_IN_PROGRESS"
            await asyncio.sleep(_PAUSE)
    await delete(name, *arguments, **more)


def _stacks() -> Any:
    from ministack.services import cloudformation

    return cloudformation._stacks
