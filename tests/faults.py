"""What the tests of the rules about pipelines share: a correct template, faults, and what is found."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfnpipe.model import Environment, Project, RenderedStack, Stack
from cfnpipe.validate.rules import (
    actions,
    approvals,
    artifacts,
    buckets,
    buildspecs,
    changesets,
    commands,
    conditionrules,
    conditions,
    events,
    iam,
    pipelines,
    policysizes,
    settings,
    targets,
    transformers,
    transitions,
    variables,
)
from cfnpipe.validate.subject import StackView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfnpipe.validate.subject import Finding

_MODULES = (
    *(actions, approvals, artifacts, buckets, buildspecs, changesets, commands, conditionrules, conditions),
    *(events, iam, pipelines, policysizes, settings, targets, transformers, transitions, variables),
)
GOOD = (Path(__file__).parent / "data" / "pipelines" / "good.json").read_text("utf-8")
"""A template in which no rule finds anything."""
GONE = object()
"""An edit to it that takes something away."""

NETWORK = "/Resources/Network/Properties"
SERVICE = "/Resources/Service/Properties"
BUNDLE = f"{NETWORK}/Stages/0/Actions/0"
TEST = f"{NETWORK}/Stages/1/Actions/0"
COMBINE = f"{NETWORK}/Stages/1/Actions/1"
DEPLOY = f"{NETWORK}/Stages/2"
CREATE = f"{DEPLOY}/Actions/0"
OWNERS = f"{DEPLOY}/Actions/1"
OPERATIONS = f"{DEPLOY}/Actions/2"
EXECUTE = f"{DEPLOY}/Actions/3"
PROTECT = f"{DEPLOY}/Actions/4"
ENTRY = f"{DEPLOY}/BeforeEntry/Conditions/0"
SUCCESS = f"{DEPLOY}/OnSuccess/Conditions/0"
GIT = f"{SERVICE}/Stages/0/Actions/0"
TEMPLATE = f"{SERVICE}/Stages/1/Actions/0"
NEXT = f"{SERVICE}/Stages/1/Actions/1"
LATER = f"{SERVICE}/Stages/2/Actions/0"
PATTERN = "/Resources/BundleRule/Properties/EventPattern"
TARGET = "/Resources/BundleRule/Properties/Targets/0"
TOLD = f"{TARGET}/InputTransformer/InputTemplate"
STATEMENTS = "/Resources/PipelineRole/Properties/Policies/0/PolicyDocument/Statement"
PROJECT = "/Resources/Checks/Properties"


@dataclass(frozen=True)
class Fault:
    """Edits to the correct template, and every line that the rules say about the result."""

    name: str
    edits: dict[str, Any]
    """By pointer: what to write there, or `GONE`; the key `-` appends to a list."""
    found: tuple[str, ...]

    def template(self) -> Any:
        """Return the correct template with the edits."""
        template = json.loads(GOOD)
        for pointer, value in self.edits.items():
            edit(template, pointer, value)
        return template


def fault(name: str, edits: dict[str, Any], *found: str) -> Fault:
    """Return a fault; `found` are lines as `lines` returns them."""
    return Fault(name, edits, found)


def told(**more: str) -> str:
    """Return what the rule of the correct template tells its pipeline, with other values."""
    revision = {"actionName": "Bundle", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "<version>"}
    return json.dumps({"sourceRevisions": [revision | more]})


def edit(document: Any, pointer: str, value: Any) -> None:
    """Write a value into a JSON document, or take it away."""
    *parents, last = (key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])
    for key in parents:
        document = document[int(key) if isinstance(document, list) else key]
    if last == "-":
        document.append(value)
    elif value is GONE:
        del document[int(last) if isinstance(document, list) else last]
    else:
        document[int(last) if isinstance(document, list) else last] = value


def rules() -> dict[str, Callable[[StackView], Iterator[Finding]]]:
    """Return every rule about one stack, by id."""
    return {
        name.replace("_", "-"): function
        for module in _MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and _is_rule(function)
    }


def _is_rule(function: Callable[..., Any]) -> bool:
    signature = inspect.signature(function)
    public = not function.__name__.startswith("_")
    return (
        public
        and list(signature.parameters) == ["view"]
        and signature.return_annotation == "Iterator[Finding]"
    )


def viewed(template: Any, parameters: dict[str, str] | None = None) -> StackView:
    """Return what rules see of a stack with that template."""
    environment = Environment(environment="production-us", region="us-east-1", stacks={"app": Stack()})
    project = Project(root=Path("/repository"), environments={"production-us": environment}, places={})
    configuration = json.dumps({"Parameters": parameters or {}, "Tags": {}})
    return StackView(
        project, environment, RenderedStack("production-us", "app", json.dumps(template), configuration)
    )


def lines(template: Any, parameters: dict[str, str] | None = None) -> tuple[str, ...]:
    """Return everything that the rules find: `<rule> <pointer>: <message> [<hint>]`, warnings marked."""
    view = viewed(template, parameters)
    return tuple(line(rule, finding) for rule, find in rules().items() for finding in find(view))


def line(rule: str, finding: Finding) -> str:
    """Return a finding as one line."""
    warning = "warning " if finding.severity == "warning" else ""
    return f"{warning}{rule} {finding.pointer}: {finding.message} [{finding.hint}]"
