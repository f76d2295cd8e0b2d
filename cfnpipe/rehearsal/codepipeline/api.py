"""CodePipeline's operations: a request in, an answer or a `Fault` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline import answers, requests
from cfnpipe.rehearsal.codepipeline.definition import read
from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.rights import Denied
from cfnpipe.rehearsal.codepipeline.states import Decision, Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cfnpipe.rehearsal.codepipeline.definition import Definition
    from cfnpipe.rehearsal.codepipeline.runner import Pipeline, Runner
    from cfnpipe.rehearsal.codepipeline.site import Scope

Request = dict[str, Any]
TAGS = 50
"""How many tags a pipeline may have."""


@dataclass(frozen=True)
class Api:
    """The operations, for one caller in one account and region."""

    runner: Runner
    """The pipelines."""
    caller: str
    """Who calls: an ARN."""
    scope: Scope
    """Where."""

    def answer(self, operation: str, request: Request) -> Request:
        """Return the answer to a request. Raise `Fault` if it is refused."""
        requests.check(operation, request)
        known: dict[str, Callable[[Request], Request]] = {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DeletePipeline": self.delete,
            "GetPipeline": self.get,
            "ListPipelines": self.list,
            "GetPipelineState": self.state,
            "GetPipelineExecution": self.execution,
            "ListPipelineExecutions": self.executions,
            "ListActionExecutions": self.actions,
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "PutApprovalResult": self.decide,
            "EnableStageTransition": self.open,
            "DisableStageTransition": self.close,
            "RetryStageExecution": self.retry,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.tags,
        }
        if operation not in known:
            raise Fault("UnknownOperationException", f"The rehearsal does not know the operation {operation}")
        return known[operation](request)

    def create(self, request: Request) -> Request:
        """Make a pipeline; it starts at once."""
        definition = self._trusted(request["pipeline"])
        tags = _tags(request.get("tags", ()))
        self.runner.create(definition, self.scope, tags)
        with self.runner.pipeline(definition.name, self.scope) as made:
            made.machine.start(self.runner.now(), ("CreatePipeline", self.caller))
        return {"pipeline": dict(definition.declared), "tags": request.get("tags", [])}

    def update(self, request: Request) -> Request:
        """Change a pipeline's definition; what runs is cancelled."""
        name = self._trusted(request["pipeline"]).name
        with self.runner.pipeline(name, self.scope) as made:
            definition = read(request["pipeline"], made.machine.definition.version + 1)
            made.updated = self.runner.now()
            made.machine.update(definition, made.updated)
        return {"pipeline": dict(definition.declared)}

    def delete(self, request: Request) -> Request:
        """Delete a pipeline; one that is not there is fine."""
        self.runner.remove(request["name"], self.scope)
        return {}

    def get(self, request: Request) -> Request:
        """Return a definition, the current one or an earlier one."""
        with self.runner.pipeline(request["name"], self.scope) as made:
            versions = {each.version: each for each in made.machine.definitions}
            wanted = request.get("version", made.machine.definition.version)
            if wanted not in versions:
                text = f"The pipeline '{request['name']}' has no version {wanted}"
                raise Fault("PipelineVersionNotFoundException", text)
            return {
                "pipeline": dict(versions[wanted].declared),
                "metadata": {"pipelineArn": made.arn, "created": made.created, "updated": made.updated},
            }

    def list(self, request: Request) -> Request:
        """Return all pipelines, by name."""
        return _page("pipelines", [_listed(made) for made in self.runner.listed(self.scope)], request, 1000)

    def state(self, request: Request) -> Request:
        """Return what each stage and action does now."""
        with self.runner.pipeline(request["name"], self.scope) as made:
            times = {"created": made.created, "updated": made.updated}
            return answers.state(made.machine) | times

    def execution(self, request: Request) -> Request:
        """Return one execution."""
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            found = made.machine.execution(request["pipelineExecutionId"])
            return {"pipelineExecution": answers.execution(found)}

    def executions(self, request: Request) -> Request:
        """Return executions, newest first."""
        stage = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            found = [
                answers.summary(each)
                for each in reversed(made.machine.executions)
                if stage is None or (stage in each.stages and each.stages[stage].status == "Succeeded")
            ]
        return _page("pipelineExecutionSummaries", found, request, 100)

    def actions(self, request: Request) -> Request:
        """Return attempts at actions, newest first."""
        only = request.get("filter", {})
        last = only.get("latestInPipelineExecution", {})
        wanted = {each["pipelineExecutionId"] for each in (only, last) if "pipelineExecutionId" in each}
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            for identifier in wanted:
                made.machine.execution(identifier)
            runs = [run for run in reversed(made.machine.runs) if wanted <= {run.execution.id}]
            if last.get("startTimeRange") == "Latest":
                places = {(run.stage, run.action.name): run for run in reversed(runs)}
                runs = [run for run in runs if places[run.stage, run.action.name] is run]
            found = [answers.action(run) for run in runs]
        return _page("actionExecutionDetails", found, request, 100)

    def start(self, request: Request) -> Request:
        """Start an execution, or name the one that the same token started."""
        trigger = ("StartPipelineExecution", self.caller)
        return {"pipelineExecutionId": self.runner.start(request["name"], self.scope, trigger, request)}

    def stop(self, request: Request) -> Request:
        """Stop an execution."""
        identifier = request["pipelineExecutionId"]
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            made.machine.stop(
                identifier,
                abandon=request.get("abandon", False),
                reason=request.get("reason", ""),
                now=self.runner.now(),
            )
        return {"pipelineExecutionId": identifier}

    def decide(self, request: Request) -> Request:
        """Approve or reject."""
        result, now = request["result"], self.runner.now()
        approved = result["status"] == "Approved"
        decision = Decision(request["token"], approved, result["summary"], self.caller)
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            made.machine.decide(request["stageName"], request["actionName"], decision, now)
        return {"approvedAt": now} if approved else {}

    def open(self, request: Request) -> Request:
        """Enable a transition."""
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            made.machine.open(request["stageName"], request["transitionType"], self.runner.now())
        return {}

    def close(self, request: Request) -> Request:
        """Disable a transition."""
        gate = Gate(request["reason"], self.caller, self.runner.now())
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            made.machine.close(request["stageName"], request["transitionType"], gate)
        return {}

    def retry(self, request: Request) -> Request:
        """Try a stage again."""
        with self.runner.pipeline(request["pipelineName"], self.scope) as made:
            execution = made.machine.retry(
                request["stageName"],
                request["pipelineExecutionId"],
                everything=request["retryMode"] == "ALL_ACTIONS",
                now=self.runner.now(),
            )
        return {"pipelineExecutionId": execution.id}

    def tag(self, request: Request) -> Request:
        """Set tags."""
        with self.runner.pipeline(self._name(request["resourceArn"]), self.scope) as made:
            made.tags |= _tags(request["tags"])
        return {}

    def untag(self, request: Request) -> Request:
        """Take tags away."""
        with self.runner.pipeline(self._name(request["resourceArn"]), self.scope) as made:
            made.tags = {key: value for key, value in made.tags.items() if key not in request["tagKeys"]}
        return {}

    def tags(self, request: Request) -> Request:
        """Return a pipeline's tags."""
        with self.runner.pipeline(self._name(request["resourceArn"]), self.scope) as made:
            found = [{"key": key, "value": value} for key, value in sorted(made.tags.items())]
        return _page("tags", found, request, 100)

    def _name(self, arn: str) -> str:
        name = arn.split(":", 5)[5]
        if all(made.arn != arn for made in self.runner.listed(self.scope)):
            raise Fault("ResourceNotFoundException", f"Could not find the resource with ARN {arn}")
        return name

    def _trusted(self, declared: Request) -> Definition:
        """Return a first version whose roles CodePipeline may take. Raise `Fault` if it is wrong."""
        definition = read(declared, 1)
        roles = {definition.role} | {each.role for stage in definition.stages for each in stage.actions}
        for role in sorted(roles):
            try:
                self.runner.site.rights.assume(role, "codepipeline.amazonaws.com", "CreatePipeline")
            except Denied as denied:
                text = f"CodePipeline is not authorized to perform AssumeRole on role {role}"
                raise Fault("InvalidStructureException", text) from denied
        return definition


def _listed(made: Pipeline) -> Request:
    declared = made.machine.definition.declared
    shown = {key: declared[key] for key in ("name", "version", "pipelineType", "executionMode")}
    return shown | {"created": made.created, "updated": made.updated}


def _tags(given: Sequence[Request]) -> dict[str, str]:
    if len(given) > TAGS:
        raise Fault("TooManyTagsException", f"A resource may have {TAGS} tags")
    for each in given:
        if each["key"].lower().startswith("aws:") and not each["key"].startswith("aws:cloudformation:"):
            raise Fault("InvalidTagsException", f"The tag key {each['key']} is reserved")
    return {each["key"]: each["value"] for each in given}


def _page(key: str, found: Sequence[Request], request: Request, size: int) -> Request:
    """Return one page of what was found, and the token of the next."""
    token = request.get("nextToken", "0")
    if not token.isdecimal() or int(token) > len(found):
        raise Fault("InvalidNextTokenException", "The next token is not valid")
    begin, end = int(token), int(token) + request.get("maxResults", size)
    more = {"nextToken": str(end)} if end < len(found) else {}
    return {key: list(found[begin:end]), **more}
