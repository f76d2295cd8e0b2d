"""A rehearsal that somebody attends at a terminal, and one that is left running."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from cfnpipe.errors import BadInput, CfnpipeError
from cfnpipe.rehearsal.server import VERSION, require, take
from tests.conftest import ROOT
from tests.terminal import Terminal

ASKED = (
    r"\n(\S+) ([0-9a-f]{8})(?:, behind which ([0-9a-f]{8}) waits)?"
    r": approve as (\w+)\? \(yes, no, later\) \[yes\]: "
)
OTHERS = ("requirements.lock", ".gitignore")
CONFIG = "config/production-us.yaml"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the example, which is no Git repository."""
    for name in ("config", "templates", "stacks", "buildspecs"):
        shutil.copytree(ROOT / name, tmp_path / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHERS:
        shutil.copy(ROOT / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


def attended(tree: Path, *arguments: str, **environment: str) -> Terminal:
    return Terminal(tree, "rehearse", "-e", "production-us", *arguments, PYTHONPATH=str(ROOT), **environment)


def cfnpipe(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "cfnpipe", *arguments]
    return subprocess.run(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def aws(shown: str, *arguments: str) -> Any:
    """What the AWS CLI answers in a second terminal, with the line that the first one shows."""
    exported = re.search(r"\n  export (.*)\n", shown)
    assert exported
    environment = dict(each.split("=", 1) for each in exported[1].split())
    done = subprocess.run(
        ["aws", "codepipeline", *arguments, "--output", "json"],
        env=environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout or "null")


def decide(shown: str, pipeline: str, review: str, status: str = "Approved") -> None:
    """Decide in a second terminal."""
    state = aws(shown, "get-pipeline-state", "--name", pipeline)
    action = f"Approve-{review}"
    states = {each["actionName"]: each for each in state["stageStates"][1]["actionStates"]}
    token = states[action]["latestExecution"]["token"]
    where = ("--pipeline-name", pipeline, "--stage-name", "Deploy", "--action-name", action, "--token", token)
    aws(shown, "put-approval-result", *where, "--result", f"summary=Seen,status={status}")


def table(shown: str) -> list[list[str]]:
    """The rows of the last table."""
    lines = shown.rpartition("  Pipeline ")[2].splitlines()[1:]
    rows = []
    for line in lines:
        if not re.match(r"  \w+_production-us |  [\w-]+_production-us ", line):
            break
        rows.append(line.split())
    return rows


def test_somebody_attends_and_somebody_else_decides(tree: Path) -> None:
    with attended(tree) as terminal:
        asked = terminal.until(ASKED)
        execution = asked[2]
        assert asked.groups() == ("pipelines_production-us", execution, None, "owners")
        waits = (
            rf"\n  [\d:]+  pipelines_production-us  {execution}  Deploy/Approve-owners  waits for owners\n"
        )
        assert re.search(waits, terminal.shown)
        assert [row for row in table(terminal.shown) if row[0] == asked[1]] == [
            ["pipelines_production-us", "Deploy", "InProgress", execution, "owners"]
        ]
        assert "  10 resources: 10 add\n" in terminal.shown
        terminal.enter("perhaps")
        terminal.until("that is none of yes, no, later\n")
        terminal.enter("later")
        terminal.until("pipelines_production-us: left; Enter asks again")
        terminal.enter("")
        terminal.until(ASKED)
        decide(terminal.shown, "pipelines_production-us", "owners")
        said = "pipelines_production-us Approve-owners: somebody else has decided, so no answer is needed\n"
        terminal.until(said)
        assert terminal.until(ASKED)[4] == "operations"
        terminal.enter("no")
        terminal.until(rf"  {execution}  Deploy/Approve-operations  Failed")
        terminal.until(rf"\n  pipelines_production-us +Deploy +Failed +{execution} +\n")
        terminal.until("nothing moves now")
        terminal.interrupt()
        assert terminal.ends() == 130
        assert terminal.shown.endswith("\n^Cinterrupted\n")
        assert "Traceback" not in terminal.shown


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cfnpipe(ROOT, "rehearse", "--script", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.splitlines()[1:] == [
        f"error: port {port} cannot be used: Address already in use",
        "  hint: choose another one, or leave --port out for any that is free",
    ]


def test_a_port_that_another_rehearsal_has_taken_before_it_answers() -> None:
    with take(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port} cannot be used: Address already in use"):
            take(port)


def test_what_is_not_rendered_is_refused(tree: Path) -> None:
    stale = tree / "stacks/production-us/network/template.json"
    stale.unlink()
    done = cfnpipe(tree, "rehearse", "--script", "-e", "production-us")
    assert done.returncode == 3
    assert done.stderr.splitlines()[1:] == [
        "stacks/production-us/network/template.json: error: not what the definitions make",
        "  hint: run: cfnpipe render -e production-us; then review and commit stacks/",
    ]


def test_the_local_aws_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert metadata.version("ministack") == VERSION
    require()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(CfnpipeError) as raised:
        require()
    assert raised.value.message == f"the rehearsal needs ministack {VERSION}, found none"
    assert raised.value.hint == "run: pip install 'cfnpipe[rehearse]'"


def approve_all(terminal: Terminal) -> None:
    """Say yes until nothing moves."""
    while terminal.until(rf"{ASKED}|nothing moves now")[1]:
        terminal.enter("yes")


def configure(tree: Path, size: int) -> None:
    text = re.sub(r"ImageId: ", f"MaxSize: {size}\n      ImageId: ", (tree / CONFIG).read_text("utf-8"))
    text = re.sub(r"(MaxSize: \d+\n      )+", f"MaxSize: {size}\n      ", text)
    (tree / CONFIG).write_text(text, "utf-8")
    assert cfnpipe(tree, "render", "-e", "production-us").returncode == 0


@pytest.mark.slow
def test_a_change_of_the_working_tree_is_followed(tree: Path) -> None:
    with attended(tree) as terminal:
        approve_all(terminal)
        assert {(row[1], row[2]) for row in table(terminal.shown)} == {
            ("Sync", "Succeeded"),
            ("Deploy", "Succeeded"),
        }
        before = {row[0]: row[3] for row in table(terminal.shown)}
        assert len(before) == 7

        good = (tree / CONFIG).read_text("utf-8")
        (tree / CONFIG).write_text("region: [", "utf-8")
        terminal.until(rf"\n{CONFIG}:\d.*; the rehearsal goes on with what it knew before\n")
        terminal.until(r"  cfnpipe_sync_production-us  \w+  Validate/Validate  Failed  ")
        (tree / CONFIG).write_text(good, "utf-8")
        terminal.until(r"  cfnpipe_sync_production-us  \w+  Sync/Sync  Succeeded")
        terminal.until("nothing moves now")

        configure(tree, 13)
        older = terminal.until(ASKED)
        assert older.group(1, 3, 4) == ("orders-service_production-us", None, "owners")
        sync = "cfnpipe_sync_production-us"
        now = {row[0]: row[3] for row in table(terminal.shown)}
        assert {name for name in now if now[name] != before[name]} == {sync, older[1]}

        configure(tree, 14)
        again = terminal.until(
            r"\n(\S+) ([0-9a-f]{8}), behind which ([0-9a-f]{8}) waits: approve as owners\?"
        )
        assert again.group(1, 2) == older.group(1, 2)
        told = f"\n{older[1]}: {again[3]} waits behind {older[2]}, which waits for owners\n"
        assert told in terminal.shown
        terminal.enter("yes")
        asked = terminal.until(ASKED)
        assert asked.groups() == (older[1], older[2], again[3], "operations")
        assert [row for row in table(terminal.shown) if row[0] == older[1]] == [
            [older[1], "Deploy", "InProgress", older[2], "operations;", again[3], "waits", "behind", "it"]
        ]
        terminal.enter("yes")
        terminal.until(rf"  {older[1]}  {older[2]}  Deploy/Protect  Succeeded")
        asked = terminal.until(ASKED)
        assert asked.groups() == (older[1], again[3], None, "owners")
        terminal.enter("later")
        terminal.until("left; Enter asks again")

        shared = tree / "config/_production.yaml"
        text = shared.read_text("utf-8").replace("operations]", "operations, security]")
        shared.write_text(text, "utf-8")
        assert cfnpipe(tree, "render").returncode == 0
        while terminal.until(rf"{ASKED}|\nmay decide from now on: security\n")[1]:
            terminal.enter("yes")
        while terminal.until(ASKED)[4] != "security":
            terminal.enter("yes")
        terminal.interrupt()
        assert terminal.ends() == 130
        assert terminal.shown.endswith("[yes]: ^C\ninterrupted\n")
        assert "Traceback" not in terminal.shown


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["rehearsing", "CREATE_IN_PROGRESS", "Validate InProgress"])
def test_it_can_be_interrupted_at_any_moment(tree: Path, tmp_path: Path, moment: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with attended(tree, TMPDIR=str(scratch)) as terminal:
        terminal.until(moment)
        terminal.interrupt()
        terminal.until(r"Let the operation of \S+ run on\? \[Y/n\]: |interrupted\n")
        if "run on?" in terminal.shown:
            terminal.enter("n")
        assert terminal.ends() == 130
        assert "Traceback" not in terminal.shown
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["rehearsing", "CREATE_IN_PROGRESS", "Validate InProgress", "approve as"])
def test_its_terminal_may_be_closed_at_any_moment(tree: Path, tmp_path: Path, moment: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with attended(tree, TMPDIR=str(scratch)) as terminal:
        terminal.until(moment, 120)
        assert terminal.closed() == 129
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_two_at_once(tree: Path) -> None:
    with attended(tree) as one, attended(tree) as other:
        addresses = {each.until(r"answers at (\S+);")[1] for each in (one, other)}
        assert len(addresses) == 2
        for each in (one, other):
            each.until(ASKED, 120)
            each.interrupt()
        assert [each.ends() for each in (one, other)] == [130, 130]


@pytest.mark.slow
def test_it_can_be_kept_after_the_script(tree: Path) -> None:
    with attended(tree, "--script", "--keep") as terminal:
        terminal.until("the local AWS stays, for a second terminal; Ctrl-C ends it\n", 180)
        pipeline = "network_production-us"
        listed = aws(terminal.shown, "list-pipeline-executions", "--pipeline-name", pipeline)
        assert [each["status"] for each in listed["pipelineExecutionSummaries"]] == ["Succeeded"] * 2
        started = aws(terminal.shown, "start-pipeline-execution", "--name", pipeline)["pipelineExecutionId"]
        terminal.until(rf"  {pipeline}  {started[:8]}  Deploy/Approve-owners  waits for owners\n")
        for review in ("owners", "operations"):
            terminal.until(rf"\n  {pipeline} +Deploy +InProgress +{started[:8]} +{review} *\n")
            decide(terminal.shown, pipeline, review)
        terminal.until(rf"\n  {pipeline} +Deploy +Succeeded +{started[:8]} *\n")
        terminal.interrupt()
        assert terminal.ends() == 130
        assert "Traceback" not in terminal.shown
