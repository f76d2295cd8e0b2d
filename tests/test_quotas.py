"""Rules that count what the environments of one account and region have together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cfnpipe.model import Environment, Project, Stack
from cfnpipe.model.problem import Place
from cfnpipe.validate.rules import quotas
from cfnpipe.validate.subject import EnvironmentView, Finding
from tests.faults import viewed

HINT = "move stacks to another account or region"
PLACE = Place("config/production.yaml", 3)


def _many(kind: str, count: int, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": {f"R{n}": {"Type": kind, "Properties": properties} for n in range(count)}}


def _rules(count: int, **properties: Any) -> dict[str, Any]:
    return _many("AWS::Events::Rule", count, {"EventPattern": {"source": ["aws.s3"]}, **properties})


def _view(*templates: Any, region: str = "us-east-1", beside: Any = None) -> EnvironmentView:
    environment = Environment(environment="production", region=region, stacks={"app": Stack()})
    places = {("production",): PLACE}
    project = Project(root=Path("/repository"), environments={"production": environment}, places=places)
    stacks = {f"stack-{n}": viewed(template) for n, template in enumerate(templates)}
    others = {"staging": {"app": viewed(beside)}} if beside else {}
    return EnvironmentView(project, environment, stacks, others)


WILDCARD = {"source": ["aws.s3"], "detail": {"object": {"key": [{"wildcard": "stacks/*/bundle.zip"}]}}}


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (_view(_rules(200), _rules(100)), None),
        (
            _view(_rules(200), _rules(101)),
            "301 rules on the default event bus in production; us-east-1 takes 300",
        ),
        (
            _view(_rules(200), beside=_rules(101)),
            "301 rules on the default event bus in production, staging; us-east-1 takes 300",
        ),
        (
            _view(_rules(101), region="eu-south-1"),
            "101 rules on the default event bus in production; eu-south-1 takes 100",
        ),
        (_view(_rules(101), region="eu-central-1"), None),
        (
            _view(_rules(301, EventBusName="default")),
            "301 rules on the default event bus in production; us-east-1 takes 300",
        ),
        (_view(_rules(301, EventBusName={"Ref": "Bus"})), None),
    ],
)
def test_event_rule_count(view: EnvironmentView, message: str | None) -> None:
    assert list(quotas.event_rule_count(view)) == _expected(message)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (_view(_rules(30, EventPattern=WILDCARD), _rules(100)), None),
        (
            _view(_rules(31, EventPattern=WILDCARD)),
            "31 rules with wildcards on the default event bus in production; us-east-1 takes 30",
        ),
    ],
)
def test_wildcard_rule_count(view: EnvironmentView, message: str | None) -> None:
    assert list(quotas.wildcard_rule_count(view)) == _expected(message)


@pytest.mark.parametrize(
    ("count", "message"), [(1000, None), (1001, "1,001 pipelines in production; us-east-1 takes 1,000")]
)
def test_pipeline_count(count: int, message: str | None) -> None:
    view = _view(_many("AWS::CodePipeline::Pipeline", count, {}))
    assert list(quotas.pipeline_count(view)) == _expected(message)


def _expected(message: str | None) -> list[Finding]:
    return [Finding(message, hint=HINT, where=PLACE)] if message else []
