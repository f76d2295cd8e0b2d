"""`deploy-init` with a connection whose handshake somebody completes meanwhile: `python -m tests.handshake`.

A process of its own, because there is one local AWS in a process.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cfnpipe import config, console, names
from cfnpipe.rehearsal.door import HANDSHAKES
from cfnpipe.rehearsal.rehearse import Rehearsal, choose, rehearsing
from tests.conftest import ROOT
from tests.programs import ENVIRONMENT, Silent, variables

if TYPE_CHECKING:
    from pathlib import Path

    from cfnpipe.model import Execution

EVER = datetime(2000, 1, 1, tzinfo=UTC)
COMPLETE = """
import os, sys, urllib.error, urllib.request
credential = os.environ["AWS_ACCESS_KEY_ID"] + "/20261126/us-east-1/codeconnections/aws4_request"
asked = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + sys.argv[1], method=sys.argv[2])
asked.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={credential}")
try:
    with urllib.request.urlopen(asked) as answer:
        print(answer.status, answer.read().decode().strip())
except urllib.error.HTTPError as error:
    print(error.code)
"""
"""What a person does in the console, in a process of its own."""


@dataclass
class Handshake:
    """The rehearsal, and a checkout whose environment has a connection that was just made."""

    rehearsal: Rehearsal
    tree: Path
    arn: str
    variables: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.variables = variables(self.rehearsal.process)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command as somebody runs it in a checkout."""
        return subprocess.Popen(
            [sys.executable, "-m", "cfnpipe", "deploy-init", ENVIRONMENT, "--yes", *arguments],
            cwd=self.tree,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str = "POST", path: str = "", **variables: str) -> str:
        """What the side door answers to another process."""
        command = [sys.executable, "-c", COMPLETE, path or HANDSHAKES + self.arn, method]
        done = subprocess.run(
            command, env=self.variables | variables, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def synced(self) -> list[Execution]:
        pipelines = self.rehearsal.process.pipelines
        return pipelines.executions(names.sync_pipeline(ENVIRONMENT), EVER) or []

    def rest(self) -> None:
        watch = self.rehearsal.process.watch
        watch.until(lambda: bool(self.synced()) and self.synced()[0].status != "running", "the sync ends", 60)


def without_waiting(day: Handshake) -> None:
    """`--no-wait` tells how it stands and what comes next, and that is all."""
    done = day.start("--no-wait")
    stdout, stderr = done.communicate(timeout=120)
    page = console.connections("us-east-1")
    assert done.returncode == 0, stderr
    assert "connection orders: PENDING" in stderr, stderr
    assert f"complete it in the console ({page}): Update pending connection" in stderr, stderr
    assert re.search(rf"Next:\n(.*\n)*.*connection.*{re.escape(page)}", stdout), stdout
    day.rest()
    (execution,) = day.synced()
    assert execution.status == "failed"
    sync = names.sync_pipeline(ENVIRONMENT)
    failed = [each for each in day.rehearsal.process.pipelines.activities(sync) if each.status == "Failed"]
    assert [each.message for each in failed] == [f"Connection {day.arn} is not available"]


def waiting(day: Handshake) -> None:
    """Without it the command waits, and goes on when another process has completed the handshake."""
    command = day.start()
    assert command.stderr is not None
    told = []
    for line in command.stderr:
        told.append(line)
        if "Update pending connection" in line:
            break
    assert any("connection orders: PENDING" in line for line in told), told
    assert command.poll() is None
    iam = day.rehearsal.process.root.client("iam")
    iam.create_user(UserName="somebody")
    key = iam.create_access_key(UserName="somebody")["AccessKey"]["AccessKeyId"]
    assert day.ask(AWS_ACCESS_KEY_ID=key) == "403"
    assert day.ask("GET") == "405"
    assert day.ask(path=f"{HANDSHAKES}{day.arn}x") == "404"
    assert len(day.synced()) == 1
    assert day.ask() == f"200 {day.arn} is AVAILABLE"
    stdout, stderr = command.communicate(timeout=240)
    assert command.returncode == 0, stderr
    assert "connection orders: AVAILABLE" in stderr, stderr
    assert "PENDING" not in stderr, stderr
    assert "approve Approve-owners of pipelines_production-us: https://" in stdout, stdout
    assert [each.status for each in day.synced()] == ["succeeded", "failed"]


def main() -> None:
    project, stage = config.load(ROOT), Silent()
    with rehearsing(project, choose(project, ENVIRONMENT), stage) as rehearsal:
        script = rehearsal.script(stage)
        tree = script.workspace.tree
        client = rehearsal.process.root.client("codeconnections")
        arn = client.create_connection(ConnectionName="orders", ProviderType="GitHub")["ConnectionArn"]
        configured = tree / "config" / f"{ENVIRONMENT}.yaml"
        known = rehearsal.process.environment.source.connection  # type: ignore[union-attr]
        configured.write_text(configured.read_text("utf-8").replace(known, arn), "utf-8")
        script.render()
        assert script.workspace.snapshot("A connection of its own")
        day = Handshake(rehearsal, tree, arn)
        for each in (without_waiting, waiting):
            each(day)
            print(f"{each.__name__}: ok", flush=True)


if __name__ == "__main__":
    main()
