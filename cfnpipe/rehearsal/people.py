"""The people of a rehearsal: who bootstraps, an operator and one for each review, with their policies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe import names
from cfnpipe.aws import Access, Session
from cfnpipe.aws.codepipeline import Pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.model import Environment


_BOOTSTRAPPER = "bootstrapper"


@dataclass(frozen=True)
class Person:
    """Somebody who may do what the policies of one part allow."""

    name: str
    """The part: a name of `review`, or `operator`."""
    session: Session

    @property
    def pipelines(self) -> Pipelines:
        """The pipelines, as this person may see and use them."""
        return Pipelines(self.session, sleep=lambda _seconds: None)


def people(
    environment: Environment, root: Session, endpoint: str, known: Mapping[str, Person]
) -> dict[str, Person]:
    """Make a user for each review and an operator, once `access` is deployed; return them by name.

    Those who are `known` stay who they are.
    """
    parts = {review: names.approver(environment.name, review) for review in environment.review}
    reader = names.owned(environment.name, "reader")
    parts["operator"] = names.owned(environment.name, "operator")

    def person(part: str, policy: str) -> Person:
        access = _user(environment, root, endpoint, part, policy, reader)
        return Person(part, Session(environment.region, access=access))

    return {part: known.get(part) or person(part, policy) for part, policy in parts.items()}


def bootstrapper(environment: Environment, root: Session, endpoint: str) -> Access:
    """Make the user who runs `deploy-init`, with the policy that it prints; return the credentials."""
    from cfnpipe.blueprints.bootstrapper import policy

    document = json.dumps(policy(environment, "aws"), separators=(",", ":"))
    root.client("iam").create_policy(PolicyName=_BOOTSTRAPPER, PolicyDocument=document)
    return _user(environment, root, endpoint, _BOOTSTRAPPER, _BOOTSTRAPPER)


def _user(environment: Environment, root: Session, endpoint: str, part: str, *policies: str) -> Access:
    iam: Any = root.client("iam")
    iam.create_user(UserName=part)
    for each in policies:
        arn = f"arn:aws:iam::{environment.account}:policy/{each}"
        iam.attach_user_policy(UserName=part, PolicyArn=arn)
    made = iam.create_access_key(UserName=part)["AccessKey"]
    return Access(endpoint, made["AccessKeyId"], made["SecretAccessKey"])
