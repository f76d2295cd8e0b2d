"""The S3 source action: one version of an object becomes the artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal.codepipeline.faults import ActionFailed
from cfnpipe.rehearsal.codepipeline.states import Outcome, Revision

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.actions.job import Job

SUMMARY = "codepipeline-artifact-revision-summary"
"""The object's metadata that says what a revision is (S3 source action reference)."""


def fetch(job: Job) -> Outcome:
    """Fetch the object, its latest version or the one that the start named."""
    bucket, key, other = job.settings["S3Bucket"], job.settings["S3ObjectKey"], job.override("S3_OBJECT_KEY")
    if other and job.settings.get("AllowOverrideForS3ObjectKey", "false") != "true":
        raise ActionFailed("ConfigurationError", f"Action {job.run.action.name} allows no other key")
    key, version = other or key, job.override("S3_OBJECT_VERSION_ID")
    s3 = job.aws("s3")
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise ActionFailed("ConfigurationError", f"The bucket {bucket} must have versioning enabled")
    found = s3.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
    content, version = found["Body"].read(), found["VersionId"]
    said = found["Metadata"].get(SUMMARY, f"Amazon S3 version id: {version}")
    return Outcome(
        summary=said,
        external=version,
        variables={
            "BucketName": bucket,
            "ETag": found["ETag"].strip('"'),
            "ObjectKey": key,
            "VersionId": version,
        },
        artifacts=job.keep(content),
        revision=Revision(version, said),
    )
