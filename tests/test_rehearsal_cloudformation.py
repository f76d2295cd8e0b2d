"""CloudFormation of the rehearsal against what AWS does, with boto3 over HTTP."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.completed_aws import started
from tests.local_aws import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.completed_aws import CompletedAws

EXAMPLE = [
    ("production-us", "us-east-1", "access sync pipelines network orders-database orders-service"),
    ("production-eu", "eu-west-1", "access sync pipelines network orders-database orders-service"),
    ("development", "us-west-2", "network orders-database orders-service"),
]


@pytest.fixture(scope="module")
def aws() -> CompletedAws:
    return started()


def template(outputs: dict[str, Any] | None = None, **resources: Any) -> dict[str, Any]:
    return {"Resources": resources} | ({"Outputs": outputs} if outputs else {})


def topic(name: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SNS::Topic",
        "Properties": ({"TopicName": name} if name else {}) | properties,
    }


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def exported(name: str, value: Any = "value") -> dict[str, Any]:
    return {"Out": {"Value": value, "Export": {"Name": name}}}


def role(**trusted: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    told = error.value.response["Error"]
    return f"{told['Code']}: {told['Message']}"


@pytest.mark.parametrize(("environment", "region", "stacks"), EXAMPLE)
def test_the_example_deploys_in_order(aws: CompletedAws, environment: str, region: str, stacks: str) -> None:
    ends = {stack: aws.deploy_example(environment, stack, region) for stack in stacks.split()}
    assert ends == dict.fromkeys(stacks.split(), "CREATE_COMPLETE")
    formation = aws.client("cloudformation", region)
    told = {
        stack: formation.describe_stacks(StackName=f"{environment}-{stack}")["Stacks"][0] for stack in ends
    }
    assert [
        stack for stack in ends if stack not in {"sync", "pipelines"} and not told[stack]["Outputs"]
    ] == []
    listed = [each for each in aws.inside("placeholders") if each[0].startswith(f"{environment}-")]
    assert {tuple(each[1:]) for each in listed} >= {
        ("Database", "AWS::RDS::DBInstance", "MasterUserSecret.SecretArn"),
        ("FlowLog", "AWS::EC2::FlowLog", ""),
        ("Nat1", "AWS::EC2::NatGateway", ""),
        ("NatAddress1", "AWS::EC2::EIP", ""),
    }


class TestPlaceholders:
    def test_stand_for_what_ministack_lacks(self, aws: CompletedAws) -> None:
        told = {
            "Address": {"Value": {"Ref": "Address"}},
            "Allocation": {"Value": {"Fn::GetAtt": ["Address", "AllocationId"]}},
            "Trail": {"Value": {"Ref": "Trail"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Trail", "Arn"]}},
        }
        logging = {"IsLogging": True, "S3BucketName": "logs"}
        trail = {"Type": "AWS::CloudTrail::Trail", "Properties": {**logging, "TrailName": "all"}}
        made = template(told, Address={"Type": "AWS::EC2::EIP"}, Trail=trail)
        assert aws.deploy("placeholders", made) == "CREATE_COMPLETE"
        stack = aws.client("cloudformation").describe_stacks(StackName="placeholders")["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        assert outputs["Address"].startswith("203.0.113.")
        assert outputs["Allocation"].startswith("eipalloc-0")
        assert outputs["Trail"] == "all"
        assert outputs["Arn"] == f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/all"
        assert [each for each in aws.inside("placeholders") if each[0] == "placeholders"] == [
            ["placeholders", "Address", "AWS::EC2::EIP", ""],
            ["placeholders", "Trail", "AWS::CloudTrail::Trail", ""],
        ]

    def test_stand_for_attributes_that_a_template_asks_for(self, aws: CompletedAws) -> None:
        secret = {"Secret": {"Value": {"Fn::Sub": "${Database.MasterUserSecret.SecretArn}"}}}

        def made(size: str, outputs: dict[str, Any] | None = None) -> dict[str, Any]:
            properties = {
                "Engine": "postgres",
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": size,
                "MasterUsername": "root",
                "ManageMasterUserPassword": True,
            }
            return template(outputs, Database={"Type": "AWS::RDS::DBInstance", "Properties": properties})

        def listed() -> list[Any]:
            return [each for each in aws.inside("placeholders") if each[0] == "secret"]

        told = ["secret", "Database", "AWS::RDS::DBInstance", "MasterUserSecret.SecretArn"]
        assert aws.deploy("secret", made("20")) == "CREATE_COMPLETE"
        assert listed() == []
        assert aws.deploy("secret", made("20", secret)) == "UPDATE_COMPLETE"
        assert listed() == [told]
        assert aws.deploy("secret", made("30", secret)) == "UPDATE_COMPLETE"
        assert listed() == [told]

    def test_change_and_go_like_resources(self, aws: CompletedAws) -> None:
        def made(name: str, bucket: str) -> dict[str, Any]:
            properties = {"TrailName": name, "S3BucketName": bucket, "IsLogging": True}
            return template(Trail={"Type": "AWS::CloudTrail::Trail", "Properties": properties}, Other=topic())

        def there() -> list[str]:
            listed = aws.client("cloudformation").list_stack_resources(StackName="trail")
            return [
                each["PhysicalResourceId"]
                for each in listed["StackResourceSummaries"]
                if each["LogicalResourceId"] == "Trail"
            ]

        aws.deploy("trail", made("one", "a"))
        assert aws.deploy("trail", made("one", "b")) == "UPDATE_COMPLETE"
        assert there() == ["one"]
        assert aws.deploy("trail", made("two", "b")) == "UPDATE_COMPLETE"
        assert there() == ["two"]
        assert aws.deploy("trail", template(Other=topic())) == "UPDATE_COMPLETE"
        assert [each for each in aws.inside("placeholders") if each[0] == "trail"] == []

    def test_are_for_types_that_aws_has(self, aws: CompletedAws) -> None:
        with pytest.raises(ClientError) as error:
            aws.change_set("unknown", template(Thing={"Type": "AWS::EC2::Nothing"}))
        assert refused(error) == (
            "ValidationError: Template format error: Unrecognized resource types: [AWS::EC2::Nothing]"
        )


def test_groups_are_real(aws: CompletedAws) -> None:
    iam = aws.client("iam")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document, "Groups": [{"Ref": "Group"}]},
    }

    def group(path: str, *inline: str) -> dict[str, Any]:
        policies = [{"PolicyName": name, "PolicyDocument": document} for name in inline]
        properties = {"GroupName": "operators", "Path": path, "Policies": policies}
        return {"Type": "AWS::IAM::Group", "Properties": properties}

    assert aws.deploy("group", template(Group=group("/", "one"), Policy=policy)) == "CREATE_COMPLETE"
    assert iam.list_group_policies(GroupName="operators")["PolicyNames"] == ["one"]
    assert len(iam.list_attached_group_policies(GroupName="operators")["AttachedPolicies"]) == 1
    assert aws.deploy("group", template(Group=group("/people/", "two"), Policy=policy)) == "UPDATE_COMPLETE"
    arn = f"arn:aws:iam::{ACCOUNT}:group/people/operators"
    assert iam.get_group(GroupName="operators")["Group"]["Arn"] == arn
    assert iam.list_group_policies(GroupName="operators")["PolicyNames"] == ["two"]
    policy["Properties"]["Groups"] = ["strangers"]  # type: ignore[index]
    assert aws.deploy("strangers", template(Policy=policy)) == "ROLLBACK_COMPLETE"
    assert aws.reasons("strangers") == {"Policy": "The group with name strangers cannot be found."}


class TestOperations:
    def test_are_asked_about(self, aws: CompletedAws) -> None:
        first = template(Kept=topic("kept"), Queue=queue(DelaySeconds=1), Gone=topic("gone"))
        second = template(Kept=topic("kept"), Queue=queue(DelaySeconds=2), New=topic("new"))
        arn = f"arn:aws:iam::{ACCOUNT}:role/deployer"
        aws.deploy("asked", first, RoleARN=arn)
        aws.deploy("asked", second)
        asked = aws.inside("operations", "asked")
        assert [(each["does"], each["logical_id"], each["type"], each["principal"]) for each in asked] == [
            ("create", "Gone", "AWS::SNS::Topic", arn),
            ("create", "Kept", "AWS::SNS::Topic", arn),
            ("create", "Queue", "AWS::SQS::Queue", arn),
            ("create", "New", "AWS::SNS::Topic", arn),
            ("update", "Queue", "AWS::SQS::Queue", arn),
            ("delete", "Gone", "AWS::SNS::Topic", arn),
        ]
        changed = asked[4]
        assert (changed["previous"]["DelaySeconds"], changed["properties"]["DelaySeconds"]) == (1, 2)
        assert changed["physical_id"].endswith("/" + changed["physical_id"].rpartition("/")[2])

    def test_fail_with_the_reason_that_is_given(self, aws: CompletedAws) -> None:
        aws.inside("deny", "create Denied", "the deployer may not")
        made = template(Denied=topic("denied"), Before=topic("before"))
        assert aws.deploy("denied", made) == "ROLLBACK_COMPLETE"
        assert aws.reasons("denied") == {"Denied": "the deployer may not"}
        assert aws.rollback("denied") == (
            "The following resource(s) failed to create: [Denied]. Rollback requested by user."
        )
        assert "Before DELETE_COMPLETE" in aws.events("denied")

    def test_are_done_with_the_role_that_is_remembered(self, aws: CompletedAws) -> None:
        formation = aws.client("cloudformation")

        def told() -> str | None:
            found: str | None = formation.describe_stacks(StackName="role")["Stacks"][0].get("RoleARN")
            return found

        roles = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("one", "two", "three")]
        aws.deploy("role", template(A=topic("role-a")), RoleARN=roles[0])
        assert told() == roles[0]
        aws.change_set("role", template(A=topic("role-a"), B=topic("role-b")), RoleARN=roles[1])
        assert told() == roles[0]
        body = json.dumps(template(A=topic("role-c")))
        formation.update_stack(StackName="role", TemplateBody=body, RoleARN=roles[1])
        assert (aws.ends("role"), told()) == ("UPDATE_COMPLETE", roles[1])
        formation.delete_stack(StackName="role", RoleARN=roles[2])
        while formation.list_stacks(StackStatusFilter=["DELETE_IN_PROGRESS"])["StackSummaries"]:
            time.sleep(0.02)
        assert aws.inside("operations", "role")[-1]["principal"] == roles[2]


class TestRefusals:
    @pytest.mark.parametrize(
        ("made", "reason"),
        [
            (
                template(A=topic(DisplayName={"Ref": "Nothing"})),
                (
                    "Template format error: Unresolved resource dependencies [Nothing] "
                    "in the Resources block of the template"
                ),
            ),
            (
                template({"Out": {"Value": {"Fn::GetAtt": ["None", "Arn"]}}}, A=topic()),
                (
                    "Template format error: Unresolved resource dependencies [None] "
                    "in the Outputs block of the template"
                ),
            ),
            (
                template({"Out": {"Value": {"Fn::GetAtt": ["A", "Size"]}}}, A=queue()),
                "Template error: resource A does not support attribute type Size in Fn::GetAtt",
            ),
            (
                template(
                    A=topic(DisplayName={"Fn::GetAtt": ["B", "TopicName"]}),
                    B=topic(DisplayName={"Fn::GetAtt": ["A", "TopicName"]}),
                ),
                "Circular dependency between resources: [A, B]",
            ),
        ],
    )
    def test_of_templates(self, aws: CompletedAws, made: dict[str, Any], reason: str) -> None:
        with pytest.raises(ClientError) as error:
            aws.change_set("template", made)
        assert refused(error) == f"ValidationError: {reason}"

    def test_of_a_large_template(self, aws: CompletedAws) -> None:
        aws.deploy("large", template(A=topic("large")))
        with pytest.raises(ClientError) as error:
            aws.change_set("large", template(A=topic("large", DisplayName="x" * 51200)))
        assert refused(error).endswith("Member must have length less than or equal to 51200")

    def test_of_a_missing_capability(self, aws: CompletedAws) -> None:
        with pytest.raises(ClientError) as error:
            aws.client("cloudformation").create_change_set(
                StackName="capability",
                ChangeSetName="change",
                ChangeSetType="CREATE",
                TemplateBody=json.dumps(template(Role=role(Service="ec2.amazonaws.com"))),
            )
        assert refused(error) == (
            "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"
        )

    def test_of_a_principal_that_is_not_there(self, aws: CompletedAws) -> None:
        there = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "there"}}
        there["Properties"] |= role(Service="ec2.amazonaws.com")["Properties"]  # type: ignore[operator]
        trusting = role(AWS={"Fn::GetAtt": ["There", "Arn"]})
        assert aws.deploy("trust", template(There=there, Trusting=trusting)) == "CREATE_COMPLETE"
        nobody = f"arn:aws:iam::{ACCOUNT}:role/nobody"
        assert aws.deploy("nobody", template(Role=role(AWS=nobody))) == "ROLLBACK_COMPLETE"
        assert aws.reasons("nobody") == {
            "Role": f'Invalid principal in policy: "AWS":"{nobody}" (Service: Iam, Status Code: 400, '
            "HandlerErrorCode: InvalidRequest)"
        }

    def test_of_a_name_that_only_the_creation_finds_taken(self, aws: CompletedAws) -> None:
        """A managed policy is known by its ARN, which no template has, so that nothing tells it earlier."""
        statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        made = aws.client("iam").create_policy(PolicyName="taken", PolicyDocument=json.dumps(document))
        properties = {"ManagedPolicyName": "taken", "PolicyDocument": document}
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
        assert aws.deploy("policy-taken", template(Policy=policy)) == "ROLLBACK_COMPLETE"
        arn = made["Policy"]["Arn"]
        said = f"Resource of type 'AWS::IAM::ManagedPolicy' with identifier '{arn}' already exists."
        assert aws.reasons("policy-taken")["Policy"] == f"{said} (HandlerErrorCode: AlreadyExists)"
        assert aws.client("iam").get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "taken"

    def test_of_properties_that_are_not_there(self, aws: CompletedAws) -> None:
        made = {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "email", "Colour": "red"}}
        assert aws.deploy("properties", template(Mail=made), DisableValidation=True) == "ROLLBACK_COMPLETE"
        assert aws.reasons("properties") == {
            "Mail": "Properties validation failed for resource Mail with message:\n"
            "#: required key [TopicArn] not found\n"
            "#: extraneous key [Colour] is not permitted"
        }

    def test_of_a_deletion_that_is_protected(self, aws: CompletedAws) -> None:
        formation = aws.client("cloudformation")
        aws.deploy("protected", template(A=topic("protected")))
        formation.update_termination_protection(StackName="protected", EnableTerminationProtection=True)
        with pytest.raises(ClientError) as error:
            formation.delete_stack(StackName="protected")
        stack_id = formation.describe_stacks(StackName="protected")["Stacks"][0]["StackId"]
        assert refused(error) == (
            f"ValidationError: Stack [{stack_id}] cannot be deleted while TerminationProtection is enabled"
        )


class TestExports:
    def test_must_be_there(self, aws: CompletedAws) -> None:
        importing = template(A=topic(DisplayName={"Fn::ImportValue": "nobody:exports"}))
        made = aws.change_set("importing", importing)
        assert (made["Status"], made["ExecutionStatus"], made["StatusReason"]) == (
            "FAILED",
            "UNAVAILABLE",
            "No export named nobody:exports found.",
        )
        formation = aws.client("cloudformation")
        formation.create_stack(StackName="importing-2", TemplateBody=json.dumps(importing))
        assert aws.ends("importing-2") == "ROLLBACK_COMPLETE"
        assert aws.reasons("importing-2") == {"A": "No export named nobody:exports found."}

    def test_have_one_owner(self, aws: CompletedAws) -> None:
        aws.deploy("owner", template(exported("owned"), A=topic("owner")))
        assert aws.deploy("second", template(exported("owned"), A=topic("second"))) == "ROLLBACK_COMPLETE"
        assert aws.rollback("second") == (
            "Export with name owned is already exported by stack owner. Rollback requested by user."
        )

    def test_stay_while_they_are_imported(self, aws: CompletedAws) -> None:
        aws.deploy("used", template(exported("in:use"), A=topic("used")))
        for name in ("user-1", "user-2"):
            aws.deploy(name, template(A=topic(name, DisplayName={"Fn::ImportValue": "in:use"})))
        assert aws.deploy("used", template(exported("in:use", "b"), A=topic("used"))) == (
            "UPDATE_ROLLBACK_COMPLETE"
        )
        assert aws.rollback("used") == "Export in:use cannot be updated as it is in use by user-1 and user-2"
        assert aws.deploy("used", template(A=topic("used", DisplayName="x"))) == "UPDATE_ROLLBACK_COMPLETE"
        assert aws.rollback("used") == "Export in:use cannot be deleted as it is in use by user-1 and user-2"

    def test_go_when_nobody_imports_them(self, aws: CompletedAws) -> None:
        aws.deploy("free", template(exported("free"), A=topic("free")))
        assert aws.deploy("free", template(A=topic("free", DisplayName="x"))) == "UPDATE_COMPLETE"
        exports = aws.client("cloudformation").list_exports()["Exports"]
        assert "free" not in {each["Name"] for each in exports}


class TestStackPolicy:
    POLICY: ClassVar = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {
                "Effect": "Deny",
                "Action": ["Update:Replace", "Update:Delete"],
                "Principal": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"ResourceType": ["AWS::SNS::Topic"]}},
            },
        ]
    }

    @pytest.fixture
    def stack(self, aws: CompletedAws, request: pytest.FixtureRequest) -> str:
        name = f"policy-{request.node.name.split('_')[-1]}"
        aws.deploy(name, template(Kept=topic(name), Other=queue()))
        policy = json.dumps(self.POLICY)
        aws.client("cloudformation").set_stack_policy(StackName=name, StackPolicyBody=policy)
        return name

    def reason(self, action: str) -> str:
        return (
            f"Action denied by stack policy: Statement [#2] does not allow [{action}] "
            "for resource [LogicalResourceId/Kept];"
        )

    def test_lets_a_change_pass(self, aws: CompletedAws, stack: str) -> None:
        changed = template(Kept=topic(stack, DisplayName="new"), Other=queue(DelaySeconds=3))
        assert aws.deploy(stack, changed) == "UPDATE_COMPLETE"

    def test_forbids_to_replace(self, aws: CompletedAws, stack: str) -> None:
        assert aws.deploy(stack, template(Kept=topic(f"{stack}-2"), Other=queue())) == (
            "UPDATE_ROLLBACK_COMPLETE"
        )
        assert aws.reasons(stack) == {"Kept": self.reason("Update:Replace")}

    def test_forbids_to_delete(self, aws: CompletedAws, stack: str) -> None:
        assert aws.deploy(stack, template(Other=queue())) == "UPDATE_ROLLBACK_COMPLETE"
        assert aws.reasons(stack)["Kept"] == self.reason("Update:Delete")
        assert f"arn:aws:sns:{REGION}:{ACCOUNT}:{stack}" in {
            each["TopicArn"] for each in aws.client("sns").list_topics()["Topics"]
        }

    def test_forbids_what_it_does_not_allow(self, aws: CompletedAws, stack: str) -> None:
        policy = {
            "Statement": {"Effect": "Allow", "Action": "Update:*", "NotResource": "LogicalResourceId/Kept"}
        }
        formation = aws.client("cloudformation")
        formation.set_stack_policy(StackName=stack, StackPolicyBody=json.dumps(policy))
        changed = template(Kept=topic(stack, DisplayName="new"), Other=queue())
        assert aws.deploy(stack, changed) == "UPDATE_ROLLBACK_COMPLETE"
        assert aws.reasons(stack) == {"Kept": "Action not allowed by stack policy"}
        formation.update_stack(
            StackName=stack,
            TemplateBody=json.dumps(changed),
            StackPolicyDuringUpdateBody=json.dumps({"Statement": {**self.POLICY["Statement"][0]}}),
        )
        assert aws.ends(stack) == "UPDATE_COMPLETE"


class TestChangeSets:
    NETWORK: ClassVar[dict[str, Any]] = {
        "Type": "AWS::EC2::VPC",
        "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": True},
    }
    SUBNET: ClassVar = {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Network"}, "CidrBlock": "10.0.0.0/24"},
    }

    def change(self, aws: CompletedAws, stack: str, **network: Any) -> dict[str, Any]:
        made = template(Network=self.NETWORK, Subnet=self.SUBNET)
        assert aws.deploy(stack, made) == "CREATE_COMPLETE"
        changed = {**self.NETWORK, "Properties": self.NETWORK["Properties"] | network}  # type: ignore[operator]
        found = aws.change_set(stack, template(Network=changed, Subnet=self.SUBNET))
        return {
            each["ResourceChange"]["LogicalResourceId"]: each["ResourceChange"] for each in found["Changes"]
        }

    def test_know_what_is_changed_in_place(self, aws: CompletedAws) -> None:
        changes = self.change(aws, "in-place", EnableDnsSupport=False)
        assert {name: each["Replacement"] for name, each in changes.items()} == {"Network": "False"}
        assert json.loads(changes["Network"]["BeforeContext"]) == {"Properties": self.NETWORK["Properties"]}
        assert json.loads(changes["Network"]["AfterContext"]) == {
            "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": False}
        }
        assert [each["Target"] for each in changes["Network"]["Details"]] == [
            {
                "Attribute": "Properties",
                "Name": "EnableDnsSupport",
                "RequiresRecreation": "Never",
                "Path": "/Properties/EnableDnsSupport",
                "BeforeValue": "true",
                "AfterValue": "false",
                "AttributeChangeType": "Modify",
            }
        ]

    def test_know_what_is_replaced(self, aws: CompletedAws) -> None:
        changes = self.change(aws, "replaced", CidrBlock="10.1.0.0/16")
        assert {name: each["Replacement"] for name, each in changes.items()} == {
            "Network": "True",
            "Subnet": "True",
        }
        (detail,) = changes["Subnet"]["Details"]
        assert detail["Target"]["Path"] == "/Properties/VpcId"
        assert detail["Target"]["BeforeValue"].startswith("vpc-")
        assert detail["Target"]["AfterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"

    def test_tell_values_that_come_and_go(self, aws: CompletedAws) -> None:
        aws.deploy("values", template(A=topic("values", Tags=[{"Key": "a", "Value": "1"}])))
        tags = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
        found = aws.change_set("values", template(A=topic("values", Tags=tags, DisplayName="new")))
        details = [each["Target"] for each in found["Changes"][0]["ResourceChange"]["Details"]]
        keys = ("AttributeChangeType", "Path", "BeforeValue", "AfterValue")
        assert [[each.get(key) for key in keys] for each in details] == [
            ["Add", "/Properties/DisplayName", None, "new"],
            ["Modify", "/Properties/Tags/0/Value", "1", "2"],
            ["Add", "/Properties/Tags/1", None, '{"Key":"b","Value":"3"}'],
        ]  # fmt: skip

    def test_do_not_tell_secrets(self, aws: CompletedAws) -> None:
        made = template(A=topic("secret", DisplayName={"Ref": "Word"}))
        made["Parameters"] = {"Word": {"Type": "String", "NoEcho": True}}
        word = [{"ParameterKey": "Word", "ParameterValue": "hush"}]
        found = aws.change_set("secret", made, Parameters=word)
        after = json.loads(found["Changes"][0]["ResourceChange"]["AfterContext"])
        assert after == {"Properties": {"TopicName": "secret", "DisplayName": "****"}}

    def test_may_be_of_outputs_only(self, aws: CompletedAws) -> None:
        aws.deploy("outputs", template(exported("out:1"), A=topic("outputs")))
        found = aws.change_set("outputs", template(exported("out:2"), A=topic("outputs")))
        assert (found["Status"], found["ExecutionStatus"], found["Changes"]) == (
            "CREATE_COMPLETE",
            "AVAILABLE",
            [],
        )
        assert aws.deploy("outputs", template(exported("out:3"), A=topic("outputs"))) == "UPDATE_COMPLETE"
        found = aws.change_set("outputs", template(exported("out:3"), A=topic("outputs")))
        assert (found["Status"], found["StatusReason"]) == (
            "FAILED",
            (
                "The submitted information didn't contain changes. "
                "Submit different information to create a change set."
            ),
        )

    def test_are_not_made_for_a_stack_that_could_not_be_created(self, aws: CompletedAws) -> None:
        aws.deploy(
            "failed", template(A={"Type": "AWS::SNS::Subscription", "Properties": {}}), DisableValidation=True
        )
        stack = aws.client("cloudformation").describe_stacks(StackName="failed")["Stacks"][0]["StackId"]
        with pytest.raises(ClientError) as error:
            aws.change_set("failed", template(A=topic("failed")))
        assert refused(error) == (
            f"ValidationError: Stack:{stack} is in ROLLBACK_COMPLETE state and can not be updated."
        )

    def test_are_executed_once(self, aws: CompletedAws) -> None:
        formation = aws.client("cloudformation")
        made = aws.change_set("once", template(A=topic("once")))
        stack = made["StackId"]
        listed = formation.list_change_sets(StackName=stack)["Summaries"]
        assert [each["ChangeSetId"] for each in listed] == [made["ChangeSetId"]]
        formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
        with pytest.raises(ClientError) as error:
            formation.execute_change_set(ChangeSetName=made["ChangeSetId"])
        assert refused(error).startswith("InvalidChangeSetStatus: ")
        aws.ends("once")
        assert formation.list_change_sets(StackName=stack)["Summaries"] == []


def test_events_are_of_what_changes(aws: CompletedAws) -> None:
    aws.deploy("events", template(Kept=topic("e-kept"), Queue=queue(DelaySeconds=1), Gone=topic("e-gone")))
    before = len(aws.events("events"))
    aws.deploy("events", template(Kept=topic("e-kept"), Queue=queue(DelaySeconds=2), New=topic("e-new")))
    assert aws.events("events")[before:] == [
        "events UPDATE_IN_PROGRESS",
        "New CREATE_IN_PROGRESS",
        "New CREATE_IN_PROGRESS",
        "New CREATE_COMPLETE",
        "Queue UPDATE_IN_PROGRESS",
        "Queue UPDATE_COMPLETE",
        "events UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "Gone DELETE_IN_PROGRESS",
        "Gone DELETE_COMPLETE",
        "events UPDATE_COMPLETE",
    ]
    listed = aws.client("cloudformation").list_stack_resources(StackName="events")["StackResourceSummaries"]
    assert {each["LogicalResourceId"]: each["ResourceStatus"] for each in listed} == {
        "Kept": "CREATE_COMPLETE",
        "New": "CREATE_COMPLETE",
        "Queue": "UPDATE_COMPLETE",
    }


def test_uploads_tell_their_version(aws: CompletedAws) -> None:
    s3, sqs, events = aws.client("s3"), aws.client("sqs"), aws.client("events")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="versions", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    url = sqs.create_queue(QueueName="versions")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:versions"
    events.put_rule(Name="versions", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="versions", Targets=[{"Id": "queue", "Arn": arn}])
    made = s3.put_object(Bucket="versions", Key="key", Body=b"content")
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["object"]["version-id"] == made["VersionId"]
    assert event["detail"]["reason"] == "PutObject"


def test_mails_are_kept(aws: CompletedAws) -> None:
    sns = aws.client("sns")
    arn = sns.create_topic(Name="mails")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="reviewer@example.com")
    sns.publish(TopicArn=arn, Subject="A subject", Message="A body")
    assert [each for each in aws.inside("mails") if each[0] == arn] == [
        [arn, "A subject", "A body", "reviewer@example.com"]
    ]
