"""What a request to CloudFormation says, and which stack or change set it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.service import Reply


def said(params: Mapping[str, Any], name: str) -> str:
    """Return a parameter of a request; empty where it is not said."""
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def stack(name: str) -> dict[str, Any] | None:
    """Return ministack's record of a stack, by its name or its ARN."""
    from ministack.services.cloudformation import handlers

    found: dict[str, Any] | None = handlers._resolve_stack(name)
    return found


def there(name: str) -> dict[str, Any] | None:
    """Return a stack's record unless the stack is deleted."""
    found = stack(name)
    return found if found and found["StackStatus"] != "DELETE_COMPLETE" else None


def change_set(arn: str) -> dict[str, Any]:
    """Return ministack's record of a change set."""
    from ministack.services import cloudformation

    found: dict[str, Any] = cloudformation._change_sets[arn]
    return found


def refusal(code: str, message: str) -> Reply:
    """Return the answer to a request that is refused."""
    from ministack.services.cloudformation import helpers

    answer: Reply = helpers._error(code, message)
    return answer


def refused(answer: Reply) -> bool:
    """Return whether an answer is a refusal."""
    return answer[0] >= 400  # noqa: PLR2004 - HTTP's first one
