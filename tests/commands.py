"""The real `cfnpipe deploy-init`, interrupted and refused: `python -m tests.commands NAME...`.

A process of its own, because there is one local AWS in a process. Each part begins with an empty account.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ground import play
from tests.local_aws import free_port
from tests.programs import ENVIRONMENT, Silent, aws, cfnpipe, variables
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ground import Ground

COMMAND = ("deploy-init", ENVIRONMENT, "--yes", "--no-wait")
AGAIN = "hint: run the same command again to go on"


def interrupted(there: Ground, stack: str, resource: str, answer: str, tree: Path) -> str:
    """Press Ctrl-C while a resource takes its time, answer, and let it go on; what is said last."""
    with (
        there.faults.waiting(resource),
        Terminal(tree, *COMMAND, **variables(there.process, TERM="dumb")) as command,
    ):
        assert there.faults.reached.wait(30), command.shown
        command.until("_IN_PROGRESS")
        command.interrupt()
        command.until(rf"Let the operation of {ENVIRONMENT}-{stack} run on\? \[Y/n\]")
        command.enter(answer)
        code, last = command.ends(), "\n".join(command.shown.splitlines()[-2:])
    assert code == 130, command.shown
    assert "Traceback" not in command.shown
    there.settled()
    return last


def creation(there: Ground) -> None:
    """Ctrl-C during creations: what leaves nothing behind is deleted again, all else runs on."""
    tree = there.rehearsal.workspace.tree
    assert interrupted(there, "access", "ValidateRole", "n", tree) == (
        f"error: interrupted; production-us-access is deleted again\n  {AGAIN}"
    )
    assert there.stack("access") is None
    assert not there.process.root.client("iam").list_roles()["Roles"]
    assert interrupted(there, "access", "ValidateRole", "y", tree) == (
        f"error: interrupted; the operation of production-us-access runs on\n  {AGAIN}"
    )
    assert there.status("access") == "CREATE_COMPLETE"
    last = interrupted(there, "sync", "SyncProject", "n", tree)
    left = (
        "ArtifactBucket, Key, KeyAlias, LogBucket, ProtectLog, ResumeLog, SourceBucket, SyncLog, ValidateLog"
    )
    assert last == (
        "error: interrupted; its creation runs on, because deleting production-us-sync now would leave"
        f" {left}, in the way of the next creation\n  {AGAIN}"
    ), last
    assert there.status("sync") == "CREATE_COMPLETE"
    done = cfnpipe(there.process, tree, *COMMAND)
    assert done.stdout.splitlines()[:2] == [
        "production-us-access: unchanged (CREATE_COMPLETE)",
        "production-us-sync: unchanged (CREATE_COMPLETE)",
    ], done.stderr


def update(there: Ground) -> None:
    """Ctrl-C during an update: it is rolled back, or runs on where nobody is there to be asked."""
    script = there.rehearsal.script(Silent())
    tree = script.workspace.tree
    assert cfnpipe(there.process, tree, *COMMAND).returncode == 0
    config = tree / "config"
    (config / f"{ENVIRONMENT}.yaml").rename(config / "_before.yaml")
    text = "extends: _before.yaml\nstacks: {sync: {tags: {Changed: twice}}}\n"
    (config / f"{ENVIRONMENT}.yaml").write_text(text, "utf-8")
    script.render()
    assert interrupted(there, "sync", "SyncProject", "n", tree) == (
        f"error: interrupted; the update of production-us-sync is rolled back\n  {AGAIN}"
    )
    assert there.status("sync") == "UPDATE_ROLLBACK_COMPLETE"
    with there.faults.waiting("SyncProject"):
        command = subprocess.Popen(
            [sys.executable, "-m", "cfnpipe", *COMMAND],
            cwd=tree,
            env=variables(there.process),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert there.faults.reached.wait(30)
        assert command.stderr
        while "SyncProject" not in (line := command.stderr.readline()) or "IN_PROGRESS" not in line:
            assert line, "it has ended"
        command.send_signal(signal.SIGINT)
        said = command.communicate()[1]
    assert command.returncode == 130
    assert said.endswith(f"error: interrupted; the operation of production-us-sync runs on\n  {AGAIN}\n"), (
        said
    )
    there.settled()
    assert there.status("sync") == "UPDATE_COMPLETE"
    done = cfnpipe(there.process, tree, *COMMAND)
    assert "production-us-sync: unchanged (UPDATE_COMPLETE)\n" in done.stdout, done.stderr


def refusals(there: Ground) -> None:
    """What AWS says to everybody one day, in one line each, with nothing written."""
    refused(there, ("sts:GetCallerIdentity on the caller: the credentials have expired",), **expired())
    with tempfile.TemporaryDirectory() as home:
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": home}
        refused(there, ("Unable to locate credentials", "hint: log in, or set AWS_PROFILE"), **nobody)
        settings = Path(home) / "config"
        settings.write_text(SSO, "utf-8")
        refused(
            there,
            ("hint: log in again: aws sso login",),
            AWS_CONFIG_FILE=str(settings),
            AWS_PROFILE="admin",
            **nobody,
        )
    key, secret = user(there)
    newcomer = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    stack = "production-us-pipelines"
    for missing in ("DescribeStacks", "CreateChangeSet", "ExecuteChangeSet"):
        needed = f"cloudformation:{missing}"
        allow(there, but=needed)
        denied = f"{needed} on {stack}: access denied"
        refused(
            there, (denied, f"hint: these credentials need {needed}, and nothing may deny it"), **newcomer
        )
        stack = "production-us-access"
    with throttling() as endpoint:
        refused(there, ("too many requests, after several attempts (Throttling)",), AWS_ENDPOINT_URL=endpoint)
    before = time.monotonic()
    nowhere = f"http://127.0.0.1:{free_port()}"
    refused(there, ("Could not connect to the endpoint URL", "check the network"), AWS_ENDPOINT_URL=nowhere)
    assert time.monotonic() - before < 20


def region(there: Ground) -> None:
    """The environment's region counts, whatever the caller's is; a stack in another one is not seen."""
    template = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    elsewhere = ("--region", "eu-west-1", "--stack-name", "production-us-access")
    aws(there.process, "cloudformation", "create-stack", *elsewhere, "--template-body", template)
    done = cfnpipe(
        there.process,
        there.rehearsal.workspace.tree,
        "deploy-init",
        ENVIRONMENT,
        "--dry-run",
        AWS_REGION="eu-west-1",
        AWS_DEFAULT_REGION="eu-west-1",
    )
    assert done.stdout == "production-us-access: planned\nproduction-us-sync: planned\n", done.stderr
    assert done.stderr.startswith(
        "arn:aws:iam::111122223333:root in account 111122223333, region us-east-1\n"
    ), done.stderr


def refused(there: Ground, texts: tuple[str, ...], **given: str) -> None:
    """See that the command ends with exit code 3, one error and a hint, and that nothing is there.

    `given`: environment variables besides those of the account's root; empty for one that is not set.
    """
    environment = {**variables(there.process), **given}
    done = subprocess.run(
        [sys.executable, "-m", "cfnpipe", *COMMAND],
        cwd=there.rehearsal.workspace.tree,
        env={name: value for name, value in environment.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert len(re.findall("^error: ", done.stderr, re.MULTILINE)) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert all(text in done.stderr for text in texts), done.stderr
    assert there.process.root.client("cloudformation").describe_stacks()["Stacks"] == []


SSO = """\
[profile admin]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Administrator
[sso-session company]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
"""


def expired() -> dict[str, str]:
    """Credentials of a session that has ended."""
    from ministack.services import sts

    given = {
        "AWS_ACCESS_KEY_ID": "ASIA0123456789ABCDEF",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    }
    session = {
        "Arn": "arn:aws:sts::111122223333:assumed-role/admin/somebody",
        "UserId": "AROA:somebody",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "Expiration": time.time() - 1,
        "AccountId": "111122223333",
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(given["AWS_ACCESS_KEY_ID"], session)
    return given


def user(there: Ground) -> tuple[str, str]:
    """An IAM user who may do nothing."""
    iam = there.process.root.client("iam")
    iam.create_user(UserName="newcomer")
    made = iam.create_access_key(UserName="newcomer")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def allow(there: Ground, *, but: str) -> None:
    """Give the user all rights on stacks but one."""
    statements = [
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
        {"Effect": "Deny", "Action": but, "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    there.process.root.client("iam").put_user_policy(
        UserName="newcomer", PolicyName="some", PolicyDocument=document
    )


class Throttles(BaseHTTPRequestHandler):
    """Answers as AWS does to whoever asks too often."""

    def do_POST(self) -> None:
        body = (
            b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            b"<Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
        )
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def throttling() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Throttles)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


PARTS = (creation, update, refusals, region)

if __name__ == "__main__":
    play(PARTS, sys.argv[1:])
