"""What tests share: golden files, and repositories to work in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

settings.register_profile("cfnpipe", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("cfnpipe")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the expected files from what is now made")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no core waits for it in the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


LONGEST = (
    "tests/test_rehearsal.py",
    "tests/test_attended.py",
    "tests/test_bootstrap.py",
    "tests/test_deploy.py",
    "tests/test_sync_crashes.py",
)


@dataclass(frozen=True)
class Golden:
    """Expected files that `make golden` rewrites."""

    rewrite: bool

    def check(self, path: Path, text: str) -> None:
        """Compare a text with a file, or write it there."""
        if self.rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path.relative_to(ROOT)} is not current: make golden"


@pytest.fixture
def golden(pytestconfig: pytest.Config) -> Golden:
    return Golden(rewrite=pytestconfig.getoption("--golden"))


@dataclass(frozen=True)
class Result:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Repository:
    """A folder like a user's repository, and the `cfnpipe` command run in it as a process of its own."""

    root: Path

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def files(self, folder: str = ".") -> dict[str, bytes]:
        """Every file below a folder, by path."""
        found = (path for path in sorted((self.root / folder).rglob("*")) if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def run(self, *arguments: str, **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "cfnpipe", *arguments],
            cwd=self.root,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(ROOT),
                "XDG_CACHE_HOME": str(self.root.parent / "cache"),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


CONFIGURATION = """\
environment: test
region: us-east-1
stacks:
  network:
    parameters: {Zones: 2}
"""

DEFINITION = '''\
"""A small network."""

from troposphere import Output, Parameter, Ref, Template
from troposphere.ec2 import VPC

template = Template(Description=__doc__)
zones = template.add_parameter(Parameter("Zones", Type="Number"))
vpc = template.add_resource(VPC("Vpc", CidrBlock="10.0.0.0/16"))
template.add_output(Output("VpcId", Value=Ref(vpc)))
template.add_output(Output("Zones", Value=Ref(zones)))
'''


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one environment and one stack."""
    made = Repository(tmp_path / "repository")
    made.write("config/test.yaml", CONFIGURATION)
    made.write("templates/network.py", DEFINITION)
    return made
