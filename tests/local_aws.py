"""A local AWS for tests: ministack in a process of its own, and buckets like an environment's in it.

As a program it is the server: `python -m tests.local_aws PORT`. The server differs from ministack in one
thing: what a bucket encrypts with a KMS key has an ETag that is no MD5, as in S3.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.conftest import ROOT

ACCOUNT, REGION = "111122223333", "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,  # ministack takes twelve digits for the account.
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def serve(port: int) -> None:
    """Run the server until the process ends."""
    settings = {"LOG_LEVEL": "ERROR", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "BIND_HOST": "127.0.0.1"}
    os.environ.update(settings, GATEWAY_PORT=str(port))
    from ministack import app
    from ministack.services import s3

    put, encrypted = s3._put_object, False  # noqa: SLF001 - ministack has no other way in

    def put_object(bucket: str, *arguments: Any) -> Any:
        nonlocal encrypted
        encrypted = "aws:kms" in s3._bucket_encryption.get(bucket, "")  # noqa: SLF001 - as above
        return put(bucket, *arguments)

    def etag(content: bytes) -> str:
        return hashlib.md5(content + b"by a key" * encrypted, usedforsecurity=False).hexdigest()

    s3._put_object, s3.md5_hash = put_object, etag  # noqa: SLF001 - as above
    sys.argv = ["ministack"]
    app.main()


@dataclass(frozen=True)
class LocalAws:
    """A server that answers at an address."""

    endpoint: str

    def client(self) -> Any:
        """boto3's own client for S3."""
        import boto3

        return boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",  # noqa: S106 - the server takes any
        )


@dataclass(frozen=True)
class Source:
    """A source bucket, seen with boto3 past cfnpipe."""

    bucket: str
    client: Any

    def versions(self) -> dict[str, list[str]]:
        """The ids of every object's versions, newest first, delete markers included."""
        listed = self.client.list_object_versions(Bucket=self.bucket)
        both = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
        found: dict[str, list[str]] = {}
        for one in sorted(both, key=lambda one: one["LastModified"], reverse=True):
            found.setdefault(one["Key"], []).append(one["VersionId"])
        return found

    def contents(self) -> dict[str, bytes]:
        """What is there now."""
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {
            one["Key"]: self.client.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()
            for one in listed
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def started() -> LocalAws:
    """Start the server for this process, which it does not outlive."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.local_aws", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    atexit.register(server.kill)
    _wait(port, server)
    return LocalAws(f"http://127.0.0.1:{port}")


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("the local server did not start")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
