"""What happens to data when its resource leaves the template or is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.validate.document import at, below
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def unretained_data(view: StackView) -> Iterator[Finding]:
    """Warn of a resource that holds data and says neither DeletionPolicy nor UpdateReplacePolicy.

    Saying `Delete` is an answer too. One without the other is cfn-lint's W3011.
    """
    for logical_id, resource in view.resources(*_STATEFUL):
        said = "DeletionPolicy" in resource or "UpdateReplacePolicy" in resource
        if not said and not any(at(resource, "Properties", key) is not None for key in _ELSEWHERE):
            yield Finding(
                f"{quoted(logical_id)} ({resource['Type']}) does not say what becomes of its data",
                below("/Resources", logical_id),
                "set DeletionPolicy and UpdateReplacePolicy to Retain, Snapshot or Delete",
                severity="warning",
            )
