"""CodePipeline's answers become model objects. The answers have the form of recorded ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from cfnpipe.aws import AwsError, Session
from cfnpipe.aws.codepipeline import READS, STARTS, Pace, Pipelines
from cfnpipe.aws.s3 import Bucket
from cfnpipe.errors import BadInput
from cfnpipe.model import Activity, Execution, Pipeline, Revision, StageState, Version
from cfnpipe.rehearsal.rights.patterns import several
from tests import environments

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "network_production-us"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEN_PAST = {"HTTPHeaders": {"date": "Mon, 02 Mar 2026 12:10:01 GMT"}}
BEFORE = NOON - timedelta(seconds=1)
REVIEWER = "arn:aws:iam::111122223333:user/reviewer"
RUN = "0f1d5322-6eba-43fa-a572-7ebabc8c7e4d"
OUTSIDE = "a4c551dd-e237-4c25-8c29-b58ca6fc329c"


class World:
    """Pipelines and a bucket whose answers are given, and the pauses that were made."""

    def __init__(self, session: Session) -> None:
        self.pauses: list[float] = []
        self.pipelines = Pipelines(session, sleep=self.pauses.append)
        self.bucket = Bucket(session, "cfnpipe-production-us-source", "111122223333")
        self.codepipeline = Stubber(session.client("codepipeline"))
        self.s3 = Stubber(session.client("s3"))


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        yield Session("us-east-1")


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    made = World(session)
    with made.codepipeline, made.s3:
        yield made
        made.codepipeline.assert_no_pending_responses()
        made.s3.assert_no_pending_responses()


def summary(number: int, status: str, minutes: int, **revisions: str) -> dict[str, Any]:
    """An execution in a listing, so many minutes after noon."""
    sources = [{"actionName": action, "revisionId": version} for action, version in revisions.items()]
    return {
        "pipelineExecutionId": f"{number:08}-6eba-43fa-a572-7ebabc8c7e4d",
        "status": status,
        "startTime": NOON + timedelta(minutes=minutes),
        "sourceRevisions": sources,
        "trigger": {"triggerType": "CloudWatchEvent", "triggerDetail": "rule"},
        "executionMode": "SUPERSEDED",
    }


def listed(*summaries: dict[str, Any], more: str = "") -> dict[str, Any]:
    return {"pipelineExecutionSummaries": list(summaries), **({"nextToken": more} if more else {})}


WORDS = {
    "InProgress": "running",
    "Stopping": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Stopped": "stopped",
    "Superseded": "superseded",
    "Cancelled": "cancelled",
    "SomethingNew": "running",
}


@pytest.mark.parametrize("status", WORDS)
def test_an_execution_has_a_status_a_beginning_and_what_it_took(world: World, status: str) -> None:
    answer = listed(summary(1, status, 5, Template="v1", Configuration="v2"))
    world.codepipeline.add_response("list_pipeline_executions", answer, {"pipelineName": NAME})
    assert world.pipelines.executions(NAME, NOON) == [
        Execution(
            id="00000001-6eba-43fa-a572-7ebabc8c7e4d",
            status=WORDS[status],
            started=NOON + timedelta(minutes=5),
            revisions={"Template": "v1", "Configuration": "v2"},
        )
    ]


def test_codepipeline_has_no_status_that_is_not_known(world: World) -> None:
    model = world.codepipeline.client.meta.service_model
    assert set(model.shape_for("PipelineExecutionStatus").enum) == set(WORDS) - {"SomethingNew"}


def test_an_execution_has_no_revision_of_a_source_that_is_not_finished(world: World) -> None:
    unfinished = summary(1, "InProgress", 5)
    unfinished["sourceRevisions"] = [{"actionName": "Bundle"}]
    world.codepipeline.add_response("list_pipeline_executions", listed(unfinished, summary(2, "Failed", 4)))
    found = world.pipelines.executions(NAME, NOON)
    assert [execution.revisions for execution in found or ()] == [{}, {}]


def test_pages_are_read_until_one_reaches_back_far_enough(world: World) -> None:
    pages = [
        listed(summary(3, "Failed", 9), summary(2, "Failed", 3), more="a"),
        listed(summary(1, "Failed", -1), more="b"),
    ]
    expected = [{"pipelineName": NAME}, {"pipelineName": NAME, "nextToken": "a"}]
    for page, parameters in zip(pages, expected, strict=True):
        world.codepipeline.add_response("list_pipeline_executions", page, parameters)
    found = world.pipelines.executions(NAME, NOON)
    assert [execution.id[:8] for execution in found or ()] == ["00000003", "00000002", "00000001"]


def test_an_empty_page_is_not_the_end(world: World) -> None:
    for page in (listed(more="a"), listed(summary(1, "Succeeded", 1, Bundle="v"))):
        world.codepipeline.add_response("list_pipeline_executions", page)
    assert len(world.pipelines.executions(NAME, NOON) or ()) == 1


def test_there_may_be_no_such_pipeline(world: World) -> None:
    world.codepipeline.add_client_error("list_pipeline_executions", "PipelineNotFoundException", "no", 400)
    assert world.pipelines.executions(NAME, NOON) is None


REFUSALS = {
    "executions": ("list_pipeline_executions", (NOON,), "codepipeline:ListPipelineExecutions"),
    "rejections": ("list_action_executions", (NOON,), "codepipeline:ListActionExecutions"),
    "revision": ("list_action_executions", (RUN,), "codepipeline:ListActionExecutions"),
    "definition": ("get_pipeline_state", (), "codepipeline:GetPipelineState"),
    "version": ("get_pipeline_execution", (RUN,), "codepipeline:GetPipelineExecution"),
    "start": ("start_pipeline_execution", ("token",), "codepipeline:StartPipelineExecution"),
}


@pytest.mark.parametrize("method", REFUSALS)
def test_a_refusal_names_the_permission_that_is_missing(world: World, method: str) -> None:
    operation, arguments, action = REFUSALS[method]
    world.codepipeline.add_client_error(operation, "AccessDeniedException", "no", 400)
    with pytest.raises(AwsError) as refused:
        getattr(world.pipelines, method)(NAME, *arguments)
    assert refused.value.message == f"{action} on {NAME}: access denied"
    assert refused.value.hint == f"these credentials need {action}, and nothing may deny it"


def test_the_sync_role_may_do_all_of_it() -> None:
    role = environments.templates(environments.environment())["access"]["Resources"]["SyncRole"]
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    allowed = {
        action
        for statement in statements
        for action in several(statement["Action"])
        if statement["Effect"] == "Allow"
    }
    assert {action for _, _, action in REFUSALS.values()} | {"s3:GetObject", "s3:ListBucket"} <= allowed


def action(name: str, category: str, status: str, minutes: int = 0, **more: Any) -> dict[str, Any]:
    """An action in a listing. `error`: the code of what went wrong. `by`: who decided."""
    result = {
        "externalExecutionId": "a4c551dd-e237-4c25-8c29-b58ca6fc329c",
        "externalExecutionSummary": "said",
    }
    if "error" in more:
        result["errorDetails"] = {"code": more["error"]}
    made = {
        "pipelineExecutionId": RUN,
        "actionExecutionId": f"{name}-{minutes}",
        "pipelineVersion": 1,
        "stageName": "Deploy",
        "actionName": name,
        "startTime": NOON + timedelta(minutes=minutes),
        "status": status,
        "input": {"actionTypeId": {"category": category, "owner": "AWS", "provider": "Any", "version": "1"}},
        "output": {"outputArtifacts": [], "executionResult": result, "outputVariables": {}},
    }
    return made | ({"updatedBy": more["by"]} if "by" in more else {})


REJECTION = action("Approve-owners", "Approval", "Failed", 1, by=REVIEWER)

REJECTED = {
    "a reviewer said no": ([REJECTION], True),
    "a reviewer said no after another said yes": (
        [
            action("Approve-operations", "Approval", "Failed", 2, by=REVIEWER),
            action("Approve-owners", "Approval", "Succeeded", 1, by=REVIEWER),
        ],
        True,
    ),
    "the mail could not be sent": (
        [action("Approve-owners", "Approval", "Failed", 1, error="ConfigurationError")],
        False,
    ),
    "nobody decided in time": ([action("Approve-owners", "Approval", "Failed", 1)], False),
    "something else failed": (
        [
            action("ExecuteChangeSet", "Deploy", "Failed", 2, error="JobFailed"),
            action("Approve-owners", "Approval", "Succeeded", 1, by=REVIEWER),
        ],
        False,
    ),
    "a deployment failed that somebody touched": (
        [action("Execute", "Deploy", "Failed", by=REVIEWER)],
        False,
    ),
    "no, and yes when it was tried again": (
        [
            action("ExecuteChangeSet", "Deploy", "Failed", 4, error="JobFailed"),
            action("Approve-owners", "Approval", "Succeeded", 3, by=REVIEWER),
            REJECTION,
        ],
        False,
    ),
    "no, tried again, and no again": (
        [REJECTION, action("Approve-owners", "Approval", "Failed", 3, by=REVIEWER)],
        True,
    ),
    "stopped while it waited": ([action("Approve-owners", "Approval", "Abandoned", 1)], False),
    "nothing ran": ([], False),
}


@pytest.mark.parametrize("what", REJECTED)
def test_a_rejection_is_told_from_other_failures(world: World, what: str) -> None:
    actions, rejected = REJECTED[what]
    answer = {"actionExecutionDetails": list(actions)}
    world.codepipeline.add_response("list_action_executions", answer, {"pipelineName": NAME})
    assert world.pipelines.rejections(NAME, NOON) == ({RUN} if rejected else set())


def test_rejections_are_looked_for_as_far_back_as_asked(world: World) -> None:
    other = {"pipelineExecutionId": "another"}
    pages = [
        {"actionExecutionDetails": [action("ExecuteChangeSet", "Deploy", "Failed", 2)], "nextToken": "a"},
        {"actionExecutionDetails": [REJECTION, REJECTION | other | {"startTime": BEFORE}], "nextToken": "b"},
    ]
    expected = [{"pipelineName": NAME}, {"pipelineName": NAME, "nextToken": "a"}]
    for page, parameters in zip(pages, expected, strict=True):
        world.codepipeline.add_response("list_action_executions", page, parameters)
    assert world.pipelines.rejections(NAME, NOON) == {RUN, "another"}


def test_a_pipeline_has_a_version_and_source_actions(world: World) -> None:
    stages = [
        {
            "stageName": "Source",
            "actionStates": [{"actionName": "Template"}, {"actionName": "Configuration"}],
        },
        {"stageName": "Deploy", "actionStates": [{"actionName": "CreateChangeSet"}]},
    ]
    answer = {"pipelineName": NAME, "pipelineVersion": 7, "stageStates": stages}
    world.codepipeline.add_response("get_pipeline_state", answer, {"name": NAME})
    assert world.pipelines.definition(NAME) == Pipeline(7, ("Template", "Configuration"))


def test_a_stage_tells_what_waits_before_it_and_whether_it_is_closed(world: World) -> None:
    waits = {"actionExecutionId": "attempt", "status": "InProgress", "lastStatusChange": NOON}
    stages = [
        {"stageName": "Source", "actionStates": [{"actionName": "Bundle"}]},
        {
            "stageName": "Deploy",
            "latestExecution": {"pipelineExecutionId": RUN, "status": "InProgress", "type": "STANDARD"},
            "inboundExecution": {"pipelineExecutionId": "newer", "status": "InProgress"},
            "inboundTransitionState": {"enabled": False},
            "actionStates": [{"actionName": "Approve-owners", "latestExecution": waits}],
        },
    ]
    answer = {"pipelineName": NAME, "pipelineVersion": 7, "stageStates": stages}
    for _ in range(2):
        world.codepipeline.add_response("get_pipeline_state", answer, {"name": NAME})
    bundle = Activity("Source", "Bundle", "")
    approval = Activity("Deploy", "Approve-owners", RUN, "InProgress", changed=NOON, attempt="attempt")
    assert world.pipelines.state(NAME) == (
        StageState("Source", "", "", "", closed=False, activities=(bundle,)),
        StageState("Deploy", RUN, "InProgress", "newer", closed=True, activities=(approval,)),
    )
    assert world.pipelines.activities(NAME) == (bundle, approval)


def test_each_attempt_belongs_to_an_execution(world: World) -> None:
    answer = {"actionExecutionDetails": [REJECTION | {"actionExecutionId": "attempt"}], "nextToken": "a"}
    world.codepipeline.add_response("list_action_executions", answer, {"pipelineName": NAME})
    assert world.pipelines.attempts(NAME) == {"attempt": RUN}


def test_an_execution_runs_by_a_version_of_its_pipeline(world: World) -> None:
    answer = {"pipelineExecution": {"pipelineName": NAME, "pipelineVersion": 6, "status": "InProgress"}}
    expected = {"pipelineName": NAME, "pipelineExecutionId": RUN}
    world.codepipeline.add_response("get_pipeline_execution", answer, expected)
    assert world.pipelines.version(NAME, RUN) == 6


def test_a_start_carries_its_token_and_pins_no_version(world: World) -> None:
    expected = {"name": NAME, "clientRequestToken": "cfnpipe-1"}
    world.codepipeline.add_response("start_pipeline_execution", {"pipelineExecutionId": RUN}, expected)
    assert world.pipelines.start(NAME, "cfnpipe-1") == RUN


COMMIT = "4f0c1b2a9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a"
CONNECTION = {
    "AuthorDate": "2026-03-02T11:58:00Z",
    "AuthorDisplayName": "A Developer",
    "AuthorEmail": "developer@example.com",
    "AuthorId": "developer",
    "BranchName": "master",
    "CommitId": COMMIT,
    "CommitMessage": 'Widen the network\n\nSee "zones".',
    "ConnectionArn": "arn:aws:codeconnections:us-east-1:111122223333:connection/0aaa",
    "FullRepositoryName": "example/infrastructure",
}
OBJECT = {"BucketName": "checkouts", "ETag": "d41d8", "ObjectKey": "checkout.zip", "VersionId": "L9z_7Iic"}

REVISIONS = {
    "connection": (
        CONNECTION,
        '{"ProviderType":"GitHub","CommitMessage":"Widen the network"}',
        Revision(COMMIT, 'Widen the network\n\nSee "zones".', "A Developer"),
    ),
    "connection that tells only a mail address": (
        {"CommitId": COMMIT, "CommitMessage": "Widen", "AuthorEmail": "developer@example.com"},
        "",
        Revision(COMMIT, "Widen", "developer@example.com"),
    ),
    "codecommit": (
        {"AuthorDate": "2026-03-02", "CommitId": COMMIT, "CommitMessage": "Widen", "RepositoryName": "infra"},
        "Widen",
        Revision(COMMIT, "Widen"),
    ),
    "s3": (OBJECT, "Amazon S3 version id: L9z_7Iic", Revision("L9z_7Iic")),
    "s3 with a summary": (OBJECT, "Widen (4f0c1b2)", Revision("L9z_7Iic", "Widen (4f0c1b2)")),
    "no variables": ({}, "Widen", Revision(OUTSIDE, "Widen")),
}


@pytest.mark.parametrize("what", REVISIONS)
def test_a_revision_is_told_by_the_source_action(world: World, what: str) -> None:
    variables, said, revision = REVISIONS[what]
    source = action("Checkout", "Source", "Succeeded")
    source["output"]["outputVariables"] = variables
    source["output"]["executionResult"]["externalExecutionSummary"] = said
    answer = {"actionExecutionDetails": [action("Sync", "Build", "InProgress", 2), source]}
    expected = {"pipelineName": NAME, "filter": {"pipelineExecutionId": RUN}}
    world.codepipeline.add_response("list_action_executions", answer, expected)
    assert world.pipelines.revision(NAME, RUN) == revision


def test_a_revision_needs_a_source_that_has_finished(world: World) -> None:
    answer = {"actionExecutionDetails": [action("Checkout", "Source", "InProgress")]}
    world.codepipeline.add_response("list_action_executions", answer)
    with pytest.raises(BadInput) as raised:
        world.pipelines.revision(NAME, RUN)
    assert raised.value.message == f"execution {RUN} of {NAME} has no finished source action"
    assert raised.value.hint == "give the id of an execution that has left its Source stage"


def test_a_version_of_an_object_is_as_old_as_s3_says(world: World) -> None:
    answer = {
        "VersionId": "L9z_7Iic",
        "LastModified": NOON,
        "ResponseMetadata": TEN_PAST,
    }
    expected = {
        "Bucket": "cfnpipe-production-us-source",
        "ExpectedBucketOwner": "111122223333",
        "Key": "stacks/network/bundle.zip",
    }
    world.s3.add_response("head_object", answer, expected)
    found = world.bucket.version("stacks/network/bundle.zip")
    assert found == Version("L9z_7Iic", NOON, timedelta(minutes=10, seconds=1))


def test_there_may_be_no_object(world: World) -> None:
    world.s3.add_client_error("head_object", "404", "Not Found", 404)
    assert world.bucket.version("stacks/network/bundle.zip") is None


def test_an_object_must_have_a_version(world: World) -> None:
    answer = {"LastModified": NOON, "ResponseMetadata": TEN_PAST}
    world.s3.add_response("head_object", answer)
    with pytest.raises(AwsError) as refused:
        world.bucket.version("key")
    assert refused.value.message == (
        "s3:GetObject on s3://cfnpipe-production-us-source/key: the answer names no version"
    )


def test_an_object_that_cannot_be_seen_is_an_error(world: World) -> None:
    world.s3.add_client_error("head_object", "403", "Forbidden", 403)
    with pytest.raises(
        AwsError, match="s3:GetObject on s3://cfnpipe-production-us-source/key: access denied"
    ):
        world.bucket.version("key")


class Clock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_calls_keep_a_pace() -> None:
    clock = Clock()
    pace = Pace(5, 3, clock, clock.sleep)

    def at() -> float:
        pace.wait()
        return clock.now

    assert [at() for _ in range(6)] == pytest.approx([100, 100, 100, 100.2, 100.4, 100.6])
    clock.now = 200
    assert [at() for _ in range(4)] == pytest.approx([200, 200, 200, 200.2])


def test_every_page_waits_for_its_turn(world: World) -> None:
    pages = [listed(more=str(number)) for number in range(READS[1] + 1)]
    for page in [*pages, listed()]:
        world.codepipeline.add_response("list_pipeline_executions", page)
    world.pipelines.executions(NAME, NOON)
    assert len(world.pauses) == 2


def test_every_start_waits_for_its_turn(world: World) -> None:
    for _ in range(STARTS[1] + 2):
        world.codepipeline.add_response("start_pipeline_execution", {"pipelineExecutionId": RUN})
        world.pipelines.start(NAME, "token")
    assert len(world.pauses) == 2
