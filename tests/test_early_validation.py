"""Early validation of the rehearsal: what CloudFormation finds wrong before it changes anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.completed_aws import started
from tests.test_rehearsal_cloudformation import queue, role, template, topic

if TYPE_CHECKING:
    from tests.completed_aws import CompletedAws

EXISTENCE, PROPERTY = (
    f"AWS::EarlyValidation::{each}" for each in ("ResourceExistenceCheck", "PropertyValidation")
)


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


def failed(*hooks: str) -> str:
    return (
        f"The following hook(s)/validation failed: [{', '.join(hooks)}]. To troubleshoot Early Validation "
        "errors, use the DescribeEvents API for detailed failure information."
    )


def found(aws: CompletedAws, **asked: Any) -> list[tuple[str, str, str]]:
    """Path, name of the validation and reason of all that is told."""
    told = aws.client("cloudformation").describe_events(Filters={"FailedEvents": True}, **asked)
    return sorted(
        (each["ValidationPath"], each["ValidationName"], each["ValidationStatusReason"])
        for each in told["OperationEvents"]
        if each["EventType"] == "VALIDATION_ERROR"
    )


def taken(kind: str, name: str) -> str:
    return f"Resource of type '{kind}' with identifier '{name}' already exists."


def named(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def test_a_name_that_is_taken_fails_a_change_set(aws: CompletedAws) -> None:
    aws.client("s3").create_bucket(Bucket="taken-bucket")
    aws.client("logs").create_log_group(logGroupName="/taken")
    document = role(Service="ec2.amazonaws.com")["Properties"]["AssumeRolePolicyDocument"]
    aws.client("iam").create_role(RoleName="taken", AssumeRolePolicyDocument=json.dumps(document))
    made = template(
        Bucket=named("AWS::S3::Bucket", BucketName="taken-bucket"),
        Group=named("AWS::Logs::LogGroup", LogGroupName={"Fn::Sub": "/${Word}"}),
        Role=named("AWS::IAM::Role", RoleName="taken", AssumeRolePolicyDocument=document),
        Free=named("AWS::S3::Bucket", BucketName="free-bucket"),
        Unnamed=named("AWS::S3::Bucket"),
    )
    made["Parameters"] = {"Word": {"Type": "String", "Default": "taken"}}
    told = aws.change_set("names", made)
    assert (told["Status"], told["ExecutionStatus"], told["Changes"]) == ("FAILED", "UNAVAILABLE", [])
    assert told["StatusReason"] == failed(EXISTENCE)
    kind = "NAME_CONFLICT_VALIDATION"
    wrong = [
        ("/Resources/Bucket", kind, taken("AWS::S3::Bucket", "taken-bucket")),
        ("/Resources/Group", kind, taken("AWS::Logs::LogGroup", "/taken")),
        ("/Resources/Role", kind, taken("AWS::IAM::Role", "taken")),
    ]
    assert found(aws, ChangeSetName=told["ChangeSetId"]) == wrong
    assert found(aws, ChangeSetName=told["ChangeSetName"], StackName="names") == wrong
    assert found(aws, StackName="names") == wrong
    event = aws.client("cloudformation").describe_events(ChangeSetName=told["ChangeSetId"])[
        "OperationEvents"
    ][0]
    assert (event["OperationType"], event["OperationStatus"]) == ("CREATE_CHANGESET", "FAILED")
    assert (event["ValidationFailureMode"], event["StackId"]) == ("FAIL", told["StackId"])


def test_a_stack_has_its_own_names(aws: CompletedAws) -> None:
    def made(**more: Any) -> dict[str, Any]:
        trail = named("AWS::CloudTrail::Trail", TrailName="own", IsLogging=True, S3BucketName="logs", **more)
        return template(Bucket=named("AWS::S3::Bucket", BucketName="own-bucket", **more), Trail=trail)

    assert aws.deploy("owner-of-names", made()) == "CREATE_COMPLETE"
    tags = [{"Key": "Its", "Value": "own"}]
    assert aws.deploy("owner-of-names", made(Tags=tags)) == "UPDATE_COMPLETE"
    told = aws.change_set("taker-of-names", made())
    assert told["StatusReason"] == failed(EXISTENCE)
    assert [reason for _, _, reason in found(aws, ChangeSetName=told["ChangeSetId"])] == [
        taken("AWS::S3::Bucket", "own-bucket"),
        taken("AWS::CloudTrail::Trail", "own"),
    ]


def test_properties_that_the_schema_does_not_allow_fail_a_change_set(aws: CompletedAws) -> None:
    rules = {"Rules": [{"Status": "Enabled", "Colour": "red"}, {"Id": "all"}]}
    made = template(
        Bucket=named("AWS::S3::Bucket", LifecycleConfiguration=rules, Tags={"Key": "no list"}),
        Mail=named("AWS::SNS::Subscription", Protocol="email", TopicArn={"Ref": "Topic"}, Size=1),
        Topic=topic(),
    )
    told = aws.change_set("schema", made)
    assert told["StatusReason"] == failed(PROPERTY)
    kind = "PROPERTY_VALIDATION"
    assert found(aws, ChangeSetName=told["ChangeSetId"]) == [
        (
            "/Resources/Bucket/Properties/LifecycleConfiguration/Rules/0",
            kind,
            "Unsupported property [Colour]",
        ),
        (
            "/Resources/Bucket/Properties/LifecycleConfiguration/Rules/1",
            kind,
            "Required property [Status] not found",
        ),
        (
            "/Resources/Bucket/Properties/Tags",
            kind,
            "Property [Tags] expected type: JSONArray, found: JSONObject",
        ),
        ("/Resources/Mail/Properties", kind, "Unsupported property [Size]"),
    ]


def test_both_are_named(aws: CompletedAws) -> None:
    aws.client("s3").create_bucket(Bucket="both-bucket")
    told = aws.change_set(
        "both", template(Bucket=named("AWS::S3::Bucket", BucketName="both-bucket", Colour="red"))
    )
    assert told["StatusReason"] == failed(EXISTENCE, PROPERTY)


def test_a_bucket_that_is_not_empty_is_only_told(aws: CompletedAws) -> None:
    kept = {**named("AWS::S3::Bucket", BucketName="kept-bucket"), "DeletionPolicy": "Retain"}
    made = template(Full=named("AWS::S3::Bucket", BucketName="full-bucket"), Kept=kept, A=queue())
    assert aws.deploy("emptied", made) == "CREATE_COMPLETE"
    for bucket in ("full-bucket", "kept-bucket"):
        aws.client("s3").put_object(Bucket=bucket, Key="something", Body=b"")
    told = aws.change_set("emptied", template(A=queue()))
    assert told["Status"] == "CREATE_COMPLETE"
    reason = (
        "The bucket 'full-bucket' is not empty. You must either delete all objects and versions or use the "
        "deletion policy to retain it, otherwise the delete operation will fail."
    )
    wrong = [("/Resources/Full", "BUCKET_EMPTINESS_VALIDATION", reason)]
    assert found(aws, ChangeSetName=told["ChangeSetId"]) == wrong
    aws.client("cloudformation").execute_change_set(ChangeSetName=told["ChangeSetId"])
    assert aws.ends("emptied") == "UPDATE_COMPLETE"
    assert "full-bucket" in {each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]}
    assert "not empty" in aws.reasons("emptied")["Full"]


def test_it_can_be_switched_off_and_what_is_wrong_fails_later(aws: CompletedAws) -> None:
    aws.client("s3").create_bucket(Bucket="late-bucket")
    made = template(Bucket=named("AWS::S3::Bucket", BucketName="late-bucket"))
    assert aws.deploy("late", made, DisableValidation=True) == "ROLLBACK_COMPLETE"
    assert "late-bucket" in aws.reasons("late")["Bucket"]
    told = aws.client("cloudformation").describe_events(StackName="late", Filters={"FailedEvents": True})
    event = told["OperationEvents"][-1]
    assert (event["EventType"], event["LogicalResourceId"]) == ("PROVISIONING_ERROR", "Bucket")
    assert (event["OperationType"], event["ResourceStatus"]) == ("CREATE_STACK", "CREATE_FAILED")
    assert "late-bucket" in event["ResourceStatusReason"]


def test_stacks_without_change_sets_are_validated_too(aws: CompletedAws) -> None:
    aws.client("logs").create_log_group(logGroupName="/direct")
    made = template(Group=named("AWS::Logs::LogGroup", LogGroupName="/direct"), A=queue())
    aws.client("cloudformation").create_stack(StackName="direct", TemplateBody=json.dumps(made))
    assert aws.ends("direct") == "ROLLBACK_COMPLETE"
    assert "A CREATE_IN_PROGRESS" not in aws.events("direct")
    assert found(aws, StackName="direct") == [
        ("/Resources/Group", "NAME_CONFLICT_VALIDATION", taken("AWS::Logs::LogGroup", "/direct"))
    ]


def test_events_of_all_operations_are_told(aws: CompletedAws) -> None:
    aws.deploy("operated", template(A=queue(DelaySeconds=1)))
    aws.deploy("operated", template(A=queue(DelaySeconds=2)))
    told = aws.client("cloudformation").describe_events(StackName="operated")["OperationEvents"]
    assert [each["OperationType"] for each in told] == sorted(
        (each["OperationType"] for each in told), reverse=True
    )
    newest = [each for each in told if each["OperationId"] == told[0]["OperationId"]]
    assert {each["OperationType"] for each in newest} == {"UPDATE_STACK"}
    only = aws.client("cloudformation").describe_events(OperationId=told[0]["OperationId"])["OperationEvents"]
    assert [each["EventId"] for each in only] == [each["EventId"] for each in newest]
    assert found(aws, StackName="operated") == []
