"""`cfnpipe start --behind` against a server that speaks as S3 and CodePipeline do."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, get_args

import pytest
from click.testing import CliRunner

from cfnpipe.aws import AwsError
from cfnpipe.cli import main
from cfnpipe.model import INIT_STACKS, State, Version
from tests.conftest import ROOT
from tests.fleets import NOON, Line, Run, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from tests.conftest import Repository

CONFIGURATION = """\
environment: test
account: "111122223333"
region: us-east-1
source:
  provider: codecommit
  repository: infrastructure
  branch: master
notify: [infrastructure@example.com]
review: [owners]
stacks:
  database: {template: network}
  network: {}
  service: {template: network}
"""
BUSY = "codepipeline:StartPipelineExecution on {}: ConflictException: The pipeline is busy."
BUCKET = "cfnpipe-test-source-111122223333-us-east-1"


def executions(world: World, asked: dict[str, Any]) -> dict[str, Any] | None:
    words = {"rejected": "Failed", "running": "InProgress", "cancelled": "InProgress"}
    line = world.lines.get(asked["pipelineName"])
    return line and {
        "pipelineExecutionSummaries": [
            {
                "pipelineExecutionId": run.id,
                "status": words.get(run.status, run.status.capitalize()),
                "startTime": run.started.timestamp(),
                "sourceRevisions": [{"actionName": k, "revisionId": v} for k, v in run.took.items()],
            }
            for run in line.runs
        ]
    }


def actions(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "actionExecutionDetails": [
            {
                "pipelineExecutionId": run.id,
                "stageName": "Deploy",
                "actionName": "Approve-owners",
                "startTime": run.started.timestamp(),
                "updatedBy": "arn:aws:iam::111122223333:user/reviewer",
                "status": "Failed",
                "input": {"actionTypeId": {"category": "Approval"}},
            }
            for run in world.lines[asked["pipelineName"]].runs
            if run.status == "rejected"
        ]
    }


def state(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    line = world.lines[asked["name"]]
    source = {"actionStates": [{"actionName": name} for name in line.sources]}
    return {"pipelineVersion": line.definition, "stageStates": [source]}


def execution(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    version = world.version(asked["pipelineName"], asked["pipelineExecutionId"])
    return {"pipelineExecution": {"pipelineVersion": version}}


def started(world: World, asked: dict[str, Any]) -> dict[str, Any] | None:
    if asked["name"] in world.broken:
        return None
    return {"pipelineExecutionId": world.start(asked["name"], asked["clientRequestToken"])}


OPERATIONS: dict[str, Callable[[World, dict[str, Any]], dict[str, Any] | None]] = {
    "ListPipelineExecutions": executions,
    "ListActionExecutions": actions,
    "GetPipelineState": state,
    "GetPipelineExecution": execution,
    "StartPipelineExecution": started,
}
REFUSALS = {
    "ListPipelineExecutions": {"__type": "PipelineNotFoundException", "message": "No such pipeline."},
    "StartPipelineExecution": {"__type": "ConflictException", "message": "The pipeline is busy."},
}


class Handler(BaseHTTPRequestHandler):
    """Answers for S3 and CodePipeline, out of a world."""

    world: World

    def do_HEAD(self) -> None:
        key = self.path.removeprefix(f"/{BUCKET}").lstrip("/")
        found = self.world.objects.get(key)
        self.send_response(200 if found or not key else 404)
        if found:
            self.send_header("x-amz-version-id", found.id)
            self.send_header("Last-Modified", format_datetime(datetime.now(UTC) - found.age, usegmt=True))
        self.end_headers()

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = OPERATIONS[operation](self.world, asked)
        body = json.dumps(REFUSALS[operation] if answer is None else answer).encode()
        self.send_response(400 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A repository to work in, and what AWS has of it: stacks in several states, and no init stack."""
    made = World(
        lines={
            "database_test": Line(runs=[Run("run-c", "succeeded", {"Bundle": "c"})]),
            "network_test": Line(runs=[Run("run-a", "failed", {"Bundle": "n"})]),
            "service_test": Line(runs=[Run("run-b", "rejected", {"Bundle": "s"})]),
            "sync_test": Line(runs=[Run("run-d", "cancelled", {"Bundle": "y"}, definition=0)]),
        },
        objects={
            f"stacks/{stack}/bundle.zip": Version(version, NOON, timedelta(hours=1))
            for stack, version in {
                "database": "c",
                "network": "n",
                "service": "s",
                "sync": "y",
                "pipelines": "p",
            }.items()
        },
    )
    handler = type("Answering", (Handler,), {"world": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    repository.write("config/test.yaml", CONFIGURATION)
    for stack in INIT_STACKS:
        repository.write(f"templates/{stack}.py", "")
    monkeypatch.chdir(repository.root)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["start", "test", *arguments])


@pytest.mark.usefixtures("world")
def test_a_dry_run_shows_what_is_behind() -> None:
    done = run("--behind", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
  ? access     no bundle in S3; cfnpipe sync carries it there
  > network    execution run-a failed
  ? pipelines  no pipeline for it yet; the stack pipelines makes it
  > sync       execution run-d cancelled
6 stacks: 1 without a bundle, 1 succeeded, 2 behind, 1 without a pipeline, 1 rejected
"""
    )


def test_what_is_behind_is_started_once(world: World) -> None:
    done = run("--behind", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
  ? access     no bundle in S3; cfnpipe sync carries it there
  > network    started execution run-0
  ? pipelines  no pipeline for it yet; the stack pipelines makes it
  > sync       started execution run-1
6 stacks: 1 without a bundle, 1 succeeded, 2 started, 1 without a pipeline, 1 rejected
"""
    )
    again = run("--behind", "--yes")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout.splitlines()[-1] == (
        "6 stacks: 1 without a bundle, 1 succeeded, 2 running, 1 without a pipeline, 1 rejected"
    )
    assert len(world.tokens) == 2


def test_the_result_as_json(world: World) -> None:
    world.broken["sync_test"] = AwsError("busy")
    done = run("--behind", "--yes", "--json")
    assert done.exit_code == 1
    stacks = {each.pop("stack"): each for each in json.loads(done.stdout)["stacks"]}
    assert stacks["network"] == {
        "pipeline": "network_test",
        "state": "behind",
        "versions": {"Bundle": "n"},
        "execution": "run-a",
        "status": "failed",
        "started": "run-0",
        "message": "",
        "hint": "",
    }
    assert stacks["service"] == stacks["network"] | {
        "pipeline": "service_test",
        "state": "rejected",
        "versions": {"Bundle": "s"},
        "execution": "run-b",
        "status": "rejected",
        "started": "",
    }
    assert stacks["sync"]["message"] == BUSY.format("sync_test")
    assert done.stderr == f"error: {BUSY.format('sync_test')}\n"


def test_what_could_not_be_started_is_named(world: World) -> None:
    world.broken["network_test"] = AwsError("busy")
    done = run("--behind", "--yes")
    assert done.exit_code == 1
    assert "  ! network    not started\n" in done.stdout
    assert ", 1 not started, " in done.stdout.splitlines()[-1]
    assert done.stderr == f"error: {BUSY.format('network_test')}\n"


def test_nothing_is_started_unless_somebody_says_yes(world: World) -> None:
    done = run("--behind")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == (
        "error: nobody is here to say yes\n  hint: add --yes; --dry-run shows what would be done\n"
    )
    assert world.tokens == {}


def test_where_nothing_is_behind_nobody_is_asked(world: World) -> None:
    world.objects.clear()
    done = run("--behind")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "6 stacks: 6 without a bundle"


def test_which_stacks_must_be_said() -> None:
    done = CliRunner().invoke(main, ["start", "test"])
    assert done.exit_code == 2
    assert done.stderr.endswith("Error: Missing option '--behind'.\n")


def test_the_page_tells_every_state() -> None:
    page = (ROOT / "docs/commands/start.md").read_text("utf-8")
    assert [state for state in get_args(State) if f"| `{state}` |" not in page] == []
