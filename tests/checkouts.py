"""Checkouts with committed stacks, and the source buckets that they are carried to."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from cfnpipe import names, stacks
from cfnpipe.cli import main
from cfnpipe.model import INIT_STACKS
from tests.conftest import Repository, Result
from tests.local_aws import ACCOUNT, CREDENTIALS, REGION, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_aws import LocalAws

CONFIGURATION = """\
environment: {name}
account: "{account}"
region: us-east-1
source:
  provider: github
  connection: arn:aws:codeconnections:us-east-1:{account}:connection/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f
  repository: example/infrastructure
  branch: master
notify: [infrastructure@example.com]
review: [owners]
max_delete: {most}
stacks:
"""


@dataclass(frozen=True)
class Checkout(Repository):
    """A checkout of one environment that has a source."""

    environment: str
    endpoint: str

    @property
    def bucket(self) -> str:
        return names.bucket(self.environment, "source", ACCOUNT, REGION)

    def commit(
        self, wanted: Mapping[str, Any], *, account: str = ACCOUNT, most: int = 1, split: str = ""
    ) -> None:
        """Write configuration and rendered files of stacks, by name with something for their template."""
        for path in self.files("stacks"):
            (self.root / path).unlink()
        text = CONFIGURATION.format(name=self.environment, account=account, most=most)
        self.write("config/" + self.environment + ".yaml", text + self._entries(wanted, split))
        for name in (*wanted, *INIT_STACKS):
            self.write(f"templates/{name}.py", "")
            template = {"Metadata": {"Content": wanted.get(name, "")}, "Resources": {}}
            self.stack(name, template, {"Parameters": {}, "Tags": {}})

    def _entries(self, wanted: Mapping[str, Any], split: str) -> str:
        shapes = ("split" if name == split else "bundle" for name in wanted)
        return "".join(
            f"  {name}: {{sources: {shape}}}\n" for name, shape in zip(wanted, shapes, strict=True)
        )

    def stack(self, name: str, template: Any, configuration: Any) -> None:
        folder = f"stacks/{self.environment}/{name}"
        self.write(f"{folder}/template.json", stacks.canonical(template))
        self.write(f"{folder}/configuration.json", stacks.canonical(configuration))

    def sync(self, *arguments: str, **environment: str) -> Result:
        """Run `cfnpipe sync` in this process, with nobody at the terminal."""
        with _inside(self.root):
            done = CliRunner().invoke(
                main,
                ["sync", self.environment, *arguments],
                env={**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, **environment},
            )
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Result(done.exit_code, done.stdout, done.stderr)

    def objects(self, result: Result) -> dict[str, dict[str, str]]:
        """The objects of a result in JSON, by key."""
        return {one["object"]: one for one in json.loads(result.out)["objects"]}


@contextlib.contextmanager
def _inside(root: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(before)


def checkout(folder: Path, endpoint: str) -> Checkout:
    return Checkout(folder / "checkout", f"e-{uuid.uuid4().hex[:8]}", endpoint)


def source(made: Checkout, aws: LocalAws, *, kms: bool = False, versioned: bool = True) -> Source:
    """Make the checkout's source bucket."""
    client = aws.client()
    client.create_bucket(Bucket=made.bucket)
    if versioned:
        client.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
    if kms:
        key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": key}]}
        client.put_bucket_encryption(Bucket=made.bucket, ServerSideEncryptionConfiguration=rules)
    return Source(made.bucket, client)
