"""Buckets that are not empty, which S3 does not delete; ministack's CloudFormation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation

TYPE = "AWS::S3::Bucket"


def check(operation: ResourceOperation) -> str | None:
    """Refuse to delete a bucket with anything in it."""
    if operation.does != "delete" or operation.type != TYPE or not full(operation.physical_id):
        return None
    return "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)"


def full(bucket: str) -> bool:
    """Return whether there is an object in a bucket, or an older version of one."""
    from ministack.services import s3

    there = s3._buckets.get(bucket)
    kept = (versions for (name, _), versions in s3._object_versions.items() if name == bucket)
    return bool(there) and (bool(there["objects"]) or any(kept))
