"""The init stacks in every shape: what they are, and the laws that hold for all of them."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cfnpipe import names, stacks
from cfnpipe.blueprints import access, bootstrapper, pipelines, sources, sync
from cfnpipe.errors import BadInput
from cfnpipe.model import INIT_STACKS, Access, Environment, Place, Stack
from tests.environments import (
    BASE,
    PROTECTED,
    ROOT,
    SHAPES,
    SOURCES,
    account,
    buildspecs,
    changed,
    environment,
    pipeline_actions,
    resources,
    shape,
    templates,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Golden

GOLDEN = Path(__file__).parent / "golden" / "init"


def size(body: Any) -> int:
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.mark.parametrize("stack", INIT_STACKS)
def test_the_init_stacks_are_the_ones_that_were_reviewed(stack: str, golden: Golden) -> None:
    golden.check(GOLDEN / f"{stack}.json", stacks.canonical(shape(BASE)[stack]))


def test_the_policy_of_the_bootstrapper_is_the_one_that_was_reviewed(golden: Golden) -> None:
    policy = bootstrapper.policy(environment(**SHAPES[BASE]), "aws")
    golden.check(GOLDEN / "bootstrapper.json", stacks.canonical(policy))


@pytest.mark.parametrize("name", SHAPES)
def test_the_policy_of_the_bootstrapper_can_be_used_as_it_is(name: str) -> None:
    """A managed policy has at most 6,144 characters (IAM quotas), and no intrinsic functions."""
    made = environment(**SHAPES[name])
    policy = bootstrapper.policy(made, "aws-cn" if made.region.startswith("cn-") else "aws")
    assert size(policy) <= 6_144
    text = json.dumps(policy)
    assert "Fn::" not in text
    assert "${" not in text
    for statement in policy["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        assert all(str(made.account) in where or ":s3:::" in where for where in statement["Resource"])


@pytest.mark.parametrize("name", [name for name in SHAPES if name != BASE])
def test_a_shape_differs_from_the_reviewed_ones_where_it_should(name: str, golden: Golden) -> None:
    """The file has what is not there in the base, or otherwise; what is gone is null."""
    found = {
        stack: difference
        for stack in INIT_STACKS
        if (difference := changed(shape(BASE)[stack], shape(name)[stack]))
    }
    golden.check(GOLDEN / "shapes" / f"{name}.json", stacks.canonical(found))


def test_adding_a_stack_adds_its_own_pipeline_and_rule() -> None:
    before = environment(stacks={"network": Stack(), "orders-database": Stack()})
    after = environment(stacks={"a-new-one": PROTECTED, "network": Stack(), "orders-database": Stack()})
    one, other = templates(before), templates(after)
    assert [one[stack] == other[stack] for stack in ("access", "sync")] == [True, True]
    assert list(changed(one["pipelines"], other["pipelines"])["Resources"]) == [
        "ANewOnePipeline",
        "ANewOneRule",
    ]


def test_the_order_of_stacks_in_the_configuration_does_not_matter() -> None:
    one = environment(stacks={"network": Stack(), "orders-database": Stack()})
    other = environment(stacks={"orders-database": Stack(), "network": Stack()})
    assert templates(one) == templates(other)


def test_definitions_make_what_the_blueprints_make() -> None:
    """The example's own init stacks, from its buildspecs and its lock."""
    lock = (ROOT / "requirements.lock").read_bytes()
    made_for = environment()
    expected = sync.template(made_for, buildspecs(), lock)
    assert (
        runpy.run_path(str(ROOT / "templates/sync.py"))["template"](made_for).to_json() == expected.to_json()
    )


@pytest.mark.parametrize("name", SHAPES)
def test_the_first_two_can_be_deployed_before_there_is_a_bucket(name: str) -> None:
    assert size(shape(name)["access"]) < 51_200
    assert size(shape(name)["sync"]) < 51_200


def test_two_hundred_stacks_fit_into_one_environment() -> None:
    stacks_of = {f"application-{number:03}-data": PROTECTED for number in range(200)}
    made = templates(environment("production-apac-1", stacks=stacks_of))
    assert len(made["pipelines"]["Resources"]) == 404
    assert size(made["pipelines"]) < 1_000_000
    assert size(made["access"]) < 51_200


def test_the_document_is_right_about_room() -> None:
    for name, kilobytes in (("two-reviews", 3.9), ("protected", 4.5), ("five-reviews", 6.2)):
        made = shape(name)["pipelines"]["Resources"]
        assert round((size(made["NetworkPipeline"]) + size(made["NetworkRule"])) / 1000, 1) == kilobytes
    assert [round(size(shape(BASE)[stack]), -3) for stack in ("access", "sync")] == [41_000, 27_000]
    sizes = {
        count: size(json.loads(access.template(environment(review=reviews(count))).to_json()))
        for count in (7, 8)
    }
    assert sizes[7] < 51_200 < sizes[8]


def reviews(count: int) -> tuple[str, ...]:
    return tuple(f"review-{number}" for number in range(count))


def test_the_document_is_right_about_what_there_is() -> None:
    kinds = {
        stack: Counter(each["Type"].rpartition("::")[2] for each in template["Resources"].values())
        for stack, template in shape(BASE).items()
    }
    assert kinds["access"] == {"Role": 10, "ManagedPolicy": 2 + len(environment().review)}
    assert kinds["sync"] == {
        "Key": 1,
        "Alias": 1,
        "Bucket": 3,
        "BucketPolicy": 3,
        "Topic": 1,
        "TopicPolicy": 1,
        "Subscription": len(environment().notify),
        "Project": 4,
        "LogGroup": 4,
        "Pipeline": 2,
        "Rule": 2,
    }
    assert kinds["pipelines"] == {"Pipeline": 4, "Rule": 4}


def test_more_stacks_than_a_template_holds_are_refused_with_the_count() -> None:
    with pytest.raises(BadInput) as refused:
        pipelines.template(environment(stacks={f"stack-{number}": Stack() for number in range(249)}))
    assert refused.value.message == (
        "252 stacks need 502 pipelines and rules; a template holds 500 resources"
    )
    assert refused.value.where == Place("config/production-us.yaml")
    assert refused.value.hint == "move stacks to another environment"


@pytest.mark.parametrize("make", [access.template, pipelines.template])
def test_an_environment_without_a_source_has_no_init_stacks(make: Any) -> None:
    with pytest.raises(BadInput) as refused:
        make(Environment(environment="development", region="us-east-1"))
    assert refused.value.message == "development has no source, so it has no init stacks"
    assert refused.value.where == Place("config/development.yaml")
    assert refused.value.hint == "add a `source`, or remove the stack"


def imports(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if list(value) == ["Fn::ImportValue"]:
            yield value["Fn::ImportValue"]
        for each in value.values():
            yield from imports(each)
    elif isinstance(value, list):
        for each in value:
            yield from imports(each)


@pytest.mark.parametrize("name", SHAPES)
def test_references_go_from_pipelines_to_sync_to_access(name: str) -> None:
    exported: set[str] = set()
    for stack in INIT_STACKS:
        template = shape(name)[stack]
        assert set(imports(template)) <= exported
        outputs = template.get("Outputs", {}).values()
        exported |= {output["Export"]["Name"] for output in outputs}


def test_everything_that_is_exported_is_used_or_for_people() -> None:
    used = {each for template in shape("protected").values() for each in imports(template)}
    exported = set(account("protected").exports)
    assert exported - used == {f"cfnpipe:production-us:{policy}" for policy in ("Reader", "Operator")}


@pytest.mark.parametrize("name", SHAPES)
def test_everything_refers_to_something_that_is_there(name: str) -> None:
    """`World.deploy` resolves every reference, and refuses names that are there twice."""
    assert account(name).names["AWS::CodePipeline::Pipeline"] == {
        *(names.pipeline("production-us", stack) for stack in environment(**SHAPES[name]).stacks),
        "cfnpipe_sync_production-us",
    }


@pytest.mark.parametrize("name", SHAPES)
def test_no_pipeline_deploys_the_stack_that_holds_it(name: str) -> None:
    deployed = {}
    for holder, title, pipeline in resources(name, "AWS::CodePipeline::Pipeline"):
        targets = {
            action["Configuration"]["StackName"]
            for action in pipeline_actions(pipeline)
            if action["ActionTypeId"]["Provider"] == "CloudFormation"
        }
        assert names.cloudformation_stack("production-us", holder) not in targets
        deployed[holder, title] = targets
    assert deployed["sync", "SyncPipeline"] == set()
    assert deployed["sync", "PipelinesPipeline"] == {"production-us-pipelines"}


ROOT_USER = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}


@pytest.mark.parametrize("name", SHAPES)
def test_no_resource_policy_names_a_role(name: str) -> None:
    documents = [
        properties["KeyPolicy" if "KeyPolicy" in properties else "PolicyDocument"]
        for kind in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::KMS::Key")
        for _, _, properties in resources(name, kind)
    ]
    assert len(documents) == 5
    for document in documents:
        for statement in document["Statement"]:
            principal = statement["Principal"]
            assert principal == "*" or set(principal) == {"Service"} or principal == ROOT_USER


@pytest.mark.parametrize("name", SHAPES)
def test_the_connection_is_the_only_account_that_is_written_down(name: str) -> None:
    """Everything else is the account and the partition in which the stack happens to be."""
    text = json.dumps(shape(name))
    for connection in {each["connection"] for each in map(vars, SOURCES.values()) if "connection" in each}:
        for spelled in sources.both_spellings(connection):
            text = text.replace(spelled, "")
    assert re.findall(r"\d{12}", re.sub("[0-9a-f]{64}", "", text)) == []
    assert re.findall(r"arn:aws[\w-]*:[^\"]*", text) == []


def test_policies_of_aws_are_those_of_the_partition_and_others_are_taken_as_they_are_written() -> None:
    own = "arn:aws-cn:iam::111122223333:policy/deploy"
    chosen = ("arn:aws:iam::aws:policy/job-function/SystemAdministrator", own)
    made = templates(environment(access=Access(deployer_policies=chosen)))["access"]["Resources"]
    assert made["StackDeployerRole"]["Properties"]["ManagedPolicyArns"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/job-function/SystemAdministrator"},
        own,
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_everything_stateful_is_kept(name: str) -> None:
    stateful = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::Logs::LogGroup")
    kept = [
        resource
        for template in shape(name).values()
        for resource in template["Resources"].values()
        if resource["Type"] in stateful
    ]
    assert len(kept) == 9
    assert {resource["DeletionPolicy"] for resource in kept} == {"RetainExceptOnCreate"}
    assert {resource["UpdateReplacePolicy"] for resource in kept} == {"Retain"}


NAMELESS = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription", "AWS::KMS::Key")
UNTAGGED = (*NAMELESS[:3], "AWS::KMS::Alias", "AWS::IAM::ManagedPolicy")
NAMED_BY = ("Name", "RoleName", "ManagedPolicyName", "BucketName", "AliasName", "TopicName", "LogGroupName")
DESCRIBED = {
    "AWS::IAM::Role": "Description",
    "AWS::IAM::ManagedPolicy": "Description",
    "AWS::KMS::Key": "Description",
    "AWS::SNS::Topic": "DisplayName",
    "AWS::CodeBuild::Project": "Description",
    "AWS::Events::Rule": "Description",
}


@pytest.mark.parametrize("name", SHAPES)
def test_whatever_people_meet_has_a_name_a_description_and_tags(name: str) -> None:
    for stack, template in shape(name).items():
        assert template["Description"].endswith("Environment production-us, made by cfnpipe.")
        for title, resource in template["Resources"].items():
            kind, properties = resource["Type"], resource["Properties"]
            assert title.isalnum()
            assert kind in NAMELESS or any(key in properties for key in NAMED_BY)
            assert kind not in DESCRIBED or "production-us" in properties[DESCRIBED[kind]]
            if kind not in UNTAGGED:
                tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
                expected = {"cfnpipe:environment": "production-us", "cfnpipe:init-stack": stack}
                assert tags == expected | {key: tags[key] for key in tags if key == "cfnpipe:stack"}
        for output in template.get("Outputs", {}).values():
            assert output["Description"]
