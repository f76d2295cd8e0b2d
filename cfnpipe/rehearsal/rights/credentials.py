"""Who sends a request, and who a service acts as: access keys to principals, and roles to access keys."""

from __future__ import annotations

import re
import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.decisions import Denied
from cfnpipe.rehearsal.rights.evaluate import Request, account_of, decide

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOUR = 3600
"""Seconds that a session lasts."""
_CALLING: ContextVar[str] = ContextVar("calling", default="")
_REFUSALS = {
    "cloudformation": "Role {role} is invalid or cannot be assumed",
    "codebuild": "CodeBuild is not authorized to perform: sts:AssumeRole on {role}",
    "codepipeline": "CodePipeline is not authorized to perform AssumeRole on role {role}",
}
"""What services say when a role does not trust them."""


@dataclass(frozen=True)
class Credentials:
    """What a session signs its requests with."""

    key: str
    secret: str
    token: str


class Unknown(Exception):
    """Credentials that are nobody's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """AWS's code of the error: `InvalidClientTokenId`."""
        self.message = message


def caller(headers: Mapping[str, str], query: Mapping[str, list[str]] | None = None) -> str:
    """Return the ARN of who sent a request: an account's root, a user, or a role's session.

    `headers`: names in small letters. `query`: where a presigned address has its credentials. Raise
    `Unknown` if there are no credentials, or they are nobody's; signatures are not verified.
    """
    from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential
    from ministack.core.router import extract_access_key_id

    key = extract_access_key_id(dict(headers), query)
    if not key:
        raise Unknown("MissingAuthenticationToken", "Missing Authentication Token")
    token = headers.get("x-amz-security-token") or next(
        iter((query or {}).get("X-Amz-Security-Token", ())), None
    )
    if re.fullmatch("[0-9]{12}", key):
        return f"arn:aws:iam::{key}:root"
    found = resolve_credential(key, _account_of_key(key), token)
    if isinstance(found, CredentialResolutionError):
        raise Unknown(found.code, found.message)
    if found.principal_type == "Root":
        raise Unknown("InvalidClientTokenId", "The security token included in the request is invalid.")
    return str(found.principal_arn)


def calling() -> str:
    """Return the ARN of who sent the request that is answered now; empty outside of one."""
    return _CALLING.get()


def answer(who: str) -> None:
    """Remember who sent the request that is answered from here on; tasks that it begins know it, too."""
    _CALLING.set(who)


def _account_of_key(key: str) -> str | None:
    from ministack.core.iam_evaluator import find_iam_access_key_account
    from ministack.services import sts

    session = sts._sessions.get(key)
    return account_of(session["Arn"]) if session else find_iam_access_key_account(key)


def assume(role_arn: str, service: str, session_name: str, source_arn: str | None = None) -> Credentials:
    """Return credentials of a session in which a service acts as a role.

    `service`: `codebuild`. `source_arn`: for what the service acts, where it tells: a project, a rule.
    Raise `Denied` if the role is not there or does not trust the service; the text is the service's.
    """
    with inventory.scope(account_of(role_arn), inventory.region()):
        trust = inventory.trust(role_arn)
    source = {"aws:SourceArn": source_arn, "aws:SourceAccount": account_of(source_arn)} if source_arn else {}
    principal = f"{service}.amazonaws.com"
    context = {"aws:PrincipalIsAWSService": "true", **source}
    if decide(Request(principal, "sts:AssumeRole", role_arn, context), (), trust) != "allow":
        said = "User: {principal} is not authorized to perform: sts:AssumeRole on resource: {role}"
        raise Denied(_REFUSALS.get(service, said).format(role=role_arn, principal=principal))
    return _session(role_arn, session_name)


def _session(role_arn: str, session_name: str) -> Credentials:
    from ministack.services import sts

    account, name = account_of(role_arn), role_arn.rpartition("/")[2]
    made = Credentials("ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), secrets.token_hex(40))
    sts.register_session(
        made.key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{sts._role_id(role_arn)}:{session_name}",
            "SecretAccessKey": made.secret,
            "SessionToken": made.token,
            "Expiration": time.time() + _HOUR,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return made
