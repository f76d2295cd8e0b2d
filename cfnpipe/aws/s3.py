"""S3: one bucket of the environment's own account, whose objects are written only on conditions."""

from __future__ import annotations

import base64
import binascii
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from cfnpipe.aws.errors import AwsError, expected
from cfnpipe.model import Version
from cfnpipe.model.transfer import Bundle, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfnpipe.aws.session import Session

COMMIT = "commit"
"""The metadata that tells the commit."""


class Bucket:
    """A bucket, and its objects. Its methods may be called by several threads at once.

    Every call names the account that must own the bucket (ExpectedBucketOwner), so that a bucket which
    somebody else made under that name is neither read nor written. Each method raises `AwsError` where S3
    refuses or does not answer.
    """

    def __init__(self, session: Session, name: str, owner: str) -> None:
        self.name = name
        self._session = session
        self._common = {"Bucket": name, "ExpectedBucketOwner": owner}

    def region(self) -> str:
        """Return the bucket's region. The code of the error is `NotFound` if there is no such bucket."""
        with expected("s3:ListBucket", self._at()):
            answer = self._client.head_bucket(**self._common)
        return str(answer.get("BucketRegion", self._session.region))

    def versioned(self) -> bool:
        """Tell whether versioning is on; suspended counts as off."""
        with expected("s3:GetBucketVersioning", self._at()):
            return bool(self._client.get_bucket_versioning(**self._common).get("Status") == "Enabled")

    def list(self, prefix: str) -> tuple[Stored, ...]:
        """Return every object below a prefix, sorted by key; all pages or an error, never a part."""
        found = [
            Stored(entry["Key"], entry["ETag"].strip('"'))
            for page in self._pages(prefix)
            for entry in page.get("Contents", [])
        ]
        return tuple(sorted(found, key=lambda stored: stored.key))

    def _pages(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a listing; botocore's paginator ends silently where the next page is missing."""
        following: dict[str, str] = {}
        while True:
            with expected("s3:ListBucket", self._at(prefix)):
                page = self._client.list_objects_v2(**self._common, Prefix=prefix, **following)
            if page.get("Name") != self.name or "IsTruncated" not in page:
                raise AwsError(f"s3:ListBucket on {self._at(prefix)}: the answer is no listing")
            yield page
            if not page["IsTruncated"]:
                return
            token = page.get("NextContinuationToken")
            if not token or token == following.get("ContinuationToken"):
                raise AwsError(f"s3:ListBucket on {self._at(prefix)}: the listing breaks off")
            following = {"ContinuationToken": token}

    def head(self, key: str) -> Stored | None:
        """Return an object with the SHA-256 that S3 checked; None if there is none."""
        try:
            with expected("s3:GetObject", self._at(key)):
                answer = self._client.head_object(**self._common, Key=key, ChecksumMode="ENABLED")
        except AwsError as error:
            if error.code == "NotFound":
                return None
            raise
        return Stored(
            key,
            answer["ETag"].strip('"'),
            _hexadecimal(answer.get("ChecksumSHA256", "")),
            answer.get("VersionId", ""),
            answer.get("Metadata", {}).get(COMMIT, ""),
        )

    def version(self, key: str) -> Version | None:
        """Return the current version of an object and its age by S3's own clock; None if there is none."""
        try:
            with expected("s3:GetObject", self._at(key)):
                answer = self._client.head_object(**self._common, Key=key)
        except AwsError as error:
            if error.code == "NotFound":
                return None
            raise
        told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        version = self._version(answer, "s3:GetObject", key)
        return Version(version, answer["LastModified"], told - answer["LastModified"])

    def put(self, bundle: Bundle, replaces: str | None, metadata: Mapping[str, str]) -> str:
        """Write a bundle and return its version's id.

        It is written only if the object's ETag is `replaces`, or, if that is None, if there is no object;
        S3 stores nothing whose SHA-256 is another. A reply that was lost, and a call that was repeated
        because of it, end in an error too, though the bundle is there: look again (`head`).
        """
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": f'"{replaces}"'}
        with expected("s3:PutObject", self._at(bundle.key)):
            answer = self._client.put_object(
                **self._common,
                **condition,
                Key=bundle.key,
                Body=bundle.content,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(bundle.sha256)).decode(),
                ContentType="application/zip",
                Metadata=dict(metadata),
            )
        return self._version(answer, "s3:PutObject", bundle.key)

    def delete(self, key: str, etag: str) -> str:
        """Hide an object behind a delete marker, if its ETag is still that, and return the marker's id.

        Its versions stay. As for `put`: after an error, look again.
        """
        with expected("s3:DeleteObject", self._at(key)):
            answer = self._client.delete_object(**self._common, Key=key, IfMatch=f'"{etag}"')
        return self._version(answer, "s3:DeleteObject", key)

    def upload(self, key: str, content: bytes) -> str:
        """Write an object, whatever was there, and return its address, as CloudFormation reads templates."""
        with expected("s3:PutObject", self._at(key)):
            self._client.put_object(**self._common, Key=key, Body=content, ContentType="application/json")
        return f"{self._client.meta.endpoint_url}/{self.name}/{key}"

    def _version(self, answer: Mapping[str, Any], action: str, key: str) -> str:
        """Return the version's id, without which a reply is not believed, whatever its status."""
        if "VersionId" not in answer:
            message = f"{action} on {self._at(key)}: the answer names no version"
            raise AwsError(message, code="NoVersion", hint="switch the bucket's versioning on")
        return str(answer["VersionId"])

    def _at(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}" if key else f"s3://{self.name}"

    @property
    def _client(self) -> Any:
        return self._session.client("s3")


def _hexadecimal(checksum: str) -> str:
    """Return a checksum of a whole object in hexadecimal; nothing for one of parts (`...-2`)."""
    try:
        return base64.b64decode(checksum, validate=True).hex()
    except binascii.Error:
        return ""
