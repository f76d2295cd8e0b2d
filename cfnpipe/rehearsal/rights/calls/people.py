"""What must be allowed for calls to STS, IAM, EC2 and CloudFront.

Resources and keys of the context are those of the service authorization reference.
"""

from __future__ import annotations

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.calls.sent import Check, Sent, pass_role


def sts(sent: Sent) -> list[Check] | None:
    """Return what must be allowed to take a role on; who one is may be asked by everybody."""
    if sent.name in ("GetCallerIdentity", "GetSessionToken"):
        return []
    if sent.name != "AssumeRole":
        return None
    said = {"sts:ExternalId": sent.said("ExternalId"), "sts:RoleSessionName": sent.said("RoleSessionName")}
    given = {key: value for key, value in said.items() if value}
    role = sent.said("RoleArn")
    tagging = [Check("sts:TagSession", role, sent.tags)] if sent.tags else []
    return [sent.check(role, **given), *tagging]


_KINDS = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
}


def iam(sent: Sent) -> list[Check]:
    """Return what must be allowed: on whom an action is about, and the policy that it gives or takes."""
    policy, limit = sent.said("PolicyArn"), sent.said("PermissionsBoundary")
    context = {"iam:PolicyARN": policy, "iam:PermissionsBoundary": limit}
    said = {key: value for key, value in context.items() if value}
    where = [sent.iam(f"{kind}/{sent.said(field)}") for field, kind in _KINDS.items() if sent.said(field)]
    if sent.name == "AddRoleToInstanceProfile":
        return [sent.check(where[-1]), *pass_role(where[0], "ec2")]
    if sent.name in ("AddUserToGroup", "RemoveUserFromGroup"):
        return [sent.check(sent.iam(f"group/{sent.said('GroupName')}"))]
    if sent.name == "CreatePolicy":
        where = [sent.iam(f"policy{sent.said('Path') or '/'}{sent.said('PolicyName')}")]
    whom = where[0] if where else policy
    known = inventory.role_arn(whom) if ":role/" in whom else whom
    return [sent.check(known or "*", **said)]


def ec2(sent: Sent) -> list[Check] | None:
    """Return what must be allowed to look around, or to start and stop instances; nothing else is known."""
    if sent.name.startswith("Describe"):
        return [sent.check("*")]
    if sent.name not in ("RebootInstances", "StartInstances", "StopInstances", "TerminateInstances"):
        return None
    return [sent.check(sent.arn("ec2", f"instance/{each}")) for each in sent.listed("InstanceId")]


def cloudfront(sent: Sent) -> list[Check]:
    """Return what must be allowed: on the distribution that the path names."""
    before, found, rest = sent.path.partition("/distribution/")
    named = f"distribution/{rest.split('/')[0]}"
    return [sent.check(sent.arn("cloudfront", named, everywhere=True) if found and before else "*")]
