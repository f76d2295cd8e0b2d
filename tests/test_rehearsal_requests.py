"""What CloudFormation of the rehearsal refuses of requests, and where it finds templates, as AWS does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.completed_aws import started
from tests.local_aws import REGION
from tests.test_rehearsal_cloudformation import queue, refused, template, topic

if TYPE_CHECKING:
    from tests.completed_aws import CompletedAws


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


def given(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


class TestParameters:
    @pytest.mark.parametrize(
        ("declared", "values", "reason"),
        [
            (
                {"Size": {"Type": "Number"}},
                {"Size": "1", "Colour": "red", "Age": "2"},
                "Parameters: [Colour, Age] do not exist in the template",
            ),
            (
                {
                    "Size": {"Type": "Number"},
                    "Colour": {"Type": "String"},
                    "Age": {"Type": "Number", "Default": 1},
                },
                {},
                "Parameters: [Size, Colour] must have values",
            ),
            (
                {"Colour": {"Type": "String", "AllowedValues": ["red", "blue"]}},
                {"Colour": "green"},
                "Parameter 'Colour' must be one of AllowedValues",
            ),
            ({"Size": {"Type": "Number"}}, {"Size": "big"}, "Parameter 'Size' must be a number"),
            (
                {"Name": {"Type": "String", "AllowedPattern": "[a-z]+"}},
                {"Name": "A"},
                "Parameter 'Name' must match pattern [a-z]+",
            ),
            (
                {"Size": {"Type": "Number", "MaxValue": 3, "ConstraintDescription": "at most three"}},
                {"Size": "4"},
                "Parameter Size failed to satisfy constraint: at most three",
            ),
        ],
    )
    def test_are_those_of_the_template(
        self, aws: CompletedAws, declared: dict[str, Any], values: dict[str, str], reason: str
    ) -> None:
        made = {"Parameters": declared, **template(A=queue())}
        formation = aws.client("cloudformation")
        with pytest.raises(ClientError) as error:
            aws.change_set("parameters", made, Parameters=given(**values))
        assert refused(error) == f"ValidationError: {reason}"
        with pytest.raises(ClientError) as error:
            formation.create_stack(
                StackName="parameters", TemplateBody=json.dumps(made), Parameters=given(**values)
            )
        assert refused(error) == f"ValidationError: {reason}"

    def test_are_checked_when_a_stack_is_updated(self, aws: CompletedAws) -> None:
        made = {"Parameters": {"Size": {"Type": "Number"}}, **template(A=queue(DelaySeconds={"Ref": "Size"}))}
        assert aws.deploy("resized", made, Parameters=given(Size="1")) == "CREATE_COMPLETE"
        formation, body = aws.client("cloudformation"), json.dumps(made)
        with pytest.raises(ClientError) as error:
            formation.update_stack(
                StackName="resized", TemplateBody=body, Parameters=given(Size="2", Colour="red")
            )
        assert refused(error) == "ValidationError: Parameters: [Colour] do not exist in the template"
        kept = [{"ParameterKey": "Size", "UsePreviousValue": True}]
        told = aws.change_set("resized", made, Parameters=kept)
        assert told["StatusReason"].startswith("The submitted information didn't contain changes.")


class TestStacks:
    def test_are_not_made_again(self, aws: CompletedAws) -> None:
        formation = aws.client("cloudformation")
        failing = template(A={"Type": "AWS::SNS::Subscription", "Properties": {}})
        assert aws.deploy("again", failing, DisableValidation=True) == "ROLLBACK_COMPLETE"
        assert aws.deploy("there", template(A=topic("there"))) == "CREATE_COMPLETE"
        for stack in ("again", "there"):
            with pytest.raises(ClientError) as error:
                formation.create_stack(StackName=stack, TemplateBody=json.dumps(template(A=topic(stack))))
            assert refused(error) == f"AlreadyExistsException: Stack [{stack}] already exists"
            with pytest.raises(ClientError) as error:
                formation.create_change_set(
                    StackName=stack,
                    ChangeSetName="more",
                    ChangeSetType="CREATE",
                    TemplateBody=json.dumps(template(A=topic(stack))),
                )
            assert refused(error) == (
                f"ValidationError: Stack [{stack}] already exists and cannot be created again "
                "with the changeSet [more]."
            )
        formation.delete_stack(StackName="again")
        assert aws.deploy("again", template(A=topic("again"))) == "CREATE_COMPLETE"

    def test_keep_their_id_while_they_are_in_review(self, aws: CompletedAws) -> None:
        formation = aws.client("cloudformation")
        first = aws.change_set("reviewed", template(A=topic("reviewed")))
        second = aws.change_set("reviewed", template(B=queue()))
        with pytest.raises(ClientError):
            aws.change_set("reviewed", template(B=queue(DelaySeconds={"Ref": "Nothing"})))
        there = formation.describe_stacks(StackName="reviewed")["Stacks"][0]
        assert {first["StackId"], second["StackId"], there["StackId"]} == {first["StackId"]}
        assert there["StackStatus"] == "REVIEW_IN_PROGRESS"
        listed = formation.list_change_sets(StackName=first["StackId"])["Summaries"]
        assert {each["StackId"] for each in listed} == {first["StackId"]}
        assert len(listed) == 2
        formation.execute_change_set(ChangeSetName=second["ChangeSetId"])
        assert aws.ends(first["StackId"]) == "CREATE_COMPLETE"
        assert aws.events("reviewed")[0] == "reviewed REVIEW_IN_PROGRESS"
        assert [each for each in aws.events(first["StackId"]) if each.startswith("B ")]


@pytest.mark.parametrize(
    "address",
    [
        "https://made.s3.amazonaws.com/a%20folder/template",
        f"https://made.s3.{REGION}.amazonaws.com/a%20folder/template",
        f"https://made.s3-{REGION}.amazonaws.com/a%20folder/template",
        "https://with.dots.s3.eu-west-1.amazonaws.com/a%20folder/template",
        f"https://s3.{REGION}.amazonaws.com/made/a%20folder/template",
        "https://s3.cn-north-1.amazonaws.com.cn/made/a%20folder/template",
        "{endpoint}/made/a%20folder/template",
    ],
)
def test_templates_are_read_at_either_form_of_address(aws: CompletedAws, address: str) -> None:
    store, body = aws.client("s3"), json.dumps(template(A=queue()))
    for bucket in ("made", "with.dots"):
        store.create_bucket(Bucket=bucket)
        store.put_object(Bucket=bucket, Key="a folder/template", Body=body)
    url = address.format(endpoint=aws.endpoint)
    told = aws.client("cloudformation").get_template_summary(TemplateURL=url)
    assert told["ResourceTypes"] == ["AWS::SQS::Queue"]
    made = aws.change_set("addressed", {}, TemplateURL=url)
    assert [each["ResourceChange"]["LogicalResourceId"] for each in made["Changes"]] == ["A"]
