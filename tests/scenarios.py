"""The rehearsal's scenarios over the example as it is rendered: `python -m tests.scenarios NAME...`.

A process of its own, because there is one local AWS in a process. Each scenario raises where AWS would do
something else. `first_day` comes before all others but `by_hand`, which is a day of its own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cfnpipe import config, names
from cfnpipe.aws import AwsError
from cfnpipe.rehearsal.people import BOOTSTRAPPER, OPERATOR, bootstrapper
from cfnpipe.rehearsal.rehearse import Rehearsal, choose, rehearsing
from tests.conftest import ROOT
from tests.programs import ENVIRONMENT, Silent, aws, cfnpipe

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from cfnpipe.aws import Access
    from cfnpipe.aws.codepipeline import Pipelines
    from cfnpipe.model import Activity, Execution
    from cfnpipe.rehearsal.script import Script

SERVICE, DATABASE, NETWORK = "orders-service", "orders-database", "network"
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Day:
    """A day in the life of the process."""

    rehearsal: Rehearsal
    script: Script
    stage: Silent
    overlays: int = 0

    @cached_property
    def access(self) -> Access:
        """The credentials of who runs `deploy-init`."""
        process = self.rehearsal.process
        return bootstrapper(process.environment, process.root, process.endpoint)

    @property
    def pipelines(self) -> Pipelines:
        return self.rehearsal.process.pipelines

    @property
    def tree(self) -> Path:
        return self.script.workspace.tree

    def configure(self, stack: str, entry: str) -> None:
        """Say something more about a stack, in a file that extends what there is."""
        folder = self.tree / "config"
        self.overlays += 1
        base = f"_day-{self.overlays}.yaml"
        (folder / f"{ENVIRONMENT}.yaml").rename(folder / base)
        text = f"extends: {base}\nstacks: {{{stack}: {entry}}}\n"
        (folder / f"{ENVIRONMENT}.yaml").write_text(text, "utf-8")

    def review(self, *names_: str) -> None:
        """Say who reviews every change."""
        path = self.tree / "config" / "_production.yaml"
        lines = path.read_text("utf-8").splitlines()
        told = [f"review: [{', '.join(names_)}]" if each.startswith("review:") else each for each in lines]
        path.write_text("\n".join([*told, ""]), "utf-8")

    def commit(self, message: str, *, render: bool = True) -> None:
        if render:
            self.script.render()
        assert self.script.workspace.snapshot(message)
        self.rehearsal.process.reread(self.tree)

    def executions(self, stack: str) -> list[Execution]:
        """What a stack's pipeline ran, newest first."""
        return self.pipelines.executions(names.pipeline(ENVIRONMENT, stack), EVER) or []

    def counts(self) -> dict[str, int]:
        return {name: len(self.pipelines.executions(name, EVER) or []) for name in self.pipelines.names()}

    def grown(self, before: dict[str, int]) -> dict[str, int]:
        """How many executions each pipeline had since then, the sync pipeline aside."""
        sync = names.sync_pipeline(ENVIRONMENT)
        return {
            name: number - before.get(name, 0)
            for name, number in self.counts().items()
            if number != before.get(name, 0) and name != sync
        }

    def approval(self, stack: str, review: str = "owners", *, besides: str = "") -> Activity:
        """Wait until a stack's pipeline asks for a review, in another execution than `besides`."""
        pipeline, found = names.pipeline(ENVIRONMENT, stack), []

        def met() -> bool:
            found[:] = [
                each
                for name, each in self.rehearsal.process.watch.waiting
                if name == pipeline and each.action == names.approval(review) and each.execution != besides
            ]
            return bool(found)

        self.until(met, f"{stack} asks for {review}")
        return found[0]

    def activity(self, stack: str, action: str) -> Activity:
        """What an action of a stack's pipeline did last."""
        pipeline = names.pipeline(ENVIRONMENT, stack)
        return next(each for each in self.pipelines.activities(pipeline) if each.action == action)

    def decide(self, stack: str, approval: Activity, *, approve: bool = True) -> None:
        self.rehearsal.process.decide(names.pipeline(ENVIRONMENT, stack), approval, approve=approve)

    def until(self, met: Callable[[], bool], what: str) -> None:
        self.rehearsal.process.watch.until(met, what, 60)

    def status(self, stack: str, execution: str) -> str:
        return next(each.status for each in self.executions(stack) if each.id == execution)

    def ended(self, stack: str, execution: str) -> str:
        """Wait for the end of an execution and return its status."""
        self.until(lambda: self.status(stack, execution) != "running", f"{stack} ends")
        return self.status(stack, execution)

    def rest(self) -> None:
        """Wait until nothing runs that waits for nobody."""
        self.until(lambda: not self.rehearsal.process.watch.busy, "rest")

    def through(self, stack: str, *reviews: str) -> str:
        """Give the approvals, by default both, and return how the execution ended."""
        execution = ""
        for review in reviews or ("owners", "operations"):
            waiting = self.approval(stack, review)
            execution = waiting.execution
            self.decide(stack, waiting)
        return self.ended(stack, execution)

    def tag(self, stack: str, key: str) -> str:
        """A tag of a deployed stack; empty if it has none."""
        there = self.rehearsal.process.stacks.find(names.cloudformation_stack(ENVIRONMENT, stack))
        return there.tags.get(key, "") if there else ""

    def parameter(self, stack: str, key: str) -> str:
        there = self.rehearsal.process.stacks.find(names.cloudformation_stack(ENVIRONMENT, stack))
        assert there is not None
        return there.parameters[key]


def parameter(day: Day) -> None:
    """One parameter changed: exactly one pipeline runs, exactly once."""
    before = day.counts()
    day.configure(SERVICE, "{parameters: {MaxSize: 13}}")
    day.commit("More room")
    assert day.through(SERVICE) == "succeeded"
    day.rest()
    assert day.grown(before) == {names.pipeline(ENVIRONMENT, SERVICE): 1}
    assert day.parameter(SERVICE, "MaxSize") == "13"


def both(day: Day) -> None:
    """Template and configuration changed in one commit: one execution with both."""
    before = day.counts()
    definition = day.tree / "templates/service.py"
    text = definition.read_text("utf-8")
    definition.write_text(text.replace('"""', '"""Changed. ', 1), "utf-8")
    day.configure(SERVICE, "{parameters: {MaxSize: 14}}")
    day.commit("Both")
    assert day.through(SERVICE) == "succeeded"
    day.rest()
    assert day.grown(before) == {names.pipeline(ENVIRONMENT, SERVICE): 1}
    template = day.rehearsal.process.stacks.template(names.cloudformation_stack(ENVIRONMENT, SERVICE))
    assert template["Description"].startswith("Changed. ")
    assert day.parameter(SERVICE, "MaxSize") == "14"


def reject(day: Day) -> None:
    """A rejected change is not executed, and the next one works; a newer one waits for the older."""
    day.configure(NETWORK, "{tags: {Day: rejected}}")
    day.commit("To be rejected")
    first = day.approval(NETWORK)
    day.decide(NETWORK, first, approve=False)
    assert day.ended(NETWORK, first.execution) == "failed"
    assert day.pipelines.rejections(names.pipeline(ENVIRONMENT, NETWORK), EVER) == {first.execution}
    assert day.tag(NETWORK, "Day") == ""
    assert day.rehearsal.process.catch_up() == []

    day.configure(NETWORK, "{tags: {Day: older}}")
    day.commit("Older")
    older = day.approval(NETWORK, besides=first.execution)
    day.configure(NETWORK, "{tags: {Day: newer}}")
    day.commit("Newer")
    day.until(lambda: day.executions(NETWORK)[0].id != older.execution, "the newer execution is there")
    newer = day.executions(NETWORK)[0].id
    day.rest()
    assert day.status(NETWORK, newer) == "running"
    assert day.approval(NETWORK).execution == older.execution
    day.decide(NETWORK, older)
    day.decide(NETWORK, day.approval(NETWORK, "operations"))
    day.approval(NETWORK, besides=older.execution)
    assert day.status(NETWORK, older.execution) == "succeeded"
    assert day.tag(NETWORK, "Day") == "older"

    operator = day.rehearsal.process.people[OPERATOR].session.client("codepipeline")
    operator.stop_pipeline_execution(
        pipelineName=names.pipeline(ENVIRONMENT, NETWORK), pipelineExecutionId=newer, abandon=True
    )
    assert day.ended(NETWORK, newer) == "stopped"
    assert day.tag(NETWORK, "Day") == "older"
    assert day.rehearsal.process.catch_up() == [NETWORK]
    assert day.through(NETWORK) == "succeeded"
    assert day.tag(NETWORK, "Day") == "newer"


def two(day: Day) -> None:
    """Each reviewer gives one approval and not the other; who holds both policies gives none."""
    pipeline = names.pipeline(ENVIRONMENT, DATABASE)
    day.configure(DATABASE, "{tags: {Day: two}}")
    day.commit("Two approvals")
    waiting = day.approval(DATABASE)
    people = day.rehearsal.process.people
    assert _refused(people["operations"].pipelines, pipeline, waiting)
    assert _refused(people[OPERATOR].pipelines, pipeline, waiting)
    iam = day.rehearsal.process.root.client("iam")
    account = day.rehearsal.process.environment.account
    policy = f"arn:aws:iam::{account}:policy/{names.approver(ENVIRONMENT, 'operations')}"
    iam.attach_user_policy(UserName="owners", PolicyArn=policy)
    assert "explicit deny" in _refused(people["owners"].pipelines, pipeline, waiting)
    iam.detach_user_policy(UserName="owners", PolicyArn=policy)
    assert day.through(DATABASE) == "succeeded"
    assert day.tag(DATABASE, "Day") == "two"
    client = day.rehearsal.process.root.client("codepipeline")
    listed = client.list_action_executions(pipelineName=pipeline)["actionExecutionDetails"]
    deciders = {
        each["actionName"]: each["updatedBy"].rpartition("/")[2]
        for each in reversed(listed)
        if each["actionName"].startswith("Approve")
    }
    assert deciders == {"Approve-owners": "owners", "Approve-operations": "operations"}


def _refused(pipelines: Pipelines, pipeline: str, approval: Activity) -> str:
    """The message with which somebody's decision is refused; empty if it is not."""
    try:
        pipelines.decide(pipeline, approval, approve=True, why="I may not")
    except AwsError as error:
        return error.message
    return ""


def edited(day: Day) -> None:
    """Hand-edited JSON is committed: Validate fails, nothing reaches S3, and a render mends it."""
    before, bundles = day.counts(), _versions(day)
    path = day.tree / f"stacks/{ENVIRONMENT}/network/template.json"
    path.write_text(path.read_text("utf-8").replace('"10.', '"11.', 1), "utf-8")
    sync = names.sync_pipeline(ENVIRONMENT)
    day.commit("By hand", render=False)
    day.until(lambda: day.counts()[sync] > before[sync], "the sync pipeline runs")
    run = (day.pipelines.executions(sync, EVER) or [])[0].id
    day.until(lambda: _status(day, sync, run) != "running", "it ends")
    assert _status(day, sync, run) == "failed"
    failed = [each.action for each in day.pipelines.activities(sync) if each.status == "Failed"]
    assert failed == ["Validate"]
    assert (day.grown(before), _versions(day)) == ({}, bundles)
    day.commit("Rendered again")
    day.until(lambda: (day.pipelines.executions(sync, EVER) or [])[0].status == "succeeded", "it is mended")


def _status(day: Day, pipeline: str, execution: str) -> str:
    return next(e.status for e in day.pipelines.executions(pipeline, EVER) or [] if e.id == execution)


def _versions(day: Day) -> set[str]:
    process = day.rehearsal.process
    bucket = names.bucket(ENVIRONMENT, "source", process.environment.account or "", "us-east-1")
    listed = process.root.client("s3").list_object_versions(Bucket=bucket)
    return {each["VersionId"] for each in listed["Versions"]}


def late(day: Day) -> None:
    """The event of an older version comes again, late: what is deployed stays the newer one."""
    before = {each.id for each in day.executions(SERVICE)}
    day.configure(SERVICE, "{tags: {Day: newest}}")
    day.commit("Newest")
    assert day.through(SERVICE) == "succeeded"
    rule = names.owned(ENVIRONMENT, SERVICE)
    pattern = day.rehearsal.process.root.client("events").describe_rule(Name=rule)["EventPattern"]
    assert "stacks/orders-service/bundle.zip" in pattern
    known = {each.id for each in day.executions(SERVICE)}
    day.pipelines.start(names.pipeline(ENVIRONMENT, SERVICE), f"late-{len(before)}")
    again = next(each.id for each in day.executions(SERVICE) if each.id not in known)
    assert day.through(SERVICE) == "succeeded"
    assert day.status(SERVICE, again) == "succeeded"
    assert day.tag(SERVICE, "Day") == "newest"


def members(day: Day) -> None:
    """A stack is added and goes through; it is removed and stays; one that is retired goes."""
    definition = '"""A queue."""\n\nfrom troposphere import Template\nfrom troposphere.sqs import Queue\n\n'
    definition += 'template = Template(Description=__doc__)\ntemplate.add_resource(Queue("Letters"))\n'
    (day.tree / "templates/letters.py").write_text(definition, "utf-8")
    day.configure("letters", "{}")
    day.commit("Letters")
    assert day.through("pipelines") == "succeeded"
    assert day.through("letters") == "succeeded"
    letters = names.cloudformation_stack(ENVIRONMENT, "letters")
    assert day.rehearsal.process.stacks.find(letters) is not None

    day.configure("letters", "{retire: true}")
    day.commit("Retire letters")
    assert day.through("access") == "succeeded"
    assert day.through("pipelines") == "succeeded"
    assert day.through("letters") == "succeeded"
    assert day.rehearsal.process.stacks.find(letters) is None


def removed(day: Day) -> None:
    """A stack that is taken out of the configuration loses its pipeline and stays."""
    for each in day.tree.glob("config/*.yaml"):
        _cut(each, f"  {SERVICE}:")
    day.commit("Without the service")
    assert day.through("pipelines") == "succeeded"
    assert names.pipeline(ENVIRONMENT, SERVICE) not in day.pipelines.names()
    there = day.rehearsal.process.stacks.find(names.cloudformation_stack(ENVIRONMENT, SERVICE))
    assert there is not None
    assert there.status == "CREATE_COMPLETE"


def _cut(path: Path, entry: str) -> None:
    """Take an entry of `stacks` and what is indented below it out of a file."""
    kept, inside = [], False
    for line in path.read_text("utf-8").splitlines():
        inside = line.startswith(entry) or (inside and (not line.strip() or line.startswith("    ")))
        kept += [] if inside else [line]
    path.write_text("\n".join([*kept, ""]), "utf-8")


def reviewers(day: Day) -> None:
    """A reviewer more, and one less, while a stack waits: a wrong order fails, and nobody is locked out."""
    day.configure(NETWORK, "{tags: {Day: waits}}")
    day.commit("Something that waits")
    day.approval(NETWORK)
    day.review("owners", "operations", "security")
    day.commit("One more reviewer")
    # The wrong order: `pipelines` needs the policy that `access` does not export yet.
    day.until(lambda: day.activity("pipelines", "CreateChangeSet").status == "Failed", "pipelines is refused")
    message = day.activity("pipelines", "CreateChangeSet").message
    assert "No export named cfnpipe:production-us:ApproverSecurity found." in message
    assert day.approval(NETWORK).status == "InProgress"
    assert day.through("access") == "succeeded"
    day.rest()
    day.rehearsal.process.catch_up()
    assert day.through("pipelines") == "succeeded"
    # Its update ended what waited; Resume starts the sync pipeline, whose last step brings it back.
    day.rest()
    day.rehearsal.process.catch_up()
    assert day.through(NETWORK, "owners", "operations", "security") == "succeeded"
    assert day.tag(NETWORK, "Day") == "waits"

    day.review("owners", "operations")
    day.commit("One reviewer less")
    # The wrong order again: `access` cannot take away what `pipelines` still imports.
    assert day.through("access", "owners", "operations", "security") == "failed"
    assert day.through("pipelines", "owners", "operations") == "succeeded"
    day.rest()
    day.rehearsal.process.catch_up()
    assert day.through("access", "owners", "operations") == "succeeded"


def command_line(day: Day) -> None:
    """The real AWS CLI does the same things."""
    pipeline = names.pipeline(ENVIRONMENT, NETWORK)
    day.configure(NETWORK, "{tags: {Day: cli}}")
    day.commit("By the AWS CLI")
    waiting = day.approval(NETWORK)
    listed = aws(
        day.rehearsal.process, "codepipeline", "list-pipeline-executions", "--pipeline-name", pipeline
    )
    assert listed["pipelineExecutionSummaries"][0]["pipelineExecutionId"] == waiting.execution
    for review in ("owners", "operations"):
        day.approval(NETWORK, review)
        state = aws(day.rehearsal.process, "codepipeline", "get-pipeline-state", "--name", pipeline)
        action = names.approval(review)
        token = next(
            each["latestExecution"]["token"]
            for each in state["stageStates"][1]["actionStates"]
            if each["actionName"] == action
        )
        where = ("--pipeline-name", pipeline, "--stage-name", "Deploy", "--action-name", action)
        result = "summary=Read,status=Approved"
        aws(
            day.rehearsal.process,
            "codepipeline",
            "put-approval-result",
            *where,
            "--result",
            result,
            "--token",
            token,
        )
    assert day.ended(NETWORK, waiting.execution) == "succeeded"
    assert day.tag(NETWORK, "Day") == "cli"


def first_day(day: Day) -> None:
    """From nothing to all stacks; those that import what is not there fail and name it."""
    day.rehearsal.process.bootstrap(day.rehearsal.rendered, day.stage)
    day.script.first_day()
    told = [line for line in day.stage.said if "No export named production-us-network:" in line]
    assert any(line.startswith("orders-database_production-us CreateChangeSet Failed") for line in told), told
    for stack in day.rehearsal.process.environment.stacks:
        there = day.rehearsal.process.stacks.find(names.cloudformation_stack(ENVIRONMENT, stack))
        assert there is not None
        assert there.outputs or stack == "pipelines", stack


def by_hand(day: Day) -> None:
    """What docs/bootstrap.md tells: `deploy-init`, again, and the approval that makes the pipelines."""
    stack = names.cloudformation_stack(ENVIRONMENT, "access")
    stacks = day.rehearsal.process.stacks
    planned = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--dry-run")
    assert planned.stdout == f"{ENVIRONMENT}-access: planned\n{ENVIRONMENT}-sync: planned\n", planned.stderr
    assert stacks.find(stack) is None
    wrong = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes", AWS_ACCESS_KEY_ID="444455556666")
    assert wrong.returncode == 3
    assert "these credentials are of account 444455556666; production-us is 111122223333" in wrong.stderr
    nobody = _cfnpipe(day, "deploy-init", ENVIRONMENT)
    assert (nobody.returncode, stacks.find(stack)) == (3, None), nobody.stderr
    done = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(each["stack"], each["result"], each["status"]) for each in told["stacks"]] == [
        (f"{ENVIRONMENT}-access", "created", "CREATE_COMPLETE"),
        (f"{ENVIRONMENT}-sync", "created", "CREATE_COMPLETE"),
    ]
    assert told["handover"]["connection"] == "AVAILABLE"
    assert told["handover"]["approvals"] == ["Approve-owners"]
    assert told["next"][0].startswith("confirm the subscription in the mail that AWS sent to ")
    assert told["next"][1].startswith(f"approve Approve-owners of pipelines_{ENVIRONMENT}: https://")
    assert all(stacks.find(f"{ENVIRONMENT}-{each}").protected for each in ("access", "sync"))  # type: ignore[union-attr]
    _read(day)
    again = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes")
    assert again.stdout.splitlines()[:3] == [
        f"{ENVIRONMENT}-access: unchanged (CREATE_COMPLETE)",
        f"{ENVIRONMENT}-sync: unchanged (CREATE_COMPLETE)",
        "Next:",
    ], again.stderr
    day.rehearsal.process.admit()
    assert day.through("pipelines") == "succeeded"
    of_stacks = {names.pipeline(ENVIRONMENT, each) for each in day.rehearsal.process.environment.stacks}
    assert set(day.pipelines.names()) == of_stacks | {names.sync_pipeline(ENVIRONMENT)}
    assert _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes").returncode == 0
    day.configure("access", "{tags: {More: of it}}")
    day.script.render()
    refused = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes")
    assert refused.returncode == 3
    said = "production-us-access is not what is committed here, and has a pipeline of its own"
    assert said in refused.stderr
    updated = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--update", "--yes")
    assert updated.stdout.startswith(f"{ENVIRONMENT}-access: updated (UPDATE_COMPLETE)\n"), updated.stderr
    left = [name for each in ("access", "sync") for name in stacks.change_sets(f"{ENVIRONMENT}-{each}")]
    assert not [name for name in left if name.startswith(names.CHANGE_SETS_BY_HAND)]


def ended(day: Day) -> None:
    """Before a pipeline is changed by hand, it is told which of its executions that ends. After `by_hand`."""
    day.pipelines.start(names.pipeline(ENVIRONMENT, "pipelines"), "to-be-ended")
    waiting = day.approval("pipelines")
    day.review("owners", "operations", "security")
    day.script.render()
    planned = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--update", "--dry-run")
    said = "No export named cfnpipe:production-us:ApproverSecurity found. It comes with the stacks before."
    assert (planned.returncode, planned.stderr.splitlines()[-1].endswith(said)) == (0, True), planned.stderr
    assert day.status("pipelines", waiting.execution) == "running"
    done = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--update", "--yes")
    told = f"execution {waiting.execution} of {names.pipeline(ENVIRONMENT, 'pipelines')}"
    assert (done.returncode, told in done.stderr) == (0, True), done.stderr
    assert day.status("pipelines", waiting.execution) == "cancelled"


def rights(day: Day) -> None:
    """Each statement of the policy that `--policy` prints is needed, and all together are enough."""
    printed = json.loads(_cfnpipe(day, "deploy-init", ENVIRONMENT, "--policy").stdout)
    every = {each["Sid"]: each for each in printed["Statement"]}
    for sid, (action, code) in LACKING.items():
        _allow(day, [each for name, each in every.items() if name != sid])
        done = _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes")
        assert done.returncode == code, sid
        (error,) = (line for line in done.stderr.splitlines() if "error: " in line)
        assert action in error, sid
    _allow(day, list(every.values()))
    assert _cfnpipe(day, "deploy-init", ENVIRONMENT, "--yes").returncode == 0


def _allow(day: Day, statements: list[Any]) -> None:
    """Let the bootstrapper do this and nothing else."""
    iam = day.rehearsal.process.root.client("iam")
    arn = f"arn:aws:iam::{day.rehearsal.process.environment.account}:policy/{BOOTSTRAPPER}"
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not each["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=each["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)


LACKING = {
    "SeeStacks": ("cloudformation:DescribeStacks", 3),
    "ChangeStacks": ("cloudformation:CreateChangeSet", 3),
    "Roles": ("iam:CreateRole", 1),
    "Policies": ("iam:CreatePolicy", 1),
    "PassRole": ("iam:PassRole", 3),
    "SeeConnection": ("codeconnections:GetConnection", 1),
    "WatchPipelines": ("codepipeline:ListPipelineExecutions", 1),
    "SeeBundle": ("s3:GetObject", 1),
}
"""What a run lacks first without a statement, and its exit code, as a bootstrap comes to them.

Not here: `Groups`, since the example gives no policy to a group, and `MissBundle`, without which a bundle
that is not there is taken for one that must not be seen.
"""


def _read(day: Day) -> None:
    """The real AWS CLI reads what `deploy-init` made."""
    process = day.rehearsal.process
    for name in ("access", "sync"):
        stack, where = day.rehearsal.rendered[name], ("--stack-name", f"{ENVIRONMENT}-{name}")
        (told,) = aws(process, "cloudformation", "describe-stacks", *where)["Stacks"]
        assert (told["StackStatus"], told["EnableTerminationProtection"]) == ("CREATE_COMPLETE", True)
        assert {each["Key"]: each["Value"] for each in told["Tags"]} == {"cfnpipe:init-stack": name}
        listed = aws(process, "cloudformation", "describe-stack-resources", *where)["StackResources"]
        kinds = {each["LogicalResourceId"]: each["ResourceType"] for each in listed}
        made = json.loads(stack.template)["Resources"]
        assert kinds == {title: each["Type"] for title, each in made.items()}
        assert {each["ResourceStatus"] for each in listed} == {"CREATE_COMPLETE"}
    assert told["RoleARN"].endswith(":role/cfnpipe_production-us_init-deployer")
    policy = aws(process, "cloudformation", "get-stack-policy", *where)
    assert not (policy or {}).get("StackPolicyBody")
    role = aws(process, "iam", "get-role", "--role-name", names.owned(ENVIRONMENT, "init-deployer"))["Role"]
    (trusts,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusts["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def _cfnpipe(day: Day, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command as somebody runs it in a checkout, with the rights that `--policy` prints."""
    access = {"AWS_ACCESS_KEY_ID": day.access.key, "AWS_SECRET_ACCESS_KEY": day.access.secret}
    return cfnpipe(day.rehearsal.process, day.tree, *arguments, **{**access, **more})


def main(wanted: list[str]) -> None:
    stage = Silent()
    project = config.load(ROOT)
    with rehearsing(project, choose(project, ENVIRONMENT), stage) as rehearsal:
        day = Day(rehearsal, rehearsal.script(stage), stage)
        try:
            for name in wanted:
                SCENARIOS[name](day)
                print(f"{name}: ok", flush=True)
        except BaseException:
            print("\n".join(stage.said[-25:]))
            print("\n".join(_failures(rehearsal)))
            raise


SCENARIOS = {
    each.__name__: each
    for each in (
        by_hand,
        ended,
        rights,
        first_day,
        parameter,
        both,
        reject,
        two,
        edited,
        late,
        members,
        command_line,
        reviewers,
        removed,
    )
}


def _failures(rehearsal: Rehearsal) -> list[str]:
    """What failed in the stacks."""
    stacks = rehearsal.process.stacks
    there = [
        stacks.find(names.cloudformation_stack(ENVIRONMENT, each))
        for each in rehearsal.process.environment.stacks
    ]
    return [
        f"{event.logical} {event.status} {event.reason}"
        for each in there
        if each and each.status != "REVIEW_IN_PROGRESS"
        for event in stacks.events(each.id)
        if event.failed
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
