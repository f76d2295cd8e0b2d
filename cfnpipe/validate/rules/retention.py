"""What happens to data when its resource leaves the template or is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.validate.document import Unreadable, at, below, read, walk
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.validate.subject import StackView

_STATEFUL = (
    "AWS::Backup::BackupVault",
    "AWS::CodeCommit::Repository",
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::Elasticsearch::Domain",
    "AWS::FSx::FileSystem",
    "AWS::KMS::Key",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::S3::Bucket",
    "AWS::Timestream::Table",
)
_ELSEWHERE = ("DBClusterIdentifier", "SourceDBInstanceIdentifier")
"""Properties of a database instance whose data belongs to a cluster or to another instance."""
_SNAPSHOT = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
"""What has `DeletionPolicy: Snapshot` unless it says otherwise: see
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""
_ALIKE = 0.75
"""The share of their properties that two resources have in common if one is the other, renamed."""


def unretained_data(view: StackView) -> Iterator[Finding]:
    """Warn of a resource that holds data and says neither DeletionPolicy nor UpdateReplacePolicy.

    Saying `Delete` is an answer too. One without the other is cfn-lint's W3011.
    """
    for logical_id, resource in view.resources(*_STATEFUL):
        said = "DeletionPolicy" in resource or "UpdateReplacePolicy" in resource
        if not said and not _is_elsewhere(resource):
            yield Finding(
                f"{quoted(logical_id)} ({resource['Type']}) does not say what becomes of its data",
                below("/Resources", logical_id),
                "set DeletionPolicy and UpdateReplacePolicy to Retain, Snapshot or Delete",
                severity="warning",
            )


def _is_elsewhere(resource: Any) -> bool:
    return any(at(resource, "Properties", key) is not None for key in _ELSEWHERE)


def renamed_data(view: StackView) -> Iterator[Finding]:
    """Warn of a resource that holds data and has another logical id than in the committed template.

    CloudFormation knows resources by their logical ids: it makes a new, empty one, and then does with the
    old one what its DeletionPolicy says. Two are taken for one if their type is the same and at least
    three quarters of their properties are.
    """
    new = view.section("Resources")
    old = _earlier(view) if view.earlier != view.rendered.template.encode() else {}
    gone = {name: resource for name, resource in old.items() if name not in new}
    for name, resource in view.resources(*_STATEFUL):
        former = None if name in old or _is_elsewhere(resource) else _former(resource, gone)
        if former:
            yield Finding(
                f"{quoted(former)} ({resource['Type']}) becomes {quoted(name)}: a new one without its data,"
                f" and the old one {_fate(gone.pop(former))}",
                below("/Resources", name),
                f"keep the logical id {quoted(former)}, or move the data first",
                severity="warning",
            )


def _earlier(view: StackView) -> Mapping[str, Any]:
    """Return the resources of the committed template, as far as it can be read."""
    try:
        resources = at(read((view.earlier or b"{}").decode()).value, "Resources")
    except (Unreadable, UnicodeDecodeError):
        return {}
    return resources if isinstance(resources, dict) else {}


def _former(resource: Mapping[str, Any], gone: Mapping[str, Any]) -> str | None:
    """Return which of the resources that are gone is most like one, if any is its like."""
    shares = {
        _likeness(former, resource): name
        for name, former in gone.items()
        if at(former, "Type") == resource["Type"]
    }
    best = max(shares, default=0.0)
    return shares[best] if best >= _ALIKE else None


def _likeness(one: Any, other: Any) -> float:
    """Return the share of properties that two resources have in common, those inside others included."""
    first, second = (
        {(pointer, str(value)) for pointer, value in walk(at(each, "Properties")) if _is_leaf(value)}
        for each in (one, other)
    )
    both = len(first) + len(second)
    return 2 * len(first & second) / both if both else 1.0


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _fate(resource: Any) -> str:
    """Return what becomes of a resource that leaves the template."""
    usual = "Snapshot" if at(resource, "Type") in _SNAPSHOT else "Delete"
    match at(resource, "DeletionPolicy") or usual:
        case "Retain" | "RetainExceptOnCreate":
            return "stays, outside of the stack"
        case "Snapshot":
            return "is deleted after a snapshot"
    return "is deleted"
