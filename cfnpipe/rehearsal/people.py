"""The people of a rehearsal: one for each review, and an operator, each with the policies of one part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe import names
from cfnpipe.aws import Access, Session
from cfnpipe.aws.codepipeline import Pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.model import Environment


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
    parts["operator"] = names.owned(environment.name, "operator")
    return {
        part: known.get(part) or Person(part, _user(environment, root, endpoint, part, policy))
        for part, policy in parts.items()
    }


def _user(environment: Environment, root: Session, endpoint: str, part: str, policy: str) -> Session:
    iam: Any = root.client("iam")
    iam.create_user(UserName=part)
    for each in (policy, names.owned(environment.name, "reader")):
        arn = f"arn:aws:iam::{environment.account}:policy/{each}"
        iam.attach_user_policy(UserName=part, PolicyArn=arn)
    made = iam.create_access_key(UserName=part)["AccessKey"]
    access = Access(endpoint, made["AccessKeyId"], made["SecretAccessKey"])
    return Session(environment.region, access=access)
