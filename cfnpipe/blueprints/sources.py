"""Where the checkout comes from: what each provider's source action says, and what starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awacs.codecommit
import awacs.codeconnections
import awacs.codestar_connections
import awacs.s3
from awacs.aws import StringEquals
from troposphere import Ref

from cfnpipe.blueprints import parts
from cfnpipe.errors import BadInput
from cfnpipe.model import CodeCommitSource, ConnectionSource, Place, S3Source

if TYPE_CHECKING:
    from awacs.aws import Statement

    from cfnpipe.model import Environment, Source

READ_OBJECT = parts.actions(awacs.s3, "GetObject GetObjectVersion GetObjectTagging GetObjectVersionTagging")
READ_BUCKET = parts.actions(awacs.s3, "GetBucketVersioning GetBucketAcl GetBucketLocation")
"""What CodePipeline asks of a bucket that it reads a source from (its S3 source action reference)."""


def source(environment: Environment) -> Source:
    """Return the environment's source. Raise `BadInput` where there is none: then no init stack is."""
    if environment.source is None:
        raise BadInput(
            f"{environment.name} has no source, so it has no init stacks",
            where=Place(f"config/{environment.name}.yaml"),
            hint="add a `source`, or remove the stack",
        )
    return environment.source


def provider(environment: Environment) -> str:
    """Return the name of the source action's provider."""
    match source(environment):
        case ConnectionSource():
            return "CodeStarSourceConnection"
        case CodeCommitSource():
            return "CodeCommit"
        case S3Source():
            return "S3"


def configuration(environment: Environment) -> dict[str, str]:
    """Return the source action's configuration. Only a connection detects changes by itself."""
    match source(environment):
        case ConnectionSource(connection=connection, repository=repository, branch=branch):
            return {
                "ConnectionArn": connection,
                "FullRepositoryId": repository,
                "BranchName": branch,
                "OutputArtifactFormat": "CODE_ZIP",
                "DetectChanges": "true",
            }
        case CodeCommitSource(repository=repository, branch=branch):
            return {
                "RepositoryName": repository,
                "BranchName": branch,
                "OutputArtifactFormat": "CODE_ZIP",
                "PollForSourceChanges": "false",
            }
        case S3Source(bucket=bucket, key=key):
            return s3_configuration(bucket, key)


def s3_configuration(bucket: Any, key: str) -> dict[str, Any]:
    """Return the configuration of an S3 source action that never polls and never takes another key."""
    return {
        "S3Bucket": bucket,
        "S3ObjectKey": key,
        "PollForSourceChanges": "false",
        "AllowOverrideForS3ObjectKey": "false",
    }


def changed(environment: Environment) -> dict[str, Any] | None:
    """Return the pattern of the event that says the source changed; None where no rule is needed."""
    match source(environment):
        case ConnectionSource():
            return None
        case CodeCommitSource(repository=repository, branch=branch):
            return {
                "source": ["aws.codecommit"],
                "detail-type": ["CodeCommit Repository State Change"],
                "resources": [parts.arn("codecommit", repository)],
                "detail": {
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceType": ["branch"],
                    "referenceName": [branch],
                },
            }
        case S3Source(bucket=bucket, key=key):
            return object_created(bucket, key)


def object_created(bucket: Any, key: str) -> dict[str, Any]:
    """Return the pattern of the event that says an object has a new version: the exact key, no prefix."""
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }


def read(environment: Environment) -> list[Statement]:
    """Return what the sync pipeline may do at its source."""
    match source(environment):
        case ConnectionSource(connection=connection):
            use = [awacs.codeconnections.UseConnection, awacs.codestar_connections.UseConnection]
            return [parts.allow("ReadSource", use, both_spellings(connection))]
        case CodeCommitSource(repository=repository):
            fetch = parts.actions(
                awacs.codecommit,
                "GetBranch GetCommit UploadArchive GetUploadArchiveStatus CancelUploadArchive",
            )
            return [parts.allow("ReadSource", fetch, [parts.arn("codecommit", repository)])]
        case S3Source(bucket=bucket, key=key):
            return s3_read(
                parts.arn("s3", bucket, region="", account=""),
                parts.arn("s3", f"{bucket}/{key}", region="", account=""),
            )


def s3_read(bucket: Any, objects: Any) -> list[Statement]:
    """Return what an S3 source action needs, in a bucket that is the account's own."""
    ours = StringEquals("aws:ResourceAccount", Ref("AWS::AccountId"))
    return [
        parts.allow("ReadSource", READ_OBJECT, [objects], ours),
        parts.allow("ReadSourceBucket", READ_BUCKET, [bucket], ours),
    ]


def both_spellings(connection: str) -> list[str]:
    """Return a connection's ARN under the old and the new name of the service: either may be asked."""
    _, _, rest = connection.partition("connections:")
    partition = connection.split(":")[1]
    services = ("codeconnections", "codestar-connections")
    return [f"arn:{partition}:{service}:{rest}" for service in services]
