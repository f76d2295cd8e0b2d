"""What cfn-lint, cfnpipe's own rules, checkov and the published schemas say of the init stacks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from cfnpipe import stacks
from cfnpipe.model import Environment, Project, RenderedStack
from cfnpipe.rehearsal.rights.patterns import several
from cfnpipe.validate import validate
from tests.environments import (
    BASE,
    ROOT,
    SHAPES,
    account,
    environment,
    shape,
    templates,
)

if TYPE_CHECKING:
    from pathlib import Path


def rendered(made_for: Environment) -> list[RenderedStack]:
    configuration = stacks.canonical({"Parameters": {}, "Tags": {}})
    return [
        RenderedStack(made_for.name, name, stacks.canonical(body), configuration)
        for name, body in templates(made_for).items()
    ]


def complaints(shapes: list[str]) -> list[str]:
    """What cfn-lint and cfnpipe's own rules say about the init stacks of some shapes, warnings included."""
    made = {f"shape-{name[:9].strip('-')}-{number}": SHAPES[name] for number, name in enumerate(shapes)}
    environments = {name: environment(name, **changes) for name, changes in made.items()}
    project = Project(root=ROOT, environments=environments, places={})
    found = validate(project, [each for made_for in environments.values() for each in rendered(made_for)])
    return [f"{problem.stack} {problem.pointer}: {problem.rule}: {problem.message}" for problem in found]


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before must not count."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_cfn_lint_and_every_rule_are_content() -> None:
    assert complaints(["five-reviews", "protected-split", "source-s3"]) == []


@pytest.mark.slow
def test_cfn_lint_and_every_rule_are_content_with_every_shape() -> None:
    assert complaints(list(SHAPES)) == []


def checkov(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What checkov says about every template below a folder."""
    command = shutil.which("checkov")
    assert command, "make test-all installs checkov"
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    done = subprocess.run(
        [command, "--directory", str(folder), *options], capture_output=True, text=True, check=False
    )
    results: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    assert len(results["passed_checks"]) > 100
    return results


def named(findings: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["check_id"], each["resource"]) for each in findings}


@pytest.mark.slow
def test_checkov_finds_nothing_but_what_is_explained(tmp_path: Path) -> None:
    """Checks that are skipped stand in the templates, each with its reason."""
    for name in SHAPES:
        for stack, template in shape(name).items():
            (tmp_path / f"{name}-{stack}.json").write_text(json.dumps(template, indent=1), "utf-8")
    results = checkov(tmp_path)
    assert named(results["failed_checks"]) == set()
    assert named(results["skipped_checks"]) == {("CKV_AWS_18", "AWS::S3::Bucket.LogBucket")}
    reasons = {each["check_result"]["suppress_comment"] for each in results["skipped_checks"]}
    assert reasons == {"A log of the logs would log itself"}


@pytest.mark.slow
def test_checkov_finds_nothing_else_in_the_example() -> None:
    results = checkov(ROOT / "stacks")
    assert named(results["failed_checks"]) == set()
    assert named(results["skipped_checks"]) == {
        ("CKV_AWS_18", "AWS::S3::Bucket.AccessLogs"),
        ("CKV_AWS_18", "AWS::S3::Bucket.LogBucket"),
        ("CKV_AWS_21", "AWS::S3::Bucket.AccessLogs"),
        ("CKV_AWS_158", "AWS::Logs::LogGroup.FlowLogGroup"),
        ("CKV_AWS_260", "AWS::EC2::SecurityGroup.LoadBalancerGroup"),
    }


# What it takes to deploy them

NOT_NEEDED = {
    "AWS::S3::Bucket": r"iam:PassRole|s3tables:.*|s3:.*(Metadata|Cors|Website|Analytics|Metrics|Replication"
    r"|BucketEncryption|BucketLifecycle).*|s3:(DeleteObject|PutObjectAcl)",
    "AWS::IAM::Role": r"iam:(Put|Delete)RolePermissionsBoundary|iam:ListRoles",
    "AWS::IAM::ManagedPolicy": r"iam:(At|De)tach(User|Role)Policy|iam:ListPolicies",
    "AWS::SNS::Topic": r"iam:.*|sns:PutDataProtectionPolicy",
    "AWS::SNS::Subscription": r"iam:.*|sns:ListSubscriptions",
    "AWS::Logs::LogGroup": r"firehose:.*|s3:.*|logs:((Put|Delete)\w*Polic\w+"
    r"|CreateLogDelivery|PutBearerTokenAuthentication|PutLogGroupDeletionProtection)",
    "AWS::CodePipeline::Pipeline": r"iam:GetRole|codepipeline:ListPipelines",
    "AWS::Events::Rule": r"events:ListRules",
}
"""What handlers call for properties that the init stacks do not have, and for lists that nobody needs."""


@cache
def handlers(kind: str) -> set[str]:
    """Every permission that a resource type's published schema says its handlers need."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    listed = [handler["permissions"] for handler in schema.get("handlers", {}).values()]
    return {action for actions in listed for action in actions}


@pytest.mark.parametrize(
    "kind", sorted({each["Type"] for t in shape(BASE).values() for each in t["Resources"].values()})
)
def test_the_init_deployer_can_do_what_the_handlers_call(kind: str) -> None:
    statements = account(BASE).identities["cfnpipe_production-us_init-deployer"]
    patterns = [
        pattern.replace("*", r"\w*")
        for statement in statements
        if statement["Effect"] == "Allow"
        for pattern in several(statement["Action"])
    ]
    missing = {action for action in handlers(kind) if not re.fullmatch(NOT_NEEDED.get(kind, ""), action)}
    assert {action for action in missing if not any(re.fullmatch(each, action) for each in patterns)} == set()
