"""What the local AWS sees to before it begins: ministack as it is known, and no containers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cfnpipe.rehearsal import insides
from tests.conftest import ROOT

REHEARSAL = Path(insides.__file__).parent
DOCKER = """
from pathlib import Path
Path(__file__).with_name("used").touch()
def from_env(*_, **__):
    raise RuntimeError("a container would have been started")
"""
DATABASE = """
import boto3
from cfnpipe.rehearsal.server import serving
with serving("111122223333", "us-east-1", {}) as server:
    client = boto3.client(
        "rds", region_name="us-east-1", endpoint_url=server.endpoint,
        aws_access_key_id="111122223333", aws_secret_access_key="local",
    )
    made = client.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t4g.micro", Engine="postgres",
        MasterUsername="root", MasterUserPassword="secret-of-nobody", AllocatedStorage=20,
    )
    print(made["DBInstance"]["DBInstanceIdentifier"])
"""
FOREIGN = """
from cfnpipe.aws import Access, Session
from cfnpipe.rehearsal.codepipeline.clients import Clients
from cfnpipe.rehearsal.codepipeline.rights import Credentials
from cfnpipe.rehearsal.server import serving
with serving("111122223333", "us-east-1", {}) as server:
    session = Session("us-east-1", access=Access(server.endpoint, "111122223333", "local"))
    print(session.identity().account)
    clients = Clients(server.endpoint, "us-east-1", Credentials("111122223333", "local", ""))
    print(clients("s3").list_buckets()["Buckets"])
"""
LOST = """
from ministack.services import sns
del sns._fanout
from cfnpipe.errors import CfnpipeError
from cfnpipe.rehearsal.server import serving
try:
    with serving("111122223333", "us-east-1", {}):
        print("it began")
except CfnpipeError as error:
    print(error)
"""


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )


def test_everything_that_is_used_of_ministack_is_there() -> None:
    assert list(insides.missing(insides.used(REHEARSAL))) == []


def test_what_is_used_is_read_from_the_source(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        "def outer():\n"
        "    from ministack.services import iam, nothing\n"
        "    def inner():\n"
        "        from ministack.services.cloudformation import stacks as their\n"
        "        their._add_event = iam._roles.gone(1).more\n"
        "    return other._name\n",
        "utf-8",
    )
    used = insides.used(tmp_path)
    assert used == {
        "ministack.services:iam",
        "ministack.services:iam._roles",
        "ministack.services:iam._roles.gone",
        "ministack.services:nothing",
        "ministack.services.cloudformation:stacks",
        "ministack.services.cloudformation:stacks._add_event",
    }
    assert sorted(insides.missing(used)) == [
        "ministack.services.iam._roles.gone",
        "ministack.services.nothing",
    ]


def test_a_name_that_is_gone_is_said_before_anything_begins() -> None:
    done = run(LOST)
    assert done.stdout == (
        "this ministack is not the one that the rehearsal knows: it has no ministack.services.sns._fanout\n"
    ), done.stderr


def test_no_container_is_started(tmp_path: Path) -> None:
    package = tmp_path / "docker"
    package.mkdir()
    (package / "__init__.py").write_text(DOCKER, "utf-8")
    # An address that is no socket counts as a daemon that is there.
    done = run(DATABASE, PYTHONPATH=f"{ROOT}:{tmp_path}", DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.stdout == "orders\n", done.stderr
    assert not (package / "used").exists()


def test_what_is_meant_for_aws_and_for_others_does_not_matter(tmp_path: Path) -> None:
    elsewhere = "http://127.0.0.1:9"
    settings = tmp_path / "config"
    settings.write_text(
        f"[default]\nendpoint_url = {elsewhere}\nuse_fips_endpoint = true\nca_bundle = /nowhere\n"
        f"retry_mode = none\nservices = local\n[services local]\ns3 =\n  endpoint_url = {elsewhere}\n",
        "utf-8",
    )
    done = run(
        FOREIGN,
        AWS_CONFIG_FILE=str(settings),
        AWS_PROFILE="gone",
        AWS_SESSION_TOKEN="stale",  # noqa: S106 - nobody's
        AWS_ENDPOINT_URL=elsewhere,
        AWS_CA_BUNDLE="/nowhere",
        HTTP_PROXY=elsewhere,
        http_proxy=elsewhere,
        ALL_PROXY=elsewhere,
        SERVICES="sqs",
        PERSIST_STATE="1",
        STATE_DIR=str(tmp_path / "state"),
        MINISTACK_HOST="elsewhere",
    )
    assert (done.returncode, done.stdout) == (0, "111122223333\n[]\n"), done.stderr
    assert not (tmp_path / "state").exists()
