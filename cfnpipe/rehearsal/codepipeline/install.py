"""Where the executing CodePipeline is plugged into ministack: all that is known of its insides is here.

Nothing of ministack is public but its ports, so its version is pinned, and `install` fails at once where one
of the names that are used is gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal import insides, service
from cfnpipe.rehearsal.codepipeline.api import Api
from cfnpipe.rehearsal.codepipeline.faults import Fault
from cfnpipe.rehearsal.codepipeline.resource import TYPE, Resources
from cfnpipe.rehearsal.codepipeline.rights import Denied
from cfnpipe.rehearsal.codepipeline.runner import Runner
from cfnpipe.rehearsal.codepipeline.site import Scope, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cfnpipe.rehearsal.codepipeline.rights import Rights
    from cfnpipe.rehearsal.connections import Connections
    from cfnpipe.rehearsal.service import Reply

TARGET = "CodePipeline_20150709"
_PROJECT = "AWS::CodeBuild::Project"


def install(
    endpoint: str, rights: Rights, repositories: Mapping[str, Path], connections: Connections | None = None
) -> Runner:
    """Add CodePipeline to the ministack of this process, before its server starts; return the pipelines.

    `endpoint`: where the server will answer, such as `http://127.0.0.1:4599`. `repositories`: by
    `owner/name`, the local Git repository that stands for it. `connections`: without, every connection can be
    used. There is one ministack in a process.
    """
    from ministack.services import eventbridge
    from ministack.services.cloudformation import provisioners, stacks

    insides.check()
    runner = Runner(Site(endpoint, rights, repositories, Ministack(), connections))
    service.add("codepipeline", TARGET, Service(runner))
    resources = Resources(runner, _here)
    handlers = provisioners._RESOURCE_HANDLERS
    handlers[TYPE] = {"create": resources.create, "update": resources.update, "delete": resources.delete}
    handlers[_PROJECT] = _keep_logs(handlers[_PROJECT])
    provisioners._REPLACING_PROPERTIES[TYPE] = ("Name",)
    provisioners._STACK_TAG_PROPERTY[TYPE] = ("Tags", "list")
    stacks._runs_on_worker_thread = _also_on_a_thread(stacks._runs_on_worker_thread)
    eventbridge._invoke_target = _with_pipelines(eventbridge._invoke_target, runner)
    return runner


class Ministack:
    """What has no API in ministack, or none that the caller could use."""

    def dispatch(self, event: Mapping[str, Any], scope: Scope) -> None:
        """Give an event of a service to EventBridge."""
        from ministack.core.responses import request_scope
        from ministack.services import eventbridge

        with request_scope(scope.account, scope.region):
            eventbridge._dispatch_event(dict(event))

    def project(self, name: str, scope: Scope) -> Mapping[str, Any]:
        """Return a CodeBuild project as CodeBuild itself knows it; raise `KeyError` if there is none."""
        from ministack.core.responses import request_scope
        from ministack.services import codebuild

        with request_scope(scope.account, scope.region):
            found: Mapping[str, Any] = codebuild._projects[name]
        return found

    def record(self, build: str, scope: Scope, changes: Mapping[str, Any]) -> None:
        """Write down how a build goes, where BatchGetBuilds reads it."""
        from ministack.core.responses import request_scope
        from ministack.services import codebuild

        with request_scope(scope.account, scope.region):
            codebuild._builds[build].update(changes)


class Service:
    """CodePipeline as a service of ministack: JSON 1.1 over HTTP."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Any
    ) -> Reply:
        """Answer a request; in a thread of its own, because rights may be asked for by HTTP."""
        from ministack.core.concurrency import run_reentrant

        del method, path, query_params
        answer: Reply = await run_reentrant(self._answer, headers, body)
        return answer

    def reset(self) -> None:
        """Forget everything."""
        self._runner.reset()

    def get_state(self) -> dict[str, Any]:
        """Return nothing: pipelines do not outlive the process."""
        return {}

    def _answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        small = {key.lower(): value for key, value in headers.items()}
        operation = small.get("x-amz-target", "").partition(".")[2]
        try:
            api = Api(self._runner, self._runner.site.rights.caller(headers), _here())
            return _reply(200, api.answer(operation, _request(body)))
        except Denied as denied:
            return _refusal("AccessDeniedException", denied.message)
        except Fault as fault:
            return _refusal(fault.code, fault.message)


def _request(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise Fault("SerializationException", "The request is no JSON") from error


def _refusal(code: str, message: str) -> Reply:
    return _reply(400, {"__type": code, "message": message})


def _reply(status: int, answer: Mapping[str, Any]) -> Reply:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()


def _here() -> Scope:
    """Return the account and region that the current request is about."""
    from ministack.core.responses import get_account_id, get_region

    return Scope(get_account_id(), get_region())


def _also_on_a_thread(known: Callable[[str], bool]) -> Callable[[str], bool]:
    """Let the resource type be handled off the event loop: rights may be asked for by HTTP."""
    return lambda kind: kind == TYPE or known(kind)


def _keep_logs(handlers: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Let projects of a stack keep where their log goes, which ministack drops."""

    def kept(handler: Callable[..., Any], index: int) -> Callable[..., Any]:
        def handle(*arguments: Any) -> Any:
            name, attributes = handler(*arguments)
            logs = arguments[index].get("LogsConfig", {}).get("CloudWatchLogs", {})
            small = {key[0].lower() + key[1:]: value for key, value in logs.items()}
            Ministack().project(name, _here()).update({"logsConfig": {"cloudWatchLogs": small}})  # type: ignore[attr-defined]
            return name, attributes

        return handle

    return {**handlers, "create": kept(handlers["create"], 1), "update": kept(handlers["update"], 2)}


def _with_pipelines(invoke: Callable[..., None], runner: Runner) -> Callable[..., None]:
    """Let EventBridge start pipelines; every other target is ministack's."""

    def invoke_target(
        target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None
    ) -> None:
        if target.get("Arn", "").split(":")[2:3] == ["codepipeline"]:
            _start(runner, target, rule, _input(target, rule, view))
        else:
            invoke(target, event, rule, view)

    return invoke_target


def _input(target: Mapping[str, Any], rule: Mapping[str, Any], view: Any) -> dict[str, Any]:
    """Return what a target passes on: source revisions and variables; an event as it is says nothing."""
    from ministack.services import eventbridge

    text = target.get("Input", "{}")
    if target.get("InputTransformer"):
        text = eventbridge._apply_input_transformer(target["InputTransformer"], rule, view)
    found: dict[str, Any] = json.loads(text)
    return found


def _start(
    runner: Runner, target: Mapping[str, Any], rule: Mapping[str, Any], passed: dict[str, Any]
) -> None:
    """Start a pipeline with the target's role. A refusal is kept: on AWS it is only a failed invocation."""
    role, arn = target.get("RoleArn", ""), target["Arn"]
    name = arn.rpartition(":")[2]
    try:
        runner.site.rights.assume(role, "events.amazonaws.com", rule["Name"], source_arn=rule["Arn"])
        runner.site.rights.check(role, "codepipeline:StartPipelineExecution", arn, {})
        runner.start(name, _here(), ("CloudWatchEvent", rule["Arn"]), passed)
    except (Denied, Fault) as refused:
        runner.refusals.append(f"{rule['Name']} could not start {name}: {refused.message}")
