"""Sync beside a shell loop, `aws s3 sync`, rclone and a bare boto3 loop, against a local S3 server.

Times are medians of whole processes, taken in turns; requests are counted in a run of their own, through
a proxy. The network costs nothing here, so that on AWS the tools that make fewer requests, or several at
once, gain more.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe import bundle, names, stacks
from cfnpipe.model import INIT_STACKS
from tests import proxy
from tests.checkouts import CONFIGURATION
from tests.conftest import ROOT
from tests.local_aws import ACCOUNT, CREDENTIALS, REGION, started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

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
import base64, hashlib, os, pathlib

import boto3

bucket = os.environ["BUCKET"]
s3 = boto3.client("s3")
boto3.client("sts").get_caller_identity()
s3.head_bucket(Bucket=bucket)
s3.get_bucket_versioning(Bucket=bucket)
there = {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    there.update({entry["Key"]: entry["ETag"].strip('"') for entry in page.get("Contents", [])})
for path in sorted(pathlib.Path().rglob("*.zip")):
    key, content = path.as_posix(), path.read_bytes()
    if there.get(key) != hashlib.md5(content).hexdigest():
        if key in there:
            s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        s3.put_object(Bucket=bucket, Key=key, Body=content, ChecksumSHA256=checksum)
"""
"""The same requests as cfnpipe's, from a bare loop over zips that are already there."""


@dataclass(frozen=True)
class Tool:
    """A way to carry stacks to a bucket."""

    name: str
    folder: str
    """Where it finds them, below the folder of a size: `checkout`, `files` or `zips`."""
    command: Callable[[str, str], Sequence[str]]
    """Made of the bucket and the server's address."""
    programs: tuple[str, ...] = ()
    """What has to be installed."""

    def run(self, place: Path, endpoint: str) -> float:
        """Carry what is in a size's folder, and return the seconds that took."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "BUCKET": self.bucket(place),
            "PATH": PATH,
            "PYTHONPATH": str(ROOT),
        }
        command = self.command(self.bucket(place), endpoint)
        start = time.perf_counter()
        subprocess.run(
            command,
            cwd=place / self.folder,
            env=environment,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return time.perf_counter() - start

    def bucket(self, place: Path) -> str:
        """Return its bucket for a size; cfnpipe's is named for its environment."""
        what = "source" if self.folder == "checkout" else f"{self.name.split()[0]}-{self.folder}"
        return names.bucket(f"bench-{place.name}", what, ACCOUNT, REGION)


def _rclone(bucket: str, endpoint: str) -> Sequence[str]:
    remote = f":s3,provider=Other,env_auth,region={REGION},endpoint='{endpoint}':{bucket}"
    return ["rclone", "sync", "--checksum", "--config", os.devnull, ".", remote]


PATH = os.pathsep.join([os.environ.get("PEERS", ""), os.environ["PATH"]])
OURS = Tool(
    "cfnpipe sync",
    "checkout",
    lambda bucket, _: [sys.executable, "-m", "cfnpipe", "sync", bucket.split("-source-")[0][8:], "--yes"],
)
LOOPED = Tool("shell loop", "files", lambda *_: ["bash", "-c", LOOP], ("aws", "zip"))
OTHERS = (
    LOOPED,
    Tool("aws s3 sync", "zips", lambda bucket, _: ["aws", "s3", "sync", ".", f"s3://{bucket}"], ("aws",)),
    Tool("rclone sync --checksum", "zips", _rclone, ("rclone",)),
    Tool("bare boto3 loop", "zips", lambda *_: [sys.executable, "-c", FLOOR]),
)


@dataclass(frozen=True)
class Measured:
    """A tool in one situation."""

    seconds: float
    requests: int


def run(folder: Path) -> list[dict[str, object]]:
    """Measure all sizes and return what was measured. What is not installed is left out."""
    tools = [OURS, *(tool for tool in OTHERS if all(shutil.which(name, path=PATH) for name in tool.programs))]
    results: list[dict[str, object]] = []
    for size in SIZES:
        place = folder / str(size)
        for number in range(size):
            _write(place, number, "first")
        first = [tool for tool in tools if tool is not LOOPED or size <= LOOP_AT_MOST]
        results += _rows(f"first sync of {size} stacks", _first(place, first))
        for what, changes in (("one changed", True), ("nothing changed", False)):
            results += _rows(f"{size} stacks, {what}", _later(place, tools, changes=changes))
    return results


def _write(place: Path, number: int, text: str) -> None:
    """Write a stack of 20 KB in every form; its files are as old as in a folder that nobody touched."""
    name = f"stack-{number:03}"
    notes = {f"Note{index:03}": f"{text} {number} {'x' * 150}" for index in range(110)}
    template = stacks.canonical({"Metadata": notes, "Resources": {}})
    configuration = stacks.canonical({"Parameters": {}, "Tags": {}})
    packed = bundle.pack(name, names.bundle_key(name), {"template.json": template})
    stack = f"checkout/stacks/bench-{place.name}/{name}"
    for path, content in (
        (f"{stack}/template.json", template.encode()),
        (f"{stack}/configuration.json", configuration.encode()),
        (f"files/stacks/{name}.json", template.encode()),
        (f"zips/{packed.key}", packed.content),
    ):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    if text == "first":
        _configure(place, name)


def _configure(place: Path, name: str) -> None:
    """Add a stack to the environment of a size."""
    file, templates = place / f"checkout/config/bench-{place.name}.yaml", place / "checkout/templates"
    if not file.exists():
        file.parent.mkdir()
        templates.mkdir()
        file.write_text(CONFIGURATION.format(name=f"bench-{place.name}", account=ACCOUNT, most=1))
        for stack in INIT_STACKS:
            (templates / f"{stack}.py").touch()
            for part in ("template.json", "configuration.json"):
                path = place / f"checkout/stacks/bench-{place.name}/{stack}/{part}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("{}\n")
    (templates / f"{name}.py").touch()
    file.write_text(f"{file.read_text()}  {name}: {{}}\n")


def _first(place: Path, tools: Sequence[Tool]) -> Mapping[Tool, Measured]:
    """Measure tools with empty buckets, in turns; the shell loop once, because it takes minutes."""
    taken: dict[Tool, list[float]] = {tool: [] for tool in tools}
    for number in range(ROUNDS):
        for tool in tools:
            if tool is not LOOPED or number == 0:
                _empty(tool.bucket(place))
                taken[tool].append(tool.run(place, started().endpoint))
    return {tool: Measured(statistics.median(taken[tool]), _count_first(place, tool)) for tool in tools}


def _count_first(place: Path, tool: Tool) -> int:
    if tool is LOOPED:
        return 1 + 2 * len(list((place / "files").rglob("*.json")))
    _empty(tool.bucket(place))
    return _count(place, tool)


def _later(place: Path, tools: Sequence[Tool], *, changes: bool) -> Mapping[Tool, Measured]:
    """Measure tools in turns, after the same change or after none."""

    def change(text: str) -> None:
        if changes:
            _write(place, 0, text)

    if LOOPED in tools and not _there(LOOPED.bucket(place)):
        _fill(place)
    taken: dict[Tool, list[float]] = {tool: [] for tool in tools}
    for number in range(ROUNDS):
        change(f"round {number}")
        for tool in tools:
            taken[tool].append(tool.run(place, started().endpoint))
    change("counted")
    return {tool: Measured(statistics.median(taken[tool]), _count(place, tool)) for tool in tools}


def _count(place: Path, tool: Tool) -> int:
    """Return how many requests a tool makes."""
    with proxy.running(started().endpoint) as running:
        tool.run(place, running.endpoint)
        return len(running.requests)


def _there(bucket: str) -> bool:
    return bucket in {one["Name"] for one in started().client().list_buckets()["Buckets"]}


def _empty(bucket: str) -> None:
    """Make a versioned bucket, or remove everything from it."""
    client = started().client()
    if not _there(bucket):
        client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    listed = client.list_object_versions(Bucket=bucket)
    for one in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def _fill(place: Path) -> None:
    """Put into the shell loop's bucket what its first sync would."""
    _empty(LOOPED.bucket(place))
    client = started().client()
    for path in sorted((place / "files").rglob("*.json")):
        for ending in ("", ".zip"):
            key = path.relative_to(place / "files").as_posix() + ending
            client.put_object(Bucket=LOOPED.bucket(place), Key=key, Body=path.read_bytes())


def _rows(what: str, measured: Mapping[Tool, Measured]) -> list[dict[str, object]]:
    """Print ours beside each of the others, and return it."""
    ours = measured[OURS]
    print(f"{what}: {OURS.name} {ours.seconds:.2f} s, {ours.requests} requests")
    rows: list[dict[str, object]] = []
    for tool, its in measured.items():
        if tool is not OURS:
            ratio = ours.seconds / its.seconds
            print(f"  {tool.name}: {its.seconds:.2f} s, {its.requests} requests, ratio {ratio:.3f}")
            compared = {"against": tool.name, "its_seconds": its.seconds, "its_requests": its.requests}
            rows.append(
                {"what": what, "seconds": ours.seconds, "requests": ours.requests, **compared, "ratio": ratio}
            )
    return rows


def show(results: Sequence[Mapping[str, object]], page: Path) -> None:
    """Write the results into a document, as the table after `<!-- speed -->`."""
    tools = list(dict.fromkeys(str(row["against"]) for row in results))
    lines = [f"| | {OURS.name} | {' | '.join(tools)} |", "| --- |" + " --- |" * (1 + len(tools))]
    for what in dict.fromkeys(row["what"] for row in results):
        rows = {row["against"]: row for row in results if row["what"] == what}
        cells = [_cell(rows[tool]) if tool in rows else "" for tool in tools]
        ours = next(iter(rows.values()))
        lines.append(f"| {what} | {ours['seconds']:.2f} s, {ours['requests']} | {' | '.join(cells)} |")
    before, mark, after = page.read_text("utf-8").partition("<!-- speed -->\n")
    page.write_text(before + mark + "\n".join(lines) + after[after.index("\n\n") :], "utf-8")


def _cell(row: Mapping[str, object]) -> str:
    return f"{row['its_seconds']:.2f} s, {row['its_requests']}, {1 / float(str(row['ratio'])):.1f}x"
