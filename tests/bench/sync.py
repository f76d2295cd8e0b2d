"""Sync beside a shell loop, `aws s3 sync`, rclone and a bare boto3 loop, against a local S3 server.

Times are medians of whole processes, taken in turns; requests are counted in a run of their own, through
a proxy. The network costs nothing here, so that on AWS the tools that make fewer requests, or several at
once, gain more.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe import names, stacks
from cfnpipe.model import INIT_STACKS
from tests import proxy
from tests.checkouts import CONFIGURATION
from tests.conftest import ROOT
from tests.local_aws import ACCOUNT, CREDENTIALS, REGION, started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIZES = (10, 100, 300)
LOOP_AT_MOST = 100
"""The first sync of more stacks takes the shell loop many minutes."""
ROUNDS = 5

LOOP = """\
set -e
fetched=$(mktemp -d)
aws s3 sync --quiet --delete "s3://$BUCKET/" "$fetched/"
for file in $(find stacks -name '*.json'); do
  if ! cmp --silent "$file" "$fetched/$file"; then
    zip --quiet --junk-paths "$file.zip" "$file"
    aws s3 cp --quiet "$file" "s3://$BUCKET/$file"
    aws s3 cp --quiet "$file.zip" "s3://$BUCKET/$file.zip"
    rm "$file.zip"
  fi
done
for file in $(cd "$fetched"; find stacks -name '*.json'); do
  if [ ! -f "$file" ]; then
    aws s3 rm --quiet "s3://$BUCKET/$file"
    aws s3 rm --quiet "s3://$BUCKET/$file.zip"
  fi
done
rm -r "$fetched"
"""
"""What teams use in CodeBuild: fetch everything, compare, zip and copy what differs, remove what is gone."""

FLOOR = """\
import base64, hashlib, os, pathlib, sys

import boto3

bucket, root = os.environ["BUCKET"], pathlib.Path(sys.argv[1])
s3 = boto3.client("s3")
boto3.client("sts").get_caller_identity()
s3.head_bucket(Bucket=bucket)
s3.get_bucket_versioning(Bucket=bucket)
there = {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    there.update({entry["Key"]: entry["ETag"].strip('"') for entry in page.get("Contents", [])})
for path in sorted(root.rglob("*.zip")):
    key, content = path.relative_to(root).as_posix(), path.read_bytes()
    if there.get(key) != hashlib.md5(content).hexdigest():
        if key in there:
            s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        s3.put_object(Bucket=bucket, Key=key, Body=content, ChecksumSHA256=checksum)
"""
"""The same requests as cfnpipe's, from a bare loop over zips that are already there."""


@dataclass(frozen=True)
class Tool:
    """A way to carry a folder to a bucket."""

    name: str
    command: Callable[[Path, str, str], Sequence[str]]
    """Made of the folder, the bucket and the server's address."""
    environment: str = "bench"

    def run(self, folder: Path, endpoint: str, bucket: str) -> float:
        """Carry it, and return the seconds that took."""
        environment = {
            **os.environ,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "BUCKET": bucket,
            "PATH": os.pathsep.join([os.environ.get("PEERS", ""), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
        }
        command = self.command(folder, bucket, endpoint)
        start = time.perf_counter()
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def _rclone(folder: Path, bucket: str, endpoint: str) -> Sequence[str]:
    remote = f":s3,provider=Other,env_auth,region={REGION},endpoint='{endpoint}':{bucket}"
    return ["rclone", "sync", "--checksum", "--config", os.devnull, str(folder / "zips"), remote]


TOOLS = (
    Tool("cfnpipe sync", lambda *_: [sys.executable, "-m", "cfnpipe", "sync", "bench", "--yes"]),
    Tool("shell loop", lambda *_: ["bash", "-c", LOOP]),
    Tool("aws s3 sync", lambda folder, bucket, _: ["aws", "s3", "sync", str(folder / "zips"), f"s3://{bucket}"]),
    Tool("rclone sync --checksum", _rclone),
    Tool("bare boto3 loop", lambda folder, *_: [sys.executable, "-c", FLOOR, str(folder / "zips")]),
)


def run(folder: Path) -> list[dict[str, object]]:
    """Measure all sizes and return what was measured; tools that are not here are left out."""
    found = os.pathsep.join([os.environ.get("PEERS", ""), os.environ["PATH"]])
    needs = {"shell loop": ["aws", "zip"], "aws s3 sync": ["aws"], "rclone sync --checksum": ["rclone"]}
    tools = [
        tool for tool in TOOLS if all(shutil.which(need, path=found) for need in needs.get(tool.name, ()))
    ]
    results = []
    for size in SIZES:
        here = folder / str(size)
        _write(here, size)
        for what, measured in _measured(here, size, tools).items():
            results += list(_rows(f"sync of {size} stacks, {what}", measured))
    return results


@dataclass(frozen=True)
class Measured:
    """One tool in one situation."""

    seconds: float
    requests: int


def _measured(folder: Path, size: int, tools: Sequence[Tool]) -> Mapping[str, Mapping[str, Measured]]:
    """Return what was measured, by situation and tool."""
    first = [tool for tool in tools if size <= LOOP_AT_MOST or tool.name != "shell loop"]
    buckets = {tool: _bucket(folder, tool) for tool in tools}
    for tool in set(tools) - set(first):
        _fill(folder, buckets[tool])
    return {
        "first": {tool.name: _first(folder, tool) for tool in first},
        "one changed": _turns(folder, buckets, lambda number: _change(folder, size, number)),
        "nothing changed": _turns(folder, buckets, lambda _number: None),
    }


def _first(folder: Path, tool: Tool) -> Measured:
    """Measure a tool with empty buckets."""
    rounds = 1 if tool.name == "shell loop" else 3
    seconds = [tool.run(folder, started().endpoint, _emptied(folder, tool)) for _ in range(rounds)]
    requests = _count(folder, tool, _emptied(folder, tool)) if rounds > 1 else 2 * _stacks(folder) + 1
    return Measured(statistics.median(seconds), requests)


def _turns(
    folder: Path, buckets: Mapping[Tool, str], change: Callable[[int], None]
) -> Mapping[str, Measured]:
    """Measure the tools in turns, after the same change."""
    for tool, bucket in buckets.items():
        tool.run(folder, started().endpoint, bucket)
    taken: dict[Tool, list[float]] = {tool: [] for tool in buckets}
    for number in range(ROUNDS):
        change(number)
        for tool, bucket in buckets.items():
            taken[tool].append(tool.run(folder, started().endpoint, bucket))
    change(ROUNDS)
    return {
        tool.name: Measured(statistics.median(taken[tool]), _count(folder, tool, bucket))
        for tool, bucket in buckets.items()
    }


def _count(folder: Path, tool: Tool, bucket: str) -> int:
    with proxy.running(started().endpoint) as running:
        tool.run(folder, running.endpoint, bucket)
        return len(running.requests)


def _rows(what: str, measured: Mapping[str, Measured]) -> Sequence[dict[str, object]]:
    """Print ours beside each of the others, and return it."""
    ours = measured[TOOLS[0].name]
    print(f"{what}: {TOOLS[0].name} {ours.seconds:.2f} s, {ours.requests} requests")
    rows = []
    for name, theirs in measured.items():
        if name != TOOLS[0].name:
            ratio = ours.seconds / theirs.seconds
            print(f"  {name}: {theirs.seconds:.2f} s, {theirs.requests} requests, ratio {ratio:.3f}")
            rows.append(
                {
                    "what": what,
                    "seconds": ours.seconds,
                    "requests": ours.requests,
                    "against": name,
                    "its_seconds": theirs.seconds,
                    "its_requests": theirs.requests,
                    "ratio": ratio,
                }
            )
    return rows


def _bucket(folder: Path, tool: Tool) -> str:
    """Make a tool's bucket of this size and return its name; cfnpipe's is named for the environment."""
    if tool.name == TOOLS[0].name:
        name = names.bucket("bench", "source", ACCOUNT, REGION)
    else:
        name = f"{tool.name.replace(' ', '-').replace('--', '')}-{folder.name}"
    return _emptied(folder, tool, name)


def _emptied(folder: Path, tool: Tool, name: str = "") -> str:
    """Return a tool's bucket, versioned and empty."""
    name = name or _bucket(folder, tool)
    client = started().client()
    try:
        for entry in client.list_object_versions(Bucket=name).get("Versions", []):
            client.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
        for entry in client.list_object_versions(Bucket=name).get("DeleteMarkers", []):
            client.delete_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
    except client.exceptions.NoSuchBucket:
        client.create_bucket(Bucket=name)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def _fill(folder: Path, bucket: str) -> None:
    """Put into the shell loop's bucket what its first sync would."""
    client = started().client()
    for path in sorted((folder / "stacks").rglob("*.json")):
        key = path.relative_to(folder).as_posix()
        client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        client.put_object(Bucket=bucket, Key=f"{key}.zip", Body=path.read_bytes())
