"""Rules about event patterns, targets and buckets."""

from __future__ import annotations

import pytest

from tests.faults import BUNDLE, GONE, PATTERN, TARGET, TOLD, Fault, fault, lines, told

STARTER = "/Resources/StarterRole/Properties"
BUCKET = "/Resources/SourceBucket/Properties"

EVENTS = (
    fault(
        "a pattern as text",
        {PATTERN: '{"source": ["aws.s3"], "detailtype": ["Object Created"]}'},
        (f"event-pattern-key {PATTERN}: events have no field 'detailtype' [did you mean 'detail-type'?]"),
    ),
    fault(
        "a misspelt field of S3",
        {f"{PATTERN}/detail": {"bucket": {"names": ["a"]}, "objects": {"key": ["b"]}}},
        (
            f"event-pattern-key {PATTERN}/detail/objects: "
            "events have no field 'objects'"
            " [did you mean 'object'?]"
        ),
        (
            f"event-pattern-key {PATTERN}/detail/bucket/names: "
            "events have no field 'names'"
            " [did you mean 'name'?]"
        ),
    ),
    fault(
        "a value that is not a list",
        {
            f"{PATTERN}/source": "aws.s3",
            f"{PATTERN}/detail/object/key": [],
            f"{PATTERN}/detail/bucket/name": {"Ref": "SourceBucket"},
        },
        (
            f"event-pattern-value {PATTERN}/source: "
            "the pattern must have a list, not a string"
            " [write it in [ ]]"
        ),
        (
            f"event-pattern-value {PATTERN}/detail/object/key: "
            "the list of values in the pattern is empty"
            " [name a value]"
        ),
    ),
    fault(
        "a way to match that does not exist",
        {f"{PATTERN}/detail/object/key/1": {"prefixes": "stacks/"}},
        (
            f"event-pattern-value {PATTERN}/detail/object/key/1/prefixes: "
            "event patterns cannot match by 'prefixes'"
            " [did you mean 'prefix'?]"
        ),
    ),
    fault(
        "alternatives",
        {
            PATTERN: {
                "$or": [{"source": ["aws.s3"], "detail-type": ["Object created"]}, {"sources": ["aws.ec2"]}]
            }
        },
        (
            f"event-detail-type {PATTERN}/$or/0/detail-type/0: "
            "aws.s3 sends no events 'Object created'"
            " [did you mean 'Object Created'?]"
        ),
        (
            f"event-pattern-key {PATTERN}/$or/1/sources: "
            "events have no field 'sources'"
            " [did you mean 'source'?]"
        ),
    ),
    fault(
        "events in another case",
        {f"{PATTERN}/detail-type": ["Object created"]},
        (
            f"event-detail-type {PATTERN}/detail-type/0: "
            "aws.s3 sends no events 'Object created'"
            " [did you mean 'Object Created'?]"
        ),
    ),
    fault(
        "events of another service",
        {"/Resources/FailureRule/Properties/EventPattern/detail-type": ["Pipeline Failed"]},
        (
            "event-detail-type /Resources/FailureRule/Properties/EventPattern/detail-type/0: "
            "aws.codepipeline sends no events 'Pipeline Failed'"
            " [there are: 'AWS API Call via CloudTrail', 'AWS Service Event via CloudTrail', "
            "'CodePipeline Action Execution State Change', 'CodePipeline Pipeline Execution State "
            "Change', 'CodePipeline Stage Execution State Change']"
        ),
    ),
    fault(
        "a pattern of more than 2,048 characters",
        {f"{PATTERN}/detail/object/key": ["stacks/network/bundle.zip"] * 70},
        (
            f"event-pattern-size {PATTERN}: "
            "2,087 characters of event pattern; EventBridge takes 2,048"
            " [make two rules of it]"
        ),
    ),
)

TARGETS = (
    fault(
        "a revision of another provider",
        {TOLD: told(revisionType="COMMIT_ID")},
        (
            f"pipeline-input {TOLD}: "
            "'Source/Bundle' has no revisions of the type 'COMMIT_ID'"
            " [there are: 'S3_OBJECT_KEY', 'S3_OBJECT_VERSION_ID']"
        ),
    ),
    fault(
        "a revision with nothing in it",
        {TOLD: '{"sourceRevisions": [{}], "Variables": "<version>"}'},
        (f"pipeline-input {TOLD}: a pipeline cannot be told 'Variables' [did you mean 'variables'?]"),
        (f"pipeline-input {TOLD}: a source revision has no actionName [actionName is required]"),
        (f"pipeline-input {TOLD}: a source revision has no revisionType [revisionType is required]"),
        (f"pipeline-input {TOLD}: a source revision has no revisionValue [revisionValue is required]"),
    ),
    fault(
        "an object in place of the list",
        {TOLD: '{"sourceRevisions": {"actionName": "<version>"}}'},
        (
            f"pipeline-input {TOLD}: "
            "the pipeline is told no object with a list of sourceRevisions"
            ' [write {"sourceRevisions": [{"actionName": "Source", ...}]}]'
        ),
    ),
    fault(
        "a list in place of the object",
        {f"{TARGET}/InputTransformer": GONE, f"{TARGET}/Input": "[]"},
        (
            f"pipeline-input {TARGET}/Input: "
            "the pipeline is told no object with a list of sourceRevisions"
            ' [write {"sourceRevisions": [{"actionName": "Source", ...}]}]'
        ),
    ),
    fault(
        "revisions for V1",
        {
            "/Resources/Old": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {"Name": "old", "PipelineType": "V1", "Stages": []},
            },
            f"{TARGET}/Arn": "arn:aws:codepipeline:us-east-1:111122223333:old",
        },
        (
            f"pipeline-input {TOLD}: "
            "a pipeline of type V1 cannot be told sourceRevisions"
            " [write PipelineType: V2]"
        ),
    ),
    fault(
        "a pipeline by its attribute",
        {f"{TARGET}/Arn": {"Fn::GetAtt": ["Network", "Arn"]}, f"{TARGET}/RoleArn": GONE},
        (
            f"target-role {TARGET}: "
            "the target is a pipeline and has no RoleArn"
            " [name a role that events.amazonaws.com may assume and that may do "
            "codepipeline:StartPipelineExecution]"
        ),
    ),
    fault(
        "a pipeline that is elsewhere",
        {
            f"{TARGET}/Arn": {
                "Fn::Join": [
                    ":",
                    [
                        "arn",
                        {"Ref": "AWS::Partition"},
                        "codepipeline",
                        "us-east-1",
                        {"Ref": "AWS::AccountId"},
                        "other",
                    ],
                ]
            },
            f"{TARGET}/RoleArn": GONE,
            TOLD: told(actionName="Source"),
        },
        (
            f"target-role {TARGET}: "
            "the target is a pipeline and has no RoleArn"
            " [name a role that events.amazonaws.com may assume and that may do "
            "codepipeline:StartPipelineExecution]"
        ),
    ),
    fault(
        "a starter that EventBridge may not assume",
        {f"{STARTER}/AssumeRolePolicyDocument/Statement/0/Principal/Service": "codepipeline.amazonaws.com"},
        (
            f"starter-role {TARGET}/RoleArn: "
            "EventBridge may not assume the role 'StarterRole'"
            " [name events.amazonaws.com in its trust policy]"
        ),
    ),
    fault(
        "a starter with a managed policy",
        {
            f"{STARTER}/Policies": GONE,
            f"{STARTER}/ManagedPolicyArns": [{"Ref": "Start"}],
            "/Resources/Start": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {"Effect": "Allow", "Action": "codepipeline:Start*", "Resource": "*"}
                    }
                },
            },
        },
    ),
    fault(
        "a starter with a policy of somebody else",
        {
            f"{STARTER}/Policies": GONE,
            f"{STARTER}/ManagedPolicyArns": ["arn:aws:iam::aws:policy/Start"],
        },
    ),
    fault(
        "a starter with an attached policy",
        {
            f"{STARTER}/Policies": GONE,
            "/Resources/Start": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {
                    "RoleName": {"Ref": "StarterRole"},
                    "PolicyDocument": {
                        "Statement": [{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]
                    },
                },
            },
        },
        (
            f"starter-role {TARGET}/RoleArn: "
            "the role 'StarterRole' may not start a pipeline"
            " [allow it codepipeline:StartPipelineExecution]"
        ),
    ),
    fault("a starter from a nested stack", {f"{TARGET}/RoleArn": {"Fn::GetAtt": ["Nested", "Arn"]}}),
    fault(
        "a path that is not used",
        {f"{TARGET}/InputTransformer/InputPathsMap/etag": "$.detail.object.etag"},
        (
            f"input-placeholder {TARGET}/InputTransformer/InputPathsMap/etag: "
            "the input template does not use 'etag'"
            " [write '<etag>' into it, or leave the path out]"
        ),
    ),
    fault(
        "a path that is not one",
        {f"{TARGET}/InputTransformer/InputPathsMap/version": "detail.object.version-id"},
        (
            f"input-placeholder {TARGET}/InputTransformer/InputPathsMap/version: "
            "'detail.object.version-id' is not a path into an event"
            " [begin it with $.]"
        ),
    ),
)

BUCKETS = (
    fault(
        "a source without versions",
        {f"{BUCKET}/VersioningConfiguration": GONE},
        (
            f"unversioned-source {BUNDLE}/Configuration/S3Bucket: "
            "'Source/Bundle' reads the bucket 'SourceBucket', which keeps no versions"
            " [add VersioningConfiguration: Status: Enabled to the bucket]"
        ),
    ),
    fault(
        "a source whose versions are suspended, by its name",
        {
            f"{BUCKET}/BucketName": "bundles-111122223333",
            f"{BUNDLE}/Configuration/S3Bucket": "bundles-111122223333",
            f"{BUCKET}/VersioningConfiguration/Status": "Suspended",
        },
        (
            f"unversioned-source {BUNDLE}/Configuration/S3Bucket: "
            "'Source/Bundle' reads the bucket 'bundles-111122223333', which keeps no versions"
            " [add VersioningConfiguration: Status: Enabled to the bucket]"
        ),
    ),
    fault(
        "a source of which nobody hears",
        {f"{BUCKET}/NotificationConfiguration": GONE},
        (
            f"silent-bucket {PATTERN}/detail/bucket/name/0: "
            "the bucket 'SourceBucket' does not report to EventBridge"
            " [add NotificationConfiguration: EventBridgeConfiguration: EventBridgeEnabled: true to "
            "it]"
        ),
    ),
    fault(
        "a source that does not speak",
        {f"{BUCKET}/NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled": False},
        (
            f"silent-bucket {PATTERN}/detail/bucket/name/0: "
            "the bucket 'SourceBucket' does not report to EventBridge"
            " [add NotificationConfiguration: EventBridgeConfiguration: EventBridgeEnabled: true to "
            "it]"
        ),
    ),
    fault(
        "a source that speaks by default",
        {f"{BUCKET}/NotificationConfiguration/EventBridgeConfiguration": {}},
    ),
)


@pytest.mark.parametrize("case", EVENTS, ids=lambda case: case.name)
def test_events(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize("case", TARGETS, ids=lambda case: case.name)
def test_targets(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize("case", BUCKETS, ids=lambda case: case.name)
def test_buckets(case: Fault) -> None:
    assert lines(case.template()) == case.found
