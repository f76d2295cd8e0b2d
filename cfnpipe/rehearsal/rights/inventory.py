"""What the local server holds that decisions hang on: policies, trusts, tags, aliases, encryption.

This is the state that ministack keeps for its own API calls, read at the moment of the request, so that
a policy that was changed counts for the next call. Its stores are private; version 1.5.33 is pinned.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.rights.evaluate import account_of, role_of
from cfnpipe.rehearsal.rights.patterns import several

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from cfnpipe.rehearsal.rights.conditions import Context
    from cfnpipe.rehearsal.rights.evaluate import Statement


@dataclass(frozen=True)
class Held:
    """What a principal has."""

    identity: list[Statement]
    """All of its policies: inline, attached, those of its groups."""
    boundary: list[Statement] | None
    """None where there is no permissions boundary."""
    facts: Context
    """What every request of the principal says about it."""


def scope(account: str, region: str) -> AbstractContextManager[None]:
    """Return the context in which the functions below see one account and region."""
    from ministack.core.responses import request_scope

    return request_scope(account, region)  # type: ignore[no-any-return]


def region() -> str:
    """Return the region that the functions below see."""
    from ministack.core.responses import get_region

    return str(get_region())


def owner(resource: str) -> str | None:
    """Return the account that a resource is in; None where neither its ARN nor the server tells."""
    from ministack.services import s3

    if resource.startswith("arn:aws:s3:::"):
        found = s3._bucket_owner_account(resource.removeprefix("arn:aws:s3:::").partition("/")[0])
        return str(found) if found else None
    account = account_of(resource)
    return account if account.isdigit() else None


def is_root(principal: str) -> bool:
    """Return whether a principal is the account itself, which may do everything."""
    return principal.endswith(":root") and ":iam::" in principal


def held(principal: str) -> Held:
    """Return what a principal has; one that is not there has nothing."""
    from ministack.services import iam

    if ":user/" in principal:
        return _held(principal, iam._users, _of_user(principal), {"aws:PrincipalType": "User"})
    return _held(role_arn(principal), iam._roles, _of_role(principal), {"aws:PrincipalType": "AssumedRole"})


def held_by_service() -> Held:
    """Return what a service of AWS's has: nothing of its own."""
    return Held([], None, {"aws:PrincipalIsAWSService": "true"})


def _held(arn: str, store: Any, identity: list[Statement], facts: Context) -> Held:
    name = _name(arn)
    entity = store.get(name) or {}
    limit = entity.get("PermissionsBoundary")
    tags = {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in entity.get("Tags") or ()}
    known = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account_of(arn),
        "aws:PrincipalIsAWSService": "false",
        **({"aws:username": name} if ":user/" in arn else {}),
    }
    return Held(identity, _managed([limit]) if limit else None, known | tags | facts)


def role_arn(principal: str) -> str:
    """Return the ARN of a role, path and all, by its own ARN or that of one of its sessions."""
    from ministack.services import iam

    found = iam._roles.get(_name(role_of(principal)))
    return found["Arn"] if found else role_of(principal)


def _of_role(principal: str) -> list[Statement]:
    from ministack.services import iam

    role = iam._roles.get(_name(role_of(principal))) or {}
    return [*_inline(role.get("InlinePolicies")), *_managed(role.get("AttachedPolicies", ()))]


def _of_user(principal: str) -> list[Statement]:
    from ministack.services import iam

    name = _name(principal)
    groups = {each: group for each, group in iam._groups.items() if name in group.get("Users", ())}
    attached = [iam._users.get(name) or {}, *groups.values()]
    return [
        *_inline(iam._user_inline_policies.get(name)),
        *(each for group in groups for each in _inline(iam._group_inline_policies.get(group))),
        *(each for entity in attached for each in _managed(entity.get("AttachedPolicies", ()))),
    ]


def _inline(policies: dict[str, Any] | None) -> list[Statement]:
    return [each for document in (policies or {}).values() for each in statements(document)]


def _managed(arns: Any) -> list[Statement]:
    """Return what managed policies say in their default versions; one that is not there says nothing."""
    from ministack.services import iam

    found = [policy for arn in arns if (policy := iam._lookup_policy(arn))]
    documents = [policy["Versions"][policy["DefaultVersionId"]]["Document"] for policy in found]
    return [each for document in documents for each in statements(document)]


def statements(document: Any) -> list[Statement]:
    """Return a policy's statements, be it text or value, one statement or a list; none of an empty text."""
    read = json.loads(document or "{}") if isinstance(document, str) else document
    return several(read.get("Statement", []))


def trust(role: str) -> list[Statement]:
    """Return who may take a role on; nobody where there is no such role."""
    from ministack.services import iam

    found = iam._roles.get(_name(role))
    return statements(found["AssumeRolePolicyDocument"]) if found and found["Arn"] == role else []


def policy_of(resource: str) -> list[Statement] | None:
    """Return the policy of a bucket (for an object, too), a topic, a key or a role; None for all else."""
    from ministack.services import kms, s3, sns

    service = resource.split(":")[2] if resource.startswith("arn:") else ""
    match service:
        case "s3":
            found = s3.bucket_policy_for_arn(resource)
        case "sns":
            found = sns.topic_policy_for_arn(resource)
        case "kms":
            found = kms.key_policy_for_arn(resource) if ":key/" in resource else None
        case "iam":
            return trust(resource) if ":role/" in resource else None
        case _:
            return None
    return statements(found[0]) if found and found[0] else None


def facts(resource: str) -> Context:
    """Return what the context of a request says about a resource: its tags, and a key's aliases."""
    tags = {f"aws:ResourceTag/{key}": value for key, value in _tags(resource).items()}
    return tags | ({"kms:ResourceAliases": _aliases(resource)} if ":key/" in resource else {})


def _tags(resource: str) -> dict[str, str]:
    """Return a resource's tags: those that its service knows, and those that its stack declares."""
    from ministack.services import tagging

    known = tagging.resource_tags(resource) or {}
    return {**_flat(_properties(resource).get("Tags")), **known}


def _properties(resource: str) -> dict[str, Any]:
    """Return what the template of a resource's stack says about it; nothing where it is of no stack."""
    return next((properties for arn, properties in _declared() if arn == resource), {})


def _flat(tags: Any) -> dict[str, str]:
    return tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags or ()}


def _declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what stacks hold, stacks themselves included: ARN and properties."""
    from ministack.services import cloudformation

    for stack in cloudformation._stacks.values():
        yield stack["StackId"], {"Tags": stack.get("Tags")}
        for resource in stack["_resources"].values():
            arn = resource.get("Attributes", {}).get("Arn") or resource.get("PhysicalResourceId", "")
            yield arn, resource.get("Properties") or {}


def _aliases(key: str) -> list[str]:
    from ministack.services import kms

    return [alias.split(":", 5)[-1] for alias, of in kms._aliases.items() if of == _name(key)]


def key_arn(named: str) -> str | None:
    """Return the ARN of a key by id, ARN or alias; None where there is no such key."""
    from ministack.services import kms

    found = kms._resolve_key(named)
    return found["Arn"] if found else None


def key_of_bucket(bucket: str) -> str | None:
    """Return the ARN of the key that a bucket encrypts with by default, if it does.

    Its stack is asked as well, because ministack makes buckets without the encryption in their template.
    """
    from ministack.services import s3

    named = s3._bucket_default_sse_headers(bucket).get("x-amz-server-side-encryption-aws-kms-key-id")
    declared = _properties(f"arn:aws:s3:::{bucket}").get("BucketEncryption") or {}
    rules = declared.get("ServerSideEncryptionConfiguration") or [{}]
    default = rules[0].get("ServerSideEncryptionByDefault") or {}
    named = named or default.get("KMSMasterKeyID")
    return key_arn(named) if named else None


def key_of_topic(topic: str) -> str | None:
    """Return the ARN of the key that a topic is encrypted with, if it is; its stack is asked as well."""
    from ministack.services import sns

    attributes = (sns._topics.get(topic) or {}).get("attributes", {})
    named = attributes.get("KmsMasterKeyId") or _properties(topic).get("KmsMasterKeyId")
    return key_arn(named) if named else None


def has_object(bucket: str, key: str) -> bool:
    """Return whether a bucket has an object, its current version not being deleted."""
    from ministack.services import s3

    return key in (s3._buckets.get(bucket) or {"objects": {key: None}})["objects"]


def stack_arn(named: str) -> str | None:
    """Return a stack's ARN by its name or its own ARN; None where there is no such stack."""
    from ministack.services import cloudformation

    stacks = cloudformation._stacks
    return stacks[named]["StackId"] if named in stacks else (named if named.startswith("arn:") else None)


def stack_of_change_set(named: str) -> str | None:
    """Return the ARN of the stack that a change set's ARN belongs to."""
    from ministack.services import cloudformation

    found = cloudformation._change_sets.get(named)
    return found["StackId"] if found else None


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
