"""Event patterns: that a rule can match at all.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfnpipe.validate.nodes import known_part, resources
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cfnpipe.validate.nodes import Node
    from cfnpipe.validate.subject import StackView

_ENVELOPE = (
    *("version", "id", "detail-type", "source", "account"),
    *("time", "region", "resources", "detail", "replay-name"),
)
"""The fields of every event: eb-events-structure."""
_MATCHERS = (
    "prefix",
    "suffix",
    "equals-ignore-case",
    "wildcard",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
)
"""How a value can match other than by being equal: eb-create-pattern-operators."""
_S3_DETAIL = (
    *("version", "bucket", "object", "request-id", "requester", "source-ip-address", "reason"),
    *("deletion-type", "restore-expiry-time"),
    *("source-storage-class", "destination-storage-class", "destination-access-tier"),
)
_S3_INNER = {"bucket": {"name"}, "object": {"key", "size", "etag", "version-id", "sequencer"}}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
_CLOUDTRAIL = ("AWS API Call via CloudTrail", "AWS Service Event via CloudTrail")
_DETAIL_TYPES = {
    "aws.s3": (
        "Object Created",
        "Object Deleted",
        "Object Restore Initiated",
        "Object Restore Completed",
        "Object Restore Expired",
        "Object Storage Class Changed",
        "Object Access Tier Changed",
        "Object ACL Updated",
        "Object Tags Added",
        "Object Tags Deleted",
        *_CLOUDTRAIL,
    ),
    "aws.codepipeline": (
        "CodePipeline Pipeline Execution State Change",
        "CodePipeline Stage Execution State Change",
        "CodePipeline Action Execution State Change",
        *_CLOUDTRAIL,
    ),
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html"""
_LONGEST_PATTERN = 2_048


def event_pattern_key(view: StackView) -> Iterator[Finding]:
    """Find a field in an event pattern that events do not have: the rule never matches.

    EventBridge takes any key. What is below `detail` is known for S3 only (eb-events-structure).
    """
    for pattern in patterns(view):
        yield from _unknown_keys(pattern, (*_ENVELOPE, "$or"))
        if _source(pattern) == "aws.s3" and "CloudTrail" not in str(pattern["detail-type"].value):
            detail = pattern["detail"]
            yield from _unknown_keys(detail, (*_S3_DETAIL, "$or"))
            for key, known in _S3_INNER.items():
                yield from _unknown_keys(detail[key], known)


def _unknown_keys(node: Node, known: Collection[str]) -> Iterator[Finding]:
    for key, value in node.entries():
        if key not in known:
            yield Finding(f"events have no field {quoted(key)}", value.pointer, choice(key, known))


def event_pattern_value(view: StackView) -> Iterator[Finding]:
    """Find a field of an event pattern without a list of what it may be; EventBridge refuses the rule.

    In the list are values, and ways to match such as `{"prefix": "stacks/"}`
    (eb-create-pattern-operators).
    """
    for pattern in patterns(view):
        for key, value in pattern.entries():
            if key != "$or":
                yield from _wrong_values(value)


def _wrong_values(node: Node) -> Iterator[Finding]:
    if node.is_object:
        for key, value in node.entries():
            if key != "$or":
                yield from _wrong_values(value)
    elif node.value == []:
        yield Finding("the list of values in the pattern is empty", node.pointer, "name a value")
    elif isinstance(node.value, list):
        for element in node.elements():
            for key, value in element.entries():
                if key not in _MATCHERS:
                    message = f"event patterns cannot match by {quoted(key)}"
                    yield Finding(message, value.pointer, choice(key, _MATCHERS))
    elif not node.is_intrinsic:
        yield Finding(
            f"the pattern must have a list, not {kind(node.value)}", node.pointer, "write it in [ ]"
        )


def event_detail_type(view: StackView) -> Iterator[Finding]:
    """Find events in a pattern that S3 or CodePipeline does not send; case counts.

    See the user guides of both, under EventBridge.
    """
    for pattern in patterns(view):
        source = _source(pattern)
        known = _DETAIL_TYPES.get(source, ())
        for node in pattern["detail-type"].elements():
            if known and node.fixed is not None and node.fixed not in known:
                message = f"{source} sends no events {quoted(node.fixed)}"
                yield Finding(message, node.pointer, choice(node.fixed, known))


def event_pattern_size(view: StackView) -> Iterator[Finding]:
    """Find an event pattern of more than 2,048 characters (eb-quota)."""
    for _, properties in resources(view, "AWS::Events::Rule"):
        node = properties["EventPattern"]
        written = node.text or json.dumps(node.value, separators=(",", ":"))
        length = len(known_part(written))
        if length > _LONGEST_PATTERN:
            message = f"{length:,} characters of event pattern; EventBridge takes {_LONGEST_PATTERN:,}"
            yield Finding(message, node.pointer, "make two rules of it")


def _source(pattern: Node) -> str:
    """Return the one source of a pattern; empty if it has none, or several."""
    sources = [node.fixed or "" for node in pattern["source"].elements()]
    return sources[0] if len(sources) == 1 else ""


def patterns(view: StackView) -> Iterator[Node]:
    """Yield the pattern of each rule, and what stands in its `$or`."""
    for _, properties in resources(view, "AWS::Events::Rule"):
        node = properties["EventPattern"]
        pattern = node if node.text is None else node.parsed()
        yield pattern
        yield from pattern["$or"].elements()
