"""The key and the buckets: what the pipelines read, work on and log, and who may write it.

Resource policies name no role as principal: they deny everybody whose `aws:PrincipalArn` is not that
of the one role that may, which still holds after the role was deleted and made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import awacs.kms
import awacs.s3
from awacs.aws import (
    Allow,
    ArnLike,
    Bool,
    Deny,
    Principal,
    Statement,
    StringEquals,
    StringNotEquals,
)
from troposphere import GetAtt, Ref, Sub, s3
from troposphere.kms import Alias, Key

from cfnpipe import names
from cfnpipe.blueprints import parts, roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from awacs.aws import Action, ConditionElement

    from cfnpipe.model import Environment

_READ = [awacs.s3.Action("Get*"), awacs.s3.Action("List*")]
_CHANGE = parts.actions(awacs.s3, "AbortMultipartUpload DeleteObject PutObject")
"""What writers may do: make versions and delete markers, never take a version away."""
_WORK = parts.actions(awacs.s3, "PutObjectAcl PutObjectTagging")
"""What CodePipeline asks besides for artifacts; without ACLs, the former gives nothing to anybody."""
_EVENTS = s3.NotificationConfiguration(
    EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True)
)
_LOGGED = {"LoggingConfiguration": s3.LoggingConfiguration(DestinationBucketName=Ref("LogBucket"))}
_YEAR, _QUARTER, _WEEK = 400, 90, 7
"""Days. CodePipeline keeps its history for twelve months; what it worked on is kept as long, and a bit."""


@dataclass(frozen=True)
class _Kind:
    """What one of the buckets is for."""

    title: str
    writers: tuple[str, ...]
    """The roles that may write; none where only AWS itself does."""
    current: int | None
    """Days after which an object expires; None for never."""
    versions: int
    """Days for which a version is kept after another took its place."""
    work: tuple[Action, ...] = ()
    """What writers may do besides making versions and delete markers."""
    unchecked: str = ""
    """Why it needs no access log of its own, for those who scan templates."""


_KINDS = {
    "source": _Kind("SourceBucket", ("sync",), None, _YEAR),
    "artifacts": _Kind(
        "ArtifactBucket",
        ("sync-pipeline", "stack-pipelines", "init-pipelines"),
        _QUARTER,
        _WEEK,
        work=tuple(_WORK),
    ),
    "logs": _Kind("LogBucket", (), _YEAR, _WEEK, unchecked="A log of the logs would log itself"),
}


def key(environment: Environment) -> Key:
    """Return the key of bundles, artifacts, mails and build logs.

    Who uses it is decided in IAM, which the first statement hands over. EventBridge is let in without
    a condition: it sends none of the keys that would say for whom it acts. Nobody but `init-deployer`
    puts an end to the key; its policy stays open to IAM, so that the key cannot be lost to everybody.
    """
    account = Principal("AWS", parts.arn("iam", "root", region=""))
    groups = parts.arn("logs", f"log-group:{names.log_group(names.owned(environment.name, '*'))}")
    actions = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")
    encrypt = [awacs.kms.Action(name) for name in actions]
    use = parts.actions(awacs.kms, "Decrypt GenerateDataKey")
    logs = Principal("Service", Sub("logs.${AWS::Region}.${AWS::URLSuffix}"))
    end = parts.actions(awacs.kms, "DisableKey ScheduleKeyDeletion")
    for_groups = ArnLike("kms:EncryptionContext:aws:logs:arn", groups)
    statements = [
        _statement("Account", Allow, account, ["*"], Action=[awacs.kms.Action("*")]),
        _statement("Mails", Allow, Principal("Service", "events.amazonaws.com"), ["*"], Action=use),
        _statement("BuildLogs", Allow, logs, ["*"], for_groups, Action=encrypt),
        _deny("KeepKey", ["*"], _anybody_but(environment, "init-deployer"), Action=end),
    ]
    return Key(
        "Key",
        Description=f"Bundles, artifacts, mails and build logs. Environment {environment.name}.",
        EnableKeyRotation=True,
        KeyPolicy=parts.document(*statements),
        Tags=parts.tags(environment, "sync"),
        **parts.RETAINED,
    )


def alias(environment: Environment, of: Key) -> Alias:
    """Return the name by which roles reach the key, which is made after them."""
    return Alias(
        "KeyAlias", AliasName=names.key_alias(environment.name), TargetKeyId=Ref(of), **parts.RETAINED
    )


def buckets(environment: Environment, key: Key) -> list[s3.Bucket | s3.BucketPolicy]:
    """Return the buckets with their policies: of bundles, of artifacts, and of the logs about both."""
    return [
        *_bucket(environment, "source", _by_key(key), NotificationConfiguration=_EVENTS, **_LOGGED),
        *_bucket(environment, "artifacts", _by_key(key), **_LOGGED),
        *_bucket(environment, "logs", s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")),
    ]


def _by_key(key: Key) -> s3.ServerSideEncryptionByDefault:
    return s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=GetAtt(key, "Arn"))


def _bucket(
    environment: Environment, what: str, encryption: s3.ServerSideEncryptionByDefault, **more: Any
) -> tuple[s3.Bucket, s3.BucketPolicy]:
    kind = _KINDS[what]
    rule = s3.ServerSideEncryptionRule(BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption)
    made = s3.Bucket(
        kind.title,
        BucketName=Sub(parts.bucket_name(environment, what)),
        BucketEncryption=s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule]),
        LifecycleConfiguration=s3.LifecycleConfiguration(Rules=_lifecycle(kind)),
        OwnershipControls=s3.OwnershipControls(
            Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
        ),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        Tags=parts.tags(environment, "sync"),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        **_explained(kind),
        **more,
        **parts.RETAINED,
    )
    return made, _policy(environment, what, made)


def _explained(kind: _Kind) -> dict[str, Any]:
    skipped = {"checkov": {"skip": [{"id": "CKV_AWS_18", "comment": kind.unchecked}]}}
    return {"Metadata": skipped} if kind.unchecked else {}


def _lifecycle(kind: _Kind) -> list[s3.LifecycleRule]:
    expiry = {"ExpirationInDays": kind.current} if kind.current else {"ExpiredObjectDeleteMarker": True}
    return [
        s3.LifecycleRule(
            Id="keep-what-history-needs",
            Status="Enabled",
            AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=_WEEK),
            NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=kind.versions),
            **expiry,
        )
    ]


def _policy(environment: Environment, what: str, of: s3.Bucket) -> s3.BucketPolicy:
    """Return who is kept from what. A service that writes logs has no ARN, and is told by being one."""
    kind = _KINDS[what]
    objects, itself = Sub(f"${{{kind.title}.Arn}}/*"), GetAtt(of, "Arn")
    unsafe = Bool("aws:SecureTransport", "false")
    if kind.writers:
        others = _anybody_but(environment, *kind.writers)
    else:
        others = Bool("aws:PrincipalIsAWSService", "false")
    deployer = _anybody_but(environment, "init-deployer")
    statements = [
        _deny("EncryptedOnly", [itself, objects], unsafe, Action=[awacs.s3.Action("*")]),
        _deny("WritersOnly", [objects], others, NotAction=_READ),
        _deny("KeepVersions", [objects], NotAction=[*_READ, *_CHANGE, *kind.work]),
        _deny("DeployerOnly", [itself], deployer, NotAction=_READ),
    ]
    if not kind.writers:
        statements.append(_log_delivery(environment, objects))
    document = parts.document(*statements)
    return s3.BucketPolicy(f"{kind.title}Policy", Bucket=Ref(of), PolicyDocument=document)


def _anybody_but(environment: Environment, *allowed: str) -> StringNotEquals:
    arns = [parts.imported(environment, roles.title(what)) for what in allowed]
    return StringNotEquals("aws:PrincipalArn", arns)


def _log_delivery(environment: Environment, objects: Sub) -> Statement:
    logging = Principal("Service", "logging.s3.amazonaws.com")
    ours = StringEquals("aws:SourceAccount", Ref("AWS::AccountId"))
    logged = ArnLike("aws:SourceArn", parts.bucket(environment, "*"))
    return _statement("DeliverLogs", Allow, logging, [objects], ours, logged, Action=[awacs.s3.PutObject])


def _deny(sid: str, where: Sequence[Any], *when: ConditionElement, **what: Sequence[Action]) -> Statement:
    return _statement(sid, Deny, Principal("*"), where, *when, **what)


def _statement(
    sid: str,
    effect: str,
    who: Principal,
    where: Sequence[Any],
    *when: ConditionElement,
    **what: Sequence[Action],
) -> Statement:
    actions = {key: list(actions) for key, actions in what.items()}
    condition = parts.condition(*when)
    return Statement(Sid=sid, Effect=effect, Principal=who, Resource=list(where), **actions, **condition)
