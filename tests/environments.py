"""Environments in every shape that the init stacks know, and what is made of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from cfnpipe.blueprints import access, builds, pipelines, sync
from cfnpipe.config.shape import init_stack
from cfnpipe.model import (
    INIT_STACKS,
    Access,
    CodeCommitSource,
    ConnectionSource,
    Environment,
    Protection,
    S3Source,
    Stack,
    Tool,
)
from tests.iam import World

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ACCOUNT = "111122223333"
CONNECTION = f"arn:aws:codeconnections:us-east-1:{ACCOUNT}:connection/0aaa1111-2222-3333-4444-555566667777"
LOCK = b"cfnpipe==1.0.0 --hash=sha256:0000\n"

GITHUB = ConnectionSource(
    provider="github", connection=CONNECTION, repository="example/infrastructure", branch="master"
)
SOURCES = {
    **{
        provider: ConnectionSource(
            provider=provider,
            connection=CONNECTION,
            repository="example/infrastructure",
            branch="master",
        )
        for provider in ("github", "github-enterprise", "gitlab", "bitbucket", "azure-devops")
    },
    "gitlab-self-managed": ConnectionSource(
        provider="gitlab-self-managed",
        connection=CONNECTION.replace("codeconnections", "codestar-connections"),
        repository="example/teams/infrastructure",
        branch="release/2026",
    ),
    "codecommit": CodeCommitSource(provider="codecommit", repository="infrastructure", branch="master"),
    "s3": S3Source(provider="s3", bucket="example-checkouts", key="infrastructure/checkout.zip"),
}


def environment(name: str = "production-us", **changes: Any) -> Environment:
    """An environment with two stacks, changed field by field."""
    stacks = changes.pop("stacks", {"network": Stack(), "orders-database": Stack()})
    fields: dict[str, Any] = {
        "environment": name,
        "region": "us-east-1",
        "account": ACCOUNT,
        "source": GITHUB,
        "notify": ("infrastructure@example.com",),
        "review": ("owners", "operations"),
        "stacks": {**stacks, **{each: _init_stack(each) for each in INIT_STACKS}},
    }
    return Environment(**(fields | changes))


def _init_stack(name: str) -> Stack:
    """An init stack as the configuration completes it."""
    return TypeAdapter(Stack).validate_json(json.dumps(init_stack(name, {})))


PROTECTED = Stack(
    protection=Protection(policy="protection/database.json", termination=True),
    capabilities=("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
)

BASE = "two-reviews"
SHAPES: dict[str, dict[str, Any]] = {
    "one-review": {"review": ("owners",)},
    "two-reviews": {},
    "five-reviews": {"review": ("author", "owners", "security-1", "operations", "finance")},
    "split": {"stacks": {"network": Stack(sources="split"), "orders-database": Stack()}},
    "held": {"stacks": {"network": Stack(hold_first_run=True)}},
    "retired": {"stacks": {"network": Stack(), "orders-database": Stack(retire=True)}},
    "retired-split": {"stacks": {"network": Stack(retire=True, sources="split")}},
    "protected": {"stacks": {"network": PROTECTED}},
    "protected-split": {
        "stacks": {
            "network": Stack(sources="split", protection=Protection(termination=True), hold_first_run=True)
        }
    },
    "groups": {
        "access": Access(
            deployer_policies=("arn:aws:iam::aws:policy/PowerUserAccess",),
            groups={"reader": ("engineers", "operators"), "operator": ("operators",), "owners": ("leads",)},
        ),
    },
    "private-index": {
        "tool": Tool(lock="locks/cfnpipe.lock", index="https://packages.example.com/simple"),
        "notify": ("infrastructure@example.com", "audit@example.com"),
    },
    "no-stacks": {"stacks": {}},
    "china": {"region": "cn-north-1"},
    **{f"source-{name}": {"source": source} for name, source in SOURCES.items()},
}
"""What each shape changes in the environment that the others start from."""


def buildspecs() -> dict[str, str]:
    """What stands in `buildspecs/`."""
    return {name: (ROOT / f"buildspecs/{name}.yml").read_text("utf-8") for name in builds.PROJECTS}


def templates(made_for: Environment) -> dict[str, dict[str, Any]]:
    """The three init templates as JSON values, in the order of their references."""
    made = {
        "access": access.template(made_for),
        "sync": sync.template(made_for, buildspecs(), LOCK),
        "pipelines": pipelines.template(made_for),
    }
    return {name: json.loads(template.to_json()) for name, template in made.items()}


@cache
def shape(name: str) -> dict[str, dict[str, Any]]:
    """The three init templates of a shape; shared, so not to be changed."""
    return templates(environment(**SHAPES[name]))


def resources(shape_name: str, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Stack, logical id and properties of every resource of a type."""
    for stack, template in shape(shape_name).items():
        for title, resource in template["Resources"].items():
            if resource["Type"] == kind:
                yield stack, title, resource["Properties"]


def pipeline_actions(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    """The actions of all stages."""
    return [action for stage in pipeline["Stages"] for action in stage["Actions"]]


@cache
def account(shape_name: str) -> World:
    """The account after the init stacks of a shape were deployed; shared, so not to be changed."""
    region = SHAPES[shape_name].get("region", "us-east-1")
    made = World(ACCOUNT, "aws-cn" if region.startswith("cn-") else "aws", region)
    for template in shape(shape_name).values():
        made.deploy(template)
    return made


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Resources and outputs that are not the same, by section and name."""
    found = {}
    for section in ("Resources", "Outputs"):
        one, other = before.get(section, {}), after.get(section, {})
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        if keys:
            found[section] = {key: other.get(key) for key in keys}
    return found
