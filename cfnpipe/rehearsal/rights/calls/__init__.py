"""From a request to the actions and resources that IAM is asked about: one function a service.

What is not in the table is refused to everybody but the account's root, with a message that says so: a
gap in the rehearsal must not look like a right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal.rights.calls import people, process, storage
from cfnpipe.rehearsal.rights.calls.sent import Check, Sent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Check", "Sent", "checks"]

_MEANS: dict[str, Callable[[Sent], list[Check] | None]] = {
    "cloudformation": process.cloudformation,
    "cloudfront": people.cloudfront,
    "codebuild": process.codebuild,
    "codeconnections": process.codeconnections,
    "codepipeline": process.codepipeline,
    "codestar-connections": process.codeconnections,
    "ec2": people.ec2,
    "events": process.events,
    "iam": people.iam,
    "kms": storage.kms,
    "logs": storage.logs,
    "s3": storage.s3,
    "sns": storage.sns,
    "sts": people.sts,
}


def checks(sent: Sent) -> list[Check] | None:
    """Return all that must be allowed for a request, in the order of asking; None where that is not known."""
    meaning = _MEANS.get(sent.action.partition(":")[0])
    return meaning(sent) if meaning else None
