"""Buckets that pipelines read: that they keep versions, and that they report what changes.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.anatomy import actions
from cfnpipe.validate.nodes import resources
from cfnpipe.validate.rules.events import patterns
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView


def unversioned_source(view: StackView) -> Iterator[Finding]:
    """Find a source action that reads a bucket of the same template which keeps no versions.

    The pipeline fails at its source: a revision is the version of an object.
    """
    for action in actions(view):
        node = action.configuration["S3Bucket"]
        bucket = _bucket(view, node) if action.is_source else None
        if bucket:
            status = bucket["VersioningConfiguration"]["Status"]
            if not status.present or status.fixed == "Suspended":
                message = f"{action.name} reads the bucket {_name(node)}, which keeps no versions"
                yield Finding(
                    message, node.pointer, "add VersioningConfiguration: Status: Enabled to the bucket"
                )


def silent_bucket(view: StackView) -> Iterator[Finding]:
    """Find a rule about objects in a bucket of the same template which does not report to EventBridge.

    The rule is there and never matches.
    """
    for pattern in patterns(view):
        sources = [source.fixed for source in pattern["source"].elements()]
        for node in pattern["detail"]["bucket"]["name"].elements() if "aws.s3" in sources else ():
            bucket = _bucket(view, node)
            if bucket and not _reports(bucket["NotificationConfiguration"]):
                message = f"the bucket {_name(node)} does not report to EventBridge"
                hint = (
                    "add NotificationConfiguration: EventBridgeConfiguration: EventBridgeEnabled: true to it"
                )
                yield Finding(message, node.pointer, hint)


def _reports(notification: Node) -> bool:
    events = notification["EventBridgeConfiguration"]
    enabled = events["EventBridgeEnabled"]
    return notification.is_intrinsic or (events.present and (enabled.says_true or not enabled.present))


def _bucket(view: StackView, name: Node) -> Node | None:
    for logical_id, bucket in resources(view, "AWS::S3::Bucket"):
        if name.text and name.text in (f"${{{logical_id}}}", bucket["BucketName"].text):
            return bucket
    return None


def _name(node: Node) -> str:
    return quoted((node.text or "").strip("${}"))
