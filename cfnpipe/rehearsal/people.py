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


OPERATOR, BOOTSTRAPPER = "Operator", "Bootstrapper"
"""Parts that are no review; reviews have no capitals."""


@dataclass(frozen=True)
class Person:
    """Somebody who may do what the policies of one part allow."""

    name: str
    """The part: a name of `review`, or `OPERATOR`."""
    session: Session

    @property
    def pipelines(self) -> Pipelines:
        """The pipelines, as this person may see and use them."""
        return Pipelines(self.session, sleep=lambda _seconds: None)


def people(
    environment: Environment, root: Session, endpoint: str, known: Mapping[str, Person]
) -> dict[str, Person]:
    """Make a user for the operator and for each review that `access` has policies for; return them by name.

    It is what is deployed that counts, not what the configuration says. Those who are `known` stay who they
    are, also without their policy.
    """
    reader = names.owned(environment.name, "reader")
    found = dict(known)
    for part, policy in _parts(environment, root).items():
        if part in found:
            _attach(environment, root, part, policy)  # It may have gone and come again.
        else:
            access = _user(environment, root, endpoint, part, policy, reader)
            found[part] = Person(part, Session(environment.region, access=access))
    return found


def _parts(environment: Environment, root: Session) -> dict[str, str]:
    """Return the name of each policy that a person can have, by the name of the part."""
    pages = root.client("iam").get_paginator("list_policies").paginate(Scope="Local")
    there = {policy["PolicyName"] for page in pages for policy in page["Policies"]}
    before = names.approver(environment.name, "")
    parts = {each.removeprefix(before): each for each in there if each.startswith(before)}
    return {OPERATOR: names.owned(environment.name, "operator")} | parts


def bootstrapper(environment: Environment, root: Session, endpoint: str) -> Access:
    """Make the user who runs `deploy-init`, with the policy that it prints; return the credentials."""
    from cfnpipe.blueprints.bootstrapper import policy

    document = json.dumps(policy(environment, "aws"), separators=(",", ":"))
    root.client("iam").create_policy(PolicyName=BOOTSTRAPPER, PolicyDocument=document)
    return _user(environment, root, endpoint, BOOTSTRAPPER, BOOTSTRAPPER)


def _user(environment: Environment, root: Session, endpoint: str, part: str, *policies: str) -> Access:
    iam: Any = root.client("iam")
    iam.create_user(UserName=part)
    for each in policies:
        _attach(environment, root, part, each)
    made = iam.create_access_key(UserName=part)["AccessKey"]
    return Access(endpoint, made["AccessKeyId"], made["SecretAccessKey"])


def _attach(environment: Environment, root: Session, part: str, policy: str) -> None:
    arn = f"arn:aws:iam::{environment.account}:policy/{policy}"
    root.client("iam").attach_user_policy(UserName=part, PolicyArn=arn)
