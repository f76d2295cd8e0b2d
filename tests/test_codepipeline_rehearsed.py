"""The rendered pipelines of the example, executed in a local AWS, and asked by boto3, the CLI and cfnpipe."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cfnpipe.aws import Session
from cfnpipe.aws.codepipeline import Pipelines
from cfnpipe.model import Pipeline, Revision
from cfnpipe.rehearsal.codepipeline import requests
from cfnpipe.rehearsal.codepipeline.api import Api
from cfnpipe.rehearsal.codepipeline.site import Scope
from tests import rehearsed
from tests.local_aws import ACCOUNT, CREDENTIALS, REGION
from tests.rehearsed import ENVIRONMENT, until
from tests.test_codepipeline_machine import action, approval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rehearsed import Rehearsed

NETWORK, STACK = f"network_{ENVIRONMENT}", f"{ENVIRONMENT}-network"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_{ENVIRONMENT}_stack-pipelines"
STORE = {"type": "S3", "location": f"cfnpipe-{ENVIRONMENT}-artifacts-{ACCOUNT}-{REGION}"}
REPOSITORY = "example/checkout"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    folder = tmp_path_factory.mktemp("git") / "checkout"
    rehearsed.repository(folder, {"hello.txt": "hello\n"})
    for local in rehearsed.served({REPOSITORY: folder, "checkout": folder}):
        for stack in ("access", "sync", "pipelines"):
            local.deploy(stack)
        yield local


@pytest.fixture
def aws(world: Rehearsed) -> Iterator[Rehearsed]:
    until(lambda: not running(world))
    yield world
    world.settle()


def running(aws: Rehearsed) -> bool:
    names = [each["name"] for each in aws.pipelines.list_pipelines()["pipelines"]]
    return any(each["status"] == "InProgress" for name in names for each in aws.executions(name))


def queue(seconds: int, **more: Any) -> dict[str, Any]:
    made = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "VisibilityTimeout": seconds}}
    name = {"Name": {"Value": {"Fn::GetAtt": ["Orders", "QueueName"]}}}
    return {"Resources": {"Orders": made}, "Outputs": name, **more}


def started(aws: Rehearsed, version: str) -> str:
    found = until(lambda: aws.execution_of(NETWORK, version))
    assert found["trigger"] == {
        "triggerType": "CloudWatchEvent",
        "triggerDetail": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/cfnpipe_{ENVIRONMENT}_network",
    }
    return str(found["pipelineExecutionId"])


def asked(aws: Rehearsed, operation: str, **request: Any) -> None:
    """Ask past boto3, which leaves out what it does not know, and hold the answer against the model."""
    api = Api(aws.runner, aws.rights.who, Scope(ACCOUNT, REGION))
    shape = requests.model().operation_model(operation).output_shape
    assert list(requests.mistakes(shape, api.answer(operation, request))) == []


def test_answers_are_as_the_model_has_them(aws: Rehearsed) -> None:
    one = started(aws, aws.upload("network", queue(30)))
    aws.token(NETWORK, "Approve-owners", one)
    two = started(aws, aws.upload("network", queue(30)))
    gate = {"pipelineName": NETWORK, "stageName": "Deploy", "transitionType": "Inbound"}
    aws.pipelines.disable_stage_transition(**gate, reason="not now")
    asked(aws, "GetPipelineState", name=NETWORK)
    aws.decide(NETWORK, "Approve-owners", one, "Rejected")
    asked(aws, "GetPipelineState", name=NETWORK)
    aws.pipelines.enable_stage_transition(**gate)
    aws.token(NETWORK, "Approve-owners", two)
    where = {"pipelineName": NETWORK, "stageName": "Deploy", "pipelineExecutionId": two}
    aws.decide(NETWORK, "Approve-owners", two, "Rejected")
    asked(aws, "RetryStageExecution", **where, retryMode="ALL_ACTIONS")
    again = aws.pipelines.get_pipeline_state(name=NETWORK)["stageStates"][1]["retryStageMetadata"]
    assert again == {"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"}
    approved(aws, two)
    asked(aws, "GetPipelineState", name=NETWORK)
    asked(aws, "GetPipelineExecution", pipelineName=NETWORK, pipelineExecutionId=two)
    asked(aws, "ListPipelineExecutions", pipelineName=NETWORK)
    asked(aws, "ListActionExecutions", pipelineName=NETWORK)
    asked(aws, "ListPipelines")
    asked(aws, "GetPipeline", name=NETWORK)
    asked(aws, "ListTagsForResource", resourceArn=f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{NETWORK}")
    attempts = aws.pipelines.list_action_executions(
        pipelineName=NETWORK,
        filter={"latestInPipelineExecution": {"pipelineExecutionId": two, "startTimeRange": "Latest"}},
    )["actionExecutionDetails"]
    names = [each["actionName"] for each in attempts]
    assert len(names) == len(set(names)) == 6


def test_lists_have_pages(aws: Rehearsed) -> None:
    started(aws, aws.upload("network", queue(30)))
    pages = aws.pipelines.get_paginator("list_action_executions").paginate(
        pipelineName=NETWORK, PaginationConfig={"PageSize": 2}
    )
    sizes = [len(page["actionExecutionDetails"]) for page in pages]
    assert set(sizes[:-1]) == {2}
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        aws.pipelines.list_pipelines(nextToken="next")


def approved(aws: Rehearsed, execution: str) -> str:
    for name in ("Approve-owners", "Approve-operations"):
        aws.decide(NETWORK, name, execution)
    return aws.ends(NETWORK, execution)


def timeout(aws: Rehearsed) -> str:
    url = aws("sqs").get_queue_url(QueueName="orders")["QueueUrl"]
    got = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(got["Attributes"]["VisibilityTimeout"])


def test_from_a_bundle_to_an_executed_change(aws: Rehearsed) -> None:
    execution = started(aws, version := aws.upload("network", queue(31)))
    aws.token(NETWORK, "Approve-owners", execution)
    assert aws.stack(STACK) in {"REVIEW_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert approved(aws, execution) == "Succeeded"
    assert timeout(aws) == "31"
    done = aws.actions(NETWORK, execution)
    assert {name: each["status"] for name, each in done.items()} == dict.fromkeys(
        ["Bundle", "CreateChangeSet", "Approve-owners", "Approve-operations", "ExecuteChangeSet", "Protect"],
        "Succeeded",
    )
    assert done["Bundle"]["output"]["outputVariables"]["VersionId"] == version
    asked = done["Approve-owners"]["input"]
    assert version in asked["resolvedConfiguration"]["CustomData"]
    assert "#{BundleSource.VersionId}" in asked["configuration"]["CustomData"]
    assert execution in asked["resolvedConfiguration"]["ExternalEntityLink"]
    assert done["Approve-owners"]["updatedBy"] == aws.rights.who
    result = done["Approve-owners"]["output"]["executionResult"]
    assert result["externalExecutionSummary"] == "Approved it"
    assert done["ExecuteChangeSet"]["output"]["outputVariables"] == {"Name": "orders"}


def test_every_action_is_done_by_the_role_of_its_pipeline(aws: Rehearsed) -> None:
    aws.rights.assumed.clear()
    approved(aws, started(aws, aws.upload("network", queue(32))))
    assert set(aws.rights.assumed) == {
        (ROLE, "codepipeline.amazonaws.com", None),
        (
            f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_{ENVIRONMENT}_events",
            "events.amazonaws.com",
            f"arn:aws:events:{REGION}:{ACCOUNT}:rule/cfnpipe_{ENVIRONMENT}_network",
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_{ENVIRONMENT}_protect",
            "codebuild.amazonaws.com",
            f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/cfnpipe_{ENVIRONMENT}_protect",
        ),
    }
    events = f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_{ENVIRONMENT}_events"
    network = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{NETWORK}"
    assert (events, "codepipeline:StartPipelineExecution", network) in aws.rights.checked


@pytest.fixture
def mails(aws: Rehearsed) -> Iterator[Any]:
    """What the environment's topic sends to a subscriber."""
    url = aws("sqs").create_queue(QueueName="mails")["QueueUrl"]
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:cfnpipe_{ENVIRONMENT}_notifications"
    topics = [each["TopicArn"] for each in aws("sns").list_topics()["Topics"]]
    (topic,) = [each for each in topics if ENVIRONMENT in each]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:mails"
    made = aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    found: list[dict[str, Any]] = []

    def look(text: str) -> dict[str, Any]:
        def got() -> dict[str, Any] | None:
            new = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            found.extend(json.loads(each["Body"]) for each in new)
            return next((each for each in found if text in each["Message"]), None)

        return dict(until(got))

    yield look
    aws("sns").unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    aws("sqs").delete_queue(QueueUrl=url)


def test_reviews_and_outcomes_are_mailed(aws: Rehearsed, mails: Any) -> None:
    execution = started(aws, aws.upload("network", queue(33)))
    token = aws.token(NETWORK, "Approve-owners", execution)
    mail = mails(token)
    assert mail["Subject"] == (f"APPROVAL NEEDED: AWS CodePipeline {NETWORK} for action Approve-owners")
    console = f"https://{REGION}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{NETWORK}"
    told = json.loads(mail["Message"])
    asked = aws.actions(NETWORK, execution)["Approve-owners"]["input"]["resolvedConfiguration"]
    assert told.pop("approval") | {"expires": ""} == {
        "pipelineName": NETWORK,
        "stageName": "Deploy",
        "actionName": "Approve-owners",
        "token": token,
        "expires": "",
        "externalEntityLink": asked["ExternalEntityLink"],
        "approvalReviewLink": f"{console}/view?region={REGION}#/Deploy/Approve-owners/approve/{token}",
        "customData": asked["CustomData"],
    }
    assert told == {"region": REGION, "consoleLink": f"{console}/view?region={REGION}"}
    aws.decide(NETWORK, "Approve-owners", execution, "Rejected")
    assert mails(": FAILED.")["Message"].splitlines() == [
        f'"{NETWORK}: FAILED. Environment {ENVIRONMENT}."',
        f'"{console}/executions/{execution}/timeline?region={REGION}"',
    ]


@pytest.fixture
def client(aws: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> Pipelines:
    """cfnpipe's own client."""
    for key, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": aws.endpoint}).items():
        monkeypatch.setenv(key, value)
    return Pipelines(Session(REGION), sleep=lambda _: None)


def test_a_rejected_change_is_not_executed_and_the_next_one_works(aws: Rehearsed, client: Pipelines) -> None:
    approved(aws, started(aws, aws.upload("network", queue(34))))
    execution = started(aws, aws.upload("network", queue(35)))
    aws.decide(NETWORK, "Approve-owners", execution)
    aws.decide(NETWORK, "Approve-operations", execution, "Rejected")
    assert aws.ends(NETWORK, execution) == "Failed"
    assert timeout(aws) == "34"
    rejected = aws.actions(NETWORK, execution)["Approve-operations"]
    assert rejected["status"] == "Failed"
    assert rejected["updatedBy"] == aws.rights.who
    assert "errorDetails" not in rejected["output"]["executionResult"]
    assert execution in client.rejections(NETWORK, LONG_AGO)
    assert approved(aws, started(aws, aws.upload("network", queue(36)))) == "Succeeded"
    assert timeout(aws) == "36"


def test_what_is_approved_is_executed_though_newer_ones_come(aws: Rehearsed) -> None:
    one = started(aws, aws.upload("network", queue(41)))
    aws.token(NETWORK, "Approve-owners", one)
    two = started(aws, aws.upload("network", queue(42)))
    state = aws.pipelines.get_pipeline_state(name=NETWORK)["stageStates"][1]
    assert state["inboundExecution"]["pipelineExecutionId"] == two
    three = started(aws, aws.upload("network", queue(43)))
    assert aws.ends(NETWORK, two) == "Superseded"
    assert approved(aws, one) == "Succeeded"
    assert timeout(aws) == "41"
    assert approved(aws, three) == "Succeeded"
    assert timeout(aws) == "43"


def test_a_change_of_nothing_succeeds(aws: Rehearsed) -> None:
    approved(aws, started(aws, aws.upload("network", queue(51))))
    execution = started(aws, aws.upload("network", queue(51)))
    assert approved(aws, execution) == "Succeeded"
    done = aws.actions(NETWORK, execution)
    said = [
        done[name]["output"]["executionResult"]["externalExecutionSummary"]
        for name in ("CreateChangeSet", "ExecuteChangeSet")
    ]
    assert said == ["There are no changes.", "There are no changes to execute."]


INVALID = "Template configuration Bundle::configuration.json is not valid:"
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a number": (
        {"Parameters": {"Zones": 2}},
        "InvalidActionConfiguration",
        INVALID + " Value of property Parameters must be a string: Zones is 2",
    ),
    "a list": (
        {"Tags": {"Owner": ["a", "b"]}},
        "InvalidActionConfiguration",
        INVALID + ' Value of property Tags must be a string: Owner is ["a", "b"]',
    ),
    "another key": (
        {"Parameter": {}},
        "InvalidActionConfiguration",
        INVALID + " it may have Parameters, StackPolicy, Tags only",
    ),
    "a parameter that is not declared": (
        {"Parameters": {"Zone": "2", "Areas": "1"}},
        "JobFailed",
        "Parameters: [Areas, Zone] do not exist in the template",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_configuration_that_is_wrong_fails_the_change_set(aws: Rehearsed, what: str) -> None:
    given, code, message = WRONG[what]
    declared = {"Parameters": {"Zones": {"Type": "Number", "Default": 1}}}
    execution = started(aws, aws.upload("network", queue(60, **declared), configuration=given))
    assert aws.ends(NETWORK, execution) == "Failed"
    failed = aws.actions(NETWORK, execution)["CreateChangeSet"]["output"]["executionResult"]
    assert failed["errorDetails"] == {"code": code, "message": message}


def test_a_failed_deployment_says_why(aws: Rehearsed) -> None:
    broken = {"Resources": {"Copy": {"Type": "AWS::SNS::Subscription", "Properties": {}}}}
    execution = started(aws, aws.upload("network", broken))
    aws.decide(NETWORK, "Approve-owners", execution, "Rejected")
    missing = {"Resources": {"A": {"Type": "AWS::Nothing::AtAll"}}}
    execution = started(aws, aws.upload("network", missing))
    assert aws.ends(NETWORK, execution) == "Failed"
    failed = aws.actions(NETWORK, execution)["CreateChangeSet"]["output"]["executionResult"]
    assert failed["errorDetails"]["code"] == "JobFailed"
    assert "Unrecognized resource types: [AWS::Nothing::AtAll]" in failed["errorDetails"]["message"]


def test_a_new_definition_cancels_what_waits(aws: Rehearsed, client: Pipelines) -> None:
    execution = started(aws, aws.upload("network", queue(61)))
    token = aws.token(NETWORK, "Approve-owners", execution)
    declared = aws.pipelines.get_pipeline(name=NETWORK)["pipeline"]
    assert client.definition(NETWORK) == Pipeline(declared["version"], ("Bundle",))
    aws.pipelines.update_pipeline(pipeline=declared)
    assert client.definition(NETWORK).version == declared["version"] + 1
    assert client.version(NETWORK, execution) == declared["version"]
    assert aws.status(NETWORK, execution) == "Cancelled"
    state = aws.pipelines.get_pipeline_state(name=NETWORK)["stageStates"][1]
    (owners,) = [each for each in state["actionStates"] if each["actionName"] == "Approve-owners"]
    assert owners["latestExecution"]["status"] == "Failed"
    assert "token" not in owners["latestExecution"]
    assert aws.actions(NETWORK, execution)["Approve-owners"]["status"] == "InProgress"
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        aws.pipelines.put_approval_result(
            pipelineName=NETWORK,
            stageName="Deploy",
            actionName="Approve-owners",
            result={"summary": "", "status": "Approved"},
            token=token,
        )


def test_cfnpipe_sees_executions_and_starts_them(aws: Rehearsed, client: Pipelines) -> None:
    assert client.executions("nothing", LONG_AGO) is None
    version = aws.upload("network", queue(62))
    first = started(aws, version)
    assert aws.ends(NETWORK, first) if approved(aws, first) != "Succeeded" else True
    again = client.start(NETWORK, f"cfnpipe-{version}")
    assert client.start(NETWORK, f"cfnpipe-{version}") == again
    aws.token(NETWORK, "Approve-owners", again)
    newest, before, *_ = client.executions(NETWORK, datetime.now(UTC) - timedelta(hours=1)) or ()
    assert (newest.id, newest.status, newest.revisions) == (again, "running", {"Bundle": version})
    assert (before.id, before.status, before.revisions) == (first, "succeeded", {"Bundle": version})
    assert client.revision(NETWORK, again) == Revision(version, "")


def test_a_start_may_name_an_older_version(aws: Rehearsed) -> None:
    old = aws.upload("network", queue(63))
    until(lambda: aws.execution_of(NETWORK, old))
    aws.settle()
    started(aws, aws.upload("network", queue(64)))
    aws.settle()
    execution = aws.pipelines.start_pipeline_execution(name=NETWORK, sourceRevisions=[override(old)])
    assert approved(aws, execution["pipelineExecutionId"]) == "Succeeded"
    assert timeout(aws) == "63"


def test_a_stopped_execution_leaves_the_way_free(aws: Rehearsed) -> None:
    one = started(aws, aws.upload("network", queue(65)))
    aws.token(NETWORK, "Approve-owners", one)
    two = started(aws, aws.upload("network", queue(66)))
    where = {"pipelineName": NETWORK, "pipelineExecutionId": one}
    aws.pipelines.stop_pipeline_execution(**where, abandon=True, reason="a newer one is there")
    assert aws.ends(NETWORK, one) == "Stopped"
    (shown,) = [each for each in aws.executions(NETWORK) if each["pipelineExecutionId"] == one]
    assert shown["stopTrigger"] == {"reason": "a newer one is there"}
    assert approved(aws, two) == "Succeeded"


def test_the_real_command_line_does_the_same(aws: Rehearsed) -> None:
    execution = started(aws, aws.upload("network", queue(67)))
    token = aws.token(NETWORK, "Approve-owners", execution)

    def run(*arguments: str) -> Any:
        command = [str(Path(sys.executable).parent / "aws"), "codepipeline", *arguments, "--output", "json"]
        surroundings = CREDENTIALS | {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_DEFAULT_REGION": REGION}
        done = subprocess.run(command, env=surroundings, capture_output=True, check=True)
        return json.loads(done.stdout or "{}")

    state = run("get-pipeline-state", "--name", NETWORK)["stageStates"][1]
    assert token in {each.get("latestExecution", {}).get("token") for each in state["actionStates"]}
    place = ("--pipeline-name", NETWORK, "--stage-name", "Deploy", "--action-name", "Approve-owners")
    run("put-approval-result", *place, "--result", "summary=no,status=Rejected", "--token", token)
    newest = run("list-pipeline-executions", "--pipeline-name", NETWORK)["pipelineExecutionSummaries"][0]
    assert (newest["pipelineExecutionId"], newest["status"]) == (execution, "Failed")


SOURCE = action(
    "Checkout",
    "Source CodeStarSourceConnection",
    namespace="Git",
    configuration={
        "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/0aaa",
        "FullRepositoryId": REPOSITORY,
        "BranchName": "master",
    },
    outputArtifacts=[{"name": "Checkout"}],
)


def made(aws: Rehearsed, name: str, *actions: dict[str, Any], source: dict[str, Any] = SOURCE) -> str:
    """Make a pipeline with one more stage, and return its first execution."""
    declared = {
        "name": name,
        "roleArn": ROLE,
        "artifactStore": STORE,
        "pipelineType": "V2",
        "stages": [{"name": "Source", "actions": [source]}, {"name": "Deploy", "actions": list(actions)}],
    }
    aws.pipelines.create_pipeline(pipeline=declared)
    (first,) = aws.executions(name)
    assert first["trigger"] == {"triggerType": "CreatePipeline", "triggerDetail": aws.rights.who}
    return str(first["pipelineExecutionId"])


def commit(aws: Rehearsed, text: str) -> str:
    return rehearsed.commit(aws.runner.site.repositories[REPOSITORY], {"hello.txt": text}, f"Say {text}")


def test_a_new_commit_starts_what_reads_the_branch(aws: Rehearsed, client: Pipelines) -> None:
    name = "reads_a_connection"
    first = made(aws, name, approval("Review", 1, CustomData="#{Git.CommitId} #{Git.CommitMessage}"))
    aws.token(name, "Review", first)
    head = commit(aws, "again")
    newest = until(lambda: aws.execution_of(name, head))
    assert newest["trigger"] == {
        "triggerType": "WebhookV2",
        "triggerDetail": SOURCE["configuration"]["ConnectionArn"],
    }
    assert client.revision(name, newest["pipelineExecutionId"]) == Revision(head, "Say again", "A Developer")
    uses = (ROLE, "codeconnections:UseConnection", SOURCE["configuration"]["ConnectionArn"])
    assert uses in aws.rights.checked
    aws.pipelines.delete_pipeline(name=name)


def test_codecommit_tells_rules_of_a_push(aws: Rehearsed) -> None:
    name = "reads_codecommit"
    arn = f"arn:aws:codecommit:{REGION}:{ACCOUNT}:checkout"
    own = {"RepositoryName": "checkout", "BranchName": "master", "PollForSourceChanges": "false"}
    source = action(
        "Checkout", "Source CodeCommit", configuration=own, outputArtifacts=[{"name": "Checkout"}]
    )
    first = made(aws, name, approval("Review", 1), source=source)
    aws.token(name, "Review", first)
    pattern = {"source": ["aws.codecommit"], "resources": [arn], "detail": {"referenceName": ["master"]}}
    aws("events").put_rule(Name="push", EventPattern=json.dumps(pattern))
    target = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{name}"
    aws("events").put_targets(Rule="push", Targets=[{"Id": "1", "Arn": target, "RoleArn": ROLE}])
    head = commit(aws, "codecommit")
    until(lambda: len(aws.executions(name)) == 2)
    assert aws.executions(name)[0]["trigger"]["triggerType"] == "CloudWatchEvent"
    aws.settle()
    assert head == rehearsed.git(aws.runner.site.repositories["checkout"], "rev-parse", "HEAD")
    aws.pipelines.delete_pipeline(name=name)


def test_roles_must_trust_codepipeline(aws: Rehearsed) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/other"
    aws.rights.untrusting.add(other)
    declared = aws.pipelines.get_pipeline(name=NETWORK)["pipeline"] | {"roleArn": other}
    said = f"CodePipeline is not authorized to perform AssumeRole on role {other}"
    with pytest.raises(ClientError, match=said) as refused:
        aws.pipelines.create_pipeline(pipeline=declared | {"name": "untrusted"})
    assert refused.value.response["Error"]["Code"] == "InvalidStructureException"
    with pytest.raises(ClientError, match=said):
        aws.pipelines.update_pipeline(pipeline=declared)


def test_an_action_fails_whose_role_is_refused(aws: Rehearsed) -> None:
    before = len(aws.executions(NETWORK))
    aws.rights.untrusting.add(ROLE)
    aws.upload("network", queue(30))
    (newest, *_) = until(lambda: (found := aws.executions(NETWORK)) and len(found) > before and found)
    assert aws.ends(NETWORK, newest["pipelineExecutionId"]) == "Failed"
    aws.rights.untrusting.clear()
    failed = aws.actions(NETWORK, newest["pipelineExecutionId"])["Bundle"]["output"]["executionResult"]
    assert failed["errorDetails"] == {
        "code": "PermissionError",
        "message": (
            f"codepipeline.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        ),
    }


def test_a_rule_starts_what_its_role_may(aws: Rehearsed) -> None:
    before = aws.executions(NETWORK)
    aws.rights.forbidden.add("codepipeline:StartPipelineExecution")
    aws.upload("network", queue(30))
    until(lambda: aws.runner.refusals)
    aws.rights.forbidden.clear()
    role = f"arn:aws:iam::{ACCOUNT}:role/cfnpipe_{ENVIRONMENT}_events"
    assert aws.runner.refusals.pop() == (
        f"cfnpipe_{ENVIRONMENT}_network could not start {NETWORK}: {role} is not authorized to perform:"
        f" codepipeline:StartPipelineExecution on resource: arn:aws:codepipeline:{REGION}:{ACCOUNT}:{NETWORK}"
    )
    assert aws.executions(NETWORK) == before


def test_a_rule_may_name_a_version(aws: Rehearsed) -> None:
    old = aws.upload("network", queue(71))
    until(lambda: aws.execution_of(NETWORK, old))
    aws.settle()
    newer = aws.upload("network", queue(72))
    until(lambda: aws.execution_of(NETWORK, newer))
    aws.settle()
    before = len(aws.executions(NETWORK))
    target = {
        "Id": "1",
        "Arn": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:{NETWORK}",
        "RoleArn": ROLE,
        "InputTransformer": {
            "InputPathsMap": {"version": "$.detail.version"},
            "InputTemplate": json.dumps({"sourceRevisions": [override("<version>")]}),
        },
    }
    aws("events").put_rule(Name="again", EventPattern=json.dumps({"source": ["operations"]}))
    aws("events").put_targets(Rule="again", Targets=[target])
    event = {"Source": "operations", "DetailType": "again", "Detail": json.dumps({"version": old})}
    aws("events").put_events(Entries=[event])
    until(lambda: len(aws.executions(NETWORK)) > before and aws.executions(NETWORK)[0]["sourceRevisions"])
    assert aws.executions(NETWORK)[0]["sourceRevisions"][0]["revisionId"] == old


def override(version: str, action: str = "Bundle", kind: str = "S3_OBJECT_VERSION_ID") -> dict[str, str]:
    return {"actionName": action, "revisionType": kind, "revisionValue": version}


@pytest.mark.parametrize(("action", "kind"), [("Bundel", "S3_OBJECT_VERSION_ID"), ("Bundle", "COMMIT_ID")])
def test_a_start_may_name_only_what_there_is(aws: Rehearsed, action: str, kind: str) -> None:
    said = f"The pipeline has no source action with the name '{action}' that takes a {kind}"
    with pytest.raises(ClientError, match=said):
        aws.pipelines.start_pipeline_execution(name=NETWORK, sourceRevisions=[override("v", action, kind)])


def project(aws: Rehearsed, name: str, buildspec: str, minutes: int = 5) -> None:
    aws("codebuild").create_project(
        name=name,
        source={"type": "CODEPIPELINE", "buildspec": buildspec},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "OF", "value": "project", "type": "PLAINTEXT"}],
        },
        serviceRole=ROLE,
        timeoutInMinutes=minutes,
    )


BUILD = """\
version: 0.2
env:
  shell: bash
phases:
  install:
    commands:
      - touch installed
  build:
    commands:
      - said=$(cat hello.txt)
      - |
        echo "$said, $OF, $BY, $CODEBUILD_INITIATOR"
        env | sed 's/=.*//' | sort | tr '\\n' ' '
      - test ! -e installed && [ "$(pwd)" = "$CODEBUILD_SRC_DIR" ]
      - exit 3
"""


def test_a_build_runs_in_a_clean_copy_with_nothing_of_the_caller(
    aws: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLERS_OWN", "secret")
    commit(aws, "built")
    project(aws, "hello", BUILD)
    given = json.dumps([{"name": "BY", "value": "#{codepipeline.PipelineExecutionId}", "type": "PLAINTEXT"}])
    own = {"ProjectName": "hello", "EnvironmentVariables": given}
    build = action("Build", "Build CodeBuild", configuration=own, inputArtifacts=[{"name": "Checkout"}])
    execution = made(aws, "builds", build)
    assert aws.ends("builds", execution) == "Failed"
    result = aws.actions("builds", execution)["Build"]["output"]["executionResult"]
    assert result["errorDetails"] == {"code": "JobFailed", "message": "Build terminated with state: FAILED"}
    ran = aws("codebuild").batch_get_builds(ids=[result["externalExecutionId"]])["builds"][0]
    assert ran["buildStatus"] == "FAILED"
    lines = aws.runner.site.builds.log(result["externalExecutionId"]).splitlines()
    assert lines[:3] == [
        "[Container] The install phase is skipped: what it installs is taken from this machine",
        "[Container] Entering phase BUILD",
        f"built, project, {execution}, codepipeline/builds",
    ]
    assert lines[4:] == ["[Container] Exit code 3"]
    assert {name for name in lines[3].split() if not name.startswith("CODEBUILD_")} == {
        *("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL"),
        *(
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "BY",
            "HOME",
            "LANG",
            "OF",
            "PATH",
            "PWD",
            "SHLVL",
            "TMPDIR",
        ),
        "_",
    }
    aws.pipelines.delete_pipeline(name="builds")


def test_a_request_for_review_that_cannot_be_sent_fails(aws: Rehearsed) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:nothing"
    execution = made(aws, "mails", approval("Review", 1, NotificationArn=topic))
    assert aws.ends("mails", execution) == "Failed"
    failed = aws.actions("mails", execution)["Review"]
    assert "updatedBy" not in failed
    assert failed["output"]["executionResult"]["errorDetails"]["code"] == "ConfigurationError"
    aws.pipelines.delete_pipeline(name="mails")


def test_a_variable_that_nobody_sets_fails_its_action(aws: Rehearsed) -> None:
    execution = made(aws, "unknown", approval("Review", 1, CustomData="#{Git.CommitID}"))
    assert aws.ends("unknown", execution) == "Failed"
    failed = aws.actions("unknown", execution)["Review"]["output"]["executionResult"]
    assert failed["errorDetails"] == {
        "code": "ConfigurationError",
        "message": "The variable #{Git.CommitID} in the configuration of 'Review' is unknown",
    }
    aws.pipelines.delete_pipeline(name="unknown")


def test_a_stack_is_made_at_once_and_deleted(aws: Rehearsed) -> None:
    bundle = {
        "t.json": json.dumps({"Resources": {"Made": {"Type": "AWS::SQS::Queue"}}}),
        "c.json": json.dumps({"Tags": {"Owner": "a"}}),
    }
    rehearsed.commit(aws.runner.site.repositories[REPOSITORY], bundle, "Add a stack")
    own = {"StackName": "at-once", "RoleArn": ROLE}
    files = {"TemplatePath": "Checkout::t.json", "TemplateConfiguration": "Checkout::c.json"}
    inputs = [{"name": "Checkout"}]
    kind = "Deploy CloudFormation"
    create = own | files | {"ActionMode": "CREATE_UPDATE"}
    delete = own | {"ActionMode": "DELETE_ONLY"}
    execution = made(
        aws,
        "at_once",
        action("Create", kind, 1, configuration=create, inputArtifacts=inputs),
        action("Again", kind, 2, configuration=create, inputArtifacts=inputs),
        action("Delete", kind, 3, configuration=delete, inputArtifacts=inputs),
        action("Gone", kind, 4, configuration=delete, inputArtifacts=inputs),
    )
    assert aws.ends("at_once", execution) == "Succeeded"
    done = aws.actions("at_once", execution)
    said = {k: each["output"]["executionResult"]["externalExecutionSummary"] for k, each in done.items()}
    assert said | {"Checkout": ""} == {
        "Checkout": "",
        "Create": "Deployment succeeded: CREATE_COMPLETE.",
        "Again": "There are no changes.",
        "Delete": "Stack at-once was deleted.",
        "Gone": "Stack at-once is not there.",
    }
    aws.pipelines.delete_pipeline(name="at_once")


RESOURCE = {
    "Name": "by_a_stack",
    "RoleArn": ROLE,
    "ArtifactStore": {"Type": "S3", "Location": STORE["location"]},
    "PipelineType": "V2",
    "DisableInboundStageTransitions": [{"StageName": "Deploy", "Reason": "not yet"}],
    "Tags": [{"Key": "stage", "Value": "one"}],
    "Stages": [
        {
            "Name": "Source",
            "Actions": [
                {
                    "Name": "Bundle",
                    "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": "1"},
                    "Configuration": {
                        "S3Bucket": "nothing",
                        "S3ObjectKey": "key",
                        "PollForSourceChanges": "false",
                    },
                    "OutputArtifacts": [{"Name": "Bundle"}],
                }
            ],
        },
        {
            "Name": "Deploy",
            "Actions": [
                {
                    "Name": "Review",
                    "RunOrder": "2",
                    "ActionTypeId": {
                        "Category": "Approval",
                        "Owner": "AWS",
                        "Provider": "Manual",
                        "Version": "1",
                    },
                }
            ],
        },
    ],
}


def deploy(aws: Rehearsed, operation: str, **properties: Any) -> str:
    template = {
        "Resources": {
            "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": RESOURCE | properties}
        },
        "Outputs": {
            "Ref": {"Value": {"Ref": "Pipeline"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Pipeline", "Arn"]}},
            "Version": {"Value": {"Fn::GetAtt": ["Pipeline", "Version"]}},
        },
    }
    call = getattr(aws("cloudformation"), f"{operation}_stack")
    call(StackName="pipeline", TemplateBody=json.dumps(template))
    return str(until(lambda: not (s := aws.stack("pipeline")).endswith("PROGRESS") and s))


def outputs(aws: Rehearsed) -> dict[str, str]:
    stack = aws("cloudformation").describe_stacks(StackName="pipeline")["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_a_stack_makes_changes_and_deletes_a_pipeline(aws: Rehearsed) -> None:
    assert deploy(aws, "create") == "CREATE_COMPLETE"
    arn = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:by_a_stack"
    assert outputs(aws) == {"Ref": "by_a_stack", "Arn": arn, "Version": "1"}
    found = aws.pipelines.get_pipeline(name="by_a_stack")["pipeline"]
    assert found["stages"][1]["actions"][0]["runOrder"] == 2
    state = aws.pipelines.get_pipeline_state(name="by_a_stack")["stageStates"][1]["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "not yet")
    restart = {"DisableInboundStageTransitions": [], "RestartExecutionOnUpdate": True, "PipelineType": "V1"}
    assert deploy(aws, "update", **restart) == "UPDATE_COMPLETE"
    assert outputs(aws)["Version"] == "2"
    state = aws.pipelines.get_pipeline_state(name="by_a_stack")["stageStates"][1]["inboundTransitionState"]
    assert state == {"enabled": True}
    assert [each["trigger"]["triggerType"] for each in aws.executions("by_a_stack")] == [
        "StartPipelineExecution",
        "CreatePipeline",
    ]
    assert deploy(aws, "update", **restart, Tags=[{"Key": "stage", "Value": "two"}]) == "UPDATE_COMPLETE"
    tags = aws.pipelines.list_tags_for_resource(resourceArn=arn)["tags"]
    assert {"key": "stage", "value": "two"} in tags
    assert outputs(aws)["Version"] == "2"
    aws("cloudformation").delete_stack(StackName="pipeline")
    until(lambda: "by_a_stack" not in {e["name"] for e in aws.pipelines.list_pipelines()["pipelines"]})


def test_a_pipeline_that_is_wrong_fails_its_stack(aws: Rehearsed) -> None:
    assert deploy(aws, "create", Nmae="x") == "ROLLBACK_COMPLETE"
    events = aws("cloudformation").describe_stack_events(StackName="pipeline")["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events]
    assert any("Encountered unsupported property Nmae" in reason for reason in reasons)
    aws("cloudformation").delete_stack(StackName="pipeline")
