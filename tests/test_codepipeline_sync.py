"""The sync pipeline of the example, from a commit to bundles, and what starts then."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests import rehearsed
from tests.conftest import ROOT
from tests.rehearsed import ENVIRONMENT, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rehearsed import Rehearsed

SYNC, PIPELINES = f"cfnpipe_sync_{ENVIRONMENT}", f"pipelines_{ENVIRONMENT}"
READ = ("config", "templates", "stacks", "buildspecs")
"""The folders that the jobs read."""


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Rehearsed]:
    checkout = tmp_path / "checkout"
    for name in READ:
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.lock", ".gitattributes", ".cfnlintrc"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, checkout)
    rehearsed.git(checkout, "init", "--quiet", "--initial-branch", "master")
    rehearsed.commit(checkout, {}, "Begin")
    for local in rehearsed.served({"example/infrastructure": checkout}):
        for stack in ("access", "sync"):
            local.deploy(stack)
        yield local


def test_a_commit_becomes_bundles_and_the_process_makes_itself(aws: Rehearsed) -> None:
    (first,) = aws.executions(SYNC)
    assert aws.ends(SYNC, first["pipelineExecutionId"], 60) == "Succeeded"
    done = aws.actions(SYNC, first["pipelineExecutionId"])
    build = done["Sync"]["output"]["executionResult"]["externalExecutionId"]
    said = aws.runner.site.builds.log(build)
    assert "6 bundles: 6 new" in said
    ran = aws("codebuild").batch_get_builds(ids=[build])["builds"][0]
    kept = aws("logs").get_log_events(
        logGroupName=ran["logs"]["groupName"], logStreamName=ran["logs"]["streamName"]
    )
    assert [each["message"] for each in kept["events"]] == [line for line in said.splitlines() if line]

    running = until(lambda: [each for each in aws.executions(PIPELINES) if each["status"] == "InProgress"])
    (execution,) = [each["pipelineExecutionId"] for each in running]
    commit = done["Checkout"]["output"]["outputVariables"]["CommitId"]
    (revision,) = running[0]["sourceRevisions"]
    assert revision["revisionSummary"] == f"{commit[:12]} Begin (A Developer)"
    for name in ("Approve-owners", "Approve-operations"):
        aws.decide(PIPELINES, name, execution)
    assert aws.ends(PIPELINES, execution) == "Succeeded"
    names = [
        each["name"].removesuffix(f"_{ENVIRONMENT}") for each in aws.pipelines.list_pipelines()["pipelines"]
    ]
    assert names == [
        *("access", "cfnpipe_sync", "network", "orders-database", "orders-service", "pipelines", "sync"),
    ]
    assert aws.executions(SYNC)[0]["trigger"]["triggerType"] == "StartPipelineExecution"
