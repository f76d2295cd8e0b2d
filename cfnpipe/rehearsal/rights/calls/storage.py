"""What must be allowed for calls to S3, KMS, SNS and CloudWatch Logs.

Resources and keys of the context are those of the service authorization reference.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from cfnpipe.rehearsal.rights import inventory
from cfnpipe.rehearsal.rights.calls.sent import Check, Sent, use_key

_READS = ("s3:GetObject", "s3:GetObjectVersion")


def s3(sent: Sent) -> list[Check]:
    """Return what must be allowed: the action itself, those it brings along, and the key's use."""
    from ministack.core import iam_actions

    arn = iam_actions.extract_resource_arn(
        "s3", sent.method, sent.path, sent.headers, sent.body, sent.query, sent.region, sent.account
    )
    context = iam_actions.s3_service_context(sent.action, sent.query, sent.path, sent.headers)
    besides = iam_actions.s3_additional_checks(sent.method, sent.path, sent.headers, sent.body, sent.query)
    checks = [sent.check(arn, **context), *(Check(action, resource) for action, resource in besides)]
    only_head = sent.method == "HEAD" and "x-amz-checksum-mode" not in sent.headers
    return [
        *checks,
        *_besides(sent, arn),
        *(key for check in checks for key in ([] if only_head else _key(check, sent))),
        *(missing for check in checks for missing in _missing(check)),
    ]


def _besides(sent: Sent, arn: str) -> list[Check]:
    """Return what a write brings along: tags, an ACL, and the comparison with what is there."""
    if sent.action not in ("s3:PutObject", "s3:DeleteObject"):
        return []
    acl = any(name.startswith(("x-amz-acl", "x-amz-grant-")) for name in sent.headers)
    besides = {
        "s3:PutObjectTagging": "x-amz-tagging" in sent.headers,
        "s3:PutObjectAcl": acl,
        "s3:GetObject": "if-match" in sent.headers,
    }
    return [Check(action, arn) for action, asked in besides.items() if asked]


def _key(check: Check, sent: Sent) -> list[Check]:
    """Return the use of the bucket's key that reading or writing an object takes.

    A part of a multipart upload is encrypted under the upload's data key, which is decrypted for it.
    """
    bucket, _, key = check.resource.removeprefix("arn:aws:s3:::").partition("/")
    if not key or check.action not in (*_READS, "s3:PutObject"):
        return []
    several_parts = (
        "Decrypt GenerateDataKey" if {"uploads", "uploadId"} & set(sent.query) else "GenerateDataKey"
    )
    actions = "Decrypt" if check.action in _READS else several_parts
    return use_key(inventory.key_of_bucket(bucket), actions, "s3", sent.region)


def _missing(check: Check) -> list[Check]:
    """Return that whoever reads an object that is not there must be allowed to know that.

    "If the object you request doesn't exist, the error that Amazon S3 returns depends on whether you also
    have the s3:ListBucket permission" (GetObject).
    """
    bucket, _, key = check.resource.removeprefix("arn:aws:s3:::").partition("/")
    if check.action != "s3:GetObject" or not key or inventory.has_object(bucket, key):
        return []
    return [Check("s3:ListBucket", f"arn:aws:s3:::{bucket}")]


_VIRTUAL = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9.-]+\.)?amazonaws\.com(?:\.cn)?")
"""A host with a bucket's name in it: `BUCKET.s3.REGION.amazonaws.com`."""


def located(url: str) -> str:
    """Return `bucket/key` of an object's `https` address, the bucket being in its host or its path.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    found = _VIRTUAL.fullmatch(parts.hostname or "")
    return f"{found['bucket']}/{path}" if found else path


def read_url(url: str, region: str) -> list[Check]:
    """Return what reading an object at its `https` address takes."""
    bucket, _, key = located(url).partition("/")
    reading = Check("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    return [reading, *use_key(inventory.key_of_bucket(bucket), "Decrypt", "s3", region), *_missing(reading)]


def kms(sent: Sent) -> list[Check]:
    """Return what must be allowed: on the key and, where an alias is changed, on the alias as well."""
    from ministack.core import iam_actions

    alias = sent.said("AliasName")
    target = sent.said("TargetKeyId", "KeyId") or ("" if not alias else sent.arn("kms", alias))
    named = target or iam_actions._kms_key_id_from_ciphertext(sent.said("CiphertextBlob"))
    key = inventory.key_arn(named) if named else None
    encryption = {
        f"kms:EncryptionContext:{name}": value
        for name, value in (sent.data.get("EncryptionContext") or {}).items()
    }
    on_alias = [sent.check(sent.arn("kms", alias))] if alias else []
    if not named or (alias and not key):
        return on_alias or _new_key(sent)
    return [*on_alias, sent.check(key or sent.arn("kms", f"key/{named}"), **encryption)]


def _new_key(sent: Sent) -> list[Check]:
    tagged = [Check("kms:TagResource", "*", sent.tags)] if sent.name == "CreateKey" and sent.tags else []
    return [sent.check("*"), *tagged]


def sns(sent: Sent) -> list[Check]:
    """Return what must be allowed: on the topic, and for a message to an encrypted one on its key."""
    named = sent.said("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn")
    topic = (
        ":".join(named.split(":")[:6]) or (sent.said("Name") and sent.arn("sns", sent.said("Name"))) or "*"
    )
    tagged = sent.name == "CreateTopic" and sent.tags
    key = inventory.key_of_topic(topic) if sent.name in ("Publish", "PublishBatch") else None
    return [
        sent.check(topic),
        *([Check("sns:TagResource", topic, sent.tags)] if tagged else []),
        *use_key(key, "GenerateDataKey Decrypt", "sns", sent.region),
    ]


def logs(sent: Sent) -> list[Check]:
    """Return what must be allowed: on a log stream, or on a group.

    In the messages of real refusals a group is the prefix of its streams, and so are all groups together:
    `log-group::log-stream:`. Tags are asked for on the group's own ARN.
    """
    if named := sent.said("resourceArn"):
        return [sent.check(named.removesuffix(":*"))]
    group = sent.said("logGroupName", "logGroupIdentifier").rpartition("log-group:")[2]
    stream = sent.said("logStreamName")
    return [sent.check(sent.arn("logs", f"log-group:{group}:log-stream:{stream}"))]
