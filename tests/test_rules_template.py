"""Rules about one template: references, names, limits, secrets, and what no review has seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.own_rules import SOURCE, TOPIC, Case, case, found, template

IT = "templates/made.py:10"
"""Where the resource `It` was made."""
PARAMETER = "templates/made.py:11"
MANAGER = "keep it in Secrets Manager and write {{resolve:secretsmanager:NAME:SecretString:KEY}}"
IGNORE = "or ignore this rule for the stack, with the reason"
RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def named(name: Any) -> Case:
    return case(template({"DisplayName": name}))


def secret(name: str, pointer: str) -> str:
    return f"{IT}: plaintext-secret: {name} is a secret in plain text: '***' -- {MANAGER} [{pointer}]"


def credential(what: str) -> str:
    return (
        f"{IT}: plaintext-secret: {what} stands in plain text in 'DisplayName' -- revoke it; then {MANAGER} "
        "[/Resources/It/Properties/DisplayName]"
    )


def environment_of(variables: dict[str, Any]) -> Case:
    return case(template({"Environment": {"Variables": variables}}, kind="AWS::Lambda::Function"))


SECRETS = {
    "property": (
        case(template({"MasterUserPassword": "open sesame"}, kind="AWS::RDS::DBProxy")),
        secret("'MasterUserPassword'", "/Resources/It/Properties/MasterUserPassword"),
    ),
    "environment variable": (
        environment_of({"API_KEY": "0123"}),
        secret("'API_KEY'", "/Resources/It/Properties/Environment/Variables/API_KEY"),
    ),
    "pair of name and value": (
        case(template({"Variables": [{"Name": "DB_PASSWORD", "Value": "sesame", "Type": "PLAINTEXT"}]})),
        secret("'DB_PASSWORD'", "/Resources/It/Properties/Variables/0/Value"),
    ),
    "list": (
        case(template({"Passwords": ["open", {"Ref": "AWS::Region"}]})),
        secret("'Passwords'", "/Resources/It/Properties/Passwords"),
    ),
    "inside JSON": (
        case(template({"Body": '{"user": "admin", "password": "open sesame"}'})),
        secret("'password'", "/Resources/It/Properties/Body"),
    ),
    "default of a parameter": (
        case(
            template(
                {"DisplayName": {"Ref": "Token"}}, Parameters={"Token": {"Type": "String", "Default": "x1"}}
            )
        ),
        secret("'Token'", "/Parameters/Token/Default").replace(IT, PARAMETER),
    ),
    "AWS": (named("key AKIA0123456789ABCDEF"), credential("an AWS access key")),
    "GitHub": (named("github_pat_" + "a1" * 20), credential("a GitHub token")),
    "GitLab": (named("glpat-" + "a1" * 10), credential("a GitLab token")),
    "Slack": (named("xoxb-1234567890-abc"), credential("a Slack token")),
    "PEM": (named("-----BEGIN RSA PRIVATE KEY-----\nMII"), credential("a private key")),
    "address": (named("postgres://admin:sesame@host/db"), credential("an address with a password")),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_plain_text_is_found_and_masked(name: str) -> None:
    stack, expected = SECRETS[name]
    assert found(stack) == [expected]


@pytest.mark.parametrize(
    "properties",
    [
        {"MasterUserPassword": {"Ref": "AWS::Region"}},
        {"MasterUserPassword": "{{resolve:secretsmanager:production/database:SecretString:password}}"},
        {"ManageMasterUserPassword": "true", "EnableSecret": True, "Secret": ""},
        {"SecretArn": "x", "TokenName": "x", "ApiKeyId": "x", "PasswordLength": "30", "KeyName": "x"},
        {
            "ClientSecret": "arn:aws:secretsmanager:us-east-1:111122223333:secret:a",
            "EventSourceToken": "amzn1",
        },
        {
            "DatabaseSecret": "production/database",
            "GithubToken": "github-token",
            "PrivateKey": "/etc/key.pem",
        },
        {
            "GenerateSecretString": {
                "SecretStringTemplate": '{"username": "admin"}',
                "GenerateStringKey": "password",
            }
        },
        {"TokenValidityUnits": {"AccessToken": "hours"}, "HttpTokens": "required"},
        {"Variables": [{"Name": "DB_PASSWORD", "Value": "production/database", "Type": "SECRETS_MANAGER"}]},
        {"Body": {"Fn::Sub": "postgres://admin:${Password}@host"}, "Other": "https://host:443/a@b"},
        {"Body": '{"password.$": "$.password", "password": "$.password"}', "More": "{not JSON"},
        {"Key": "AKIAIOSFODNN7EXAMPLE", "Schema": {"password": {"type": "string"}}},
    ],
)
def test_what_is_no_secret_is_left_alone(properties: dict[str, Any]) -> None:
    assert found(case(template(properties))) == []


def test_a_parameter_that_names_something_in_ssm_is_no_secret() -> None:
    declared = {"Type": "AWS::SSM::Parameter::Name", "Default": "password"}
    made = template({"DisplayName": {"Ref": "Password"}}, Parameters={"Password": declared})
    assert found(case(made)) == []


def mapped(*keys: Any) -> Case:
    return case(
        template(
            {"DisplayName": {"Fn::FindInMap": list(keys)}}, Mappings={"Sizes": {"us-east-1": {"Web": "m5"}}}
        )
    )


FIND = "[/Resources/It/Properties/DisplayName/Fn::FindInMap]"
REFERENCES = {
    "no resources": (
        case({"Resources": {}}),
        (
            "templates/made.py: empty-template: the template has no resources -- add a resource to the "
            "template; "
            "is it the template of the module that you filled? [/Resources]"
        ),
    ),
    "mapping": (
        mapped("Size", "us-east-1", "Web"),
        f"{IT}: unknown-mapping: there is no mapping 'Size' -- did you mean 'Sizes'? {FIND}",
    ),
    "first key": (
        mapped("Sizes", "eu-west-1", "Web"),
        f"{IT}: unknown-mapping: the mapping has no key 'eu-west-1' -- did you mean 'us-east-1'? {FIND}",
    ),
    "second key": (
        mapped("Sizes", "us-east-1", "Webb"),
        f"{IT}: unknown-mapping: 'us-east-1' in the mapping has no key 'Webb' -- did you mean 'Web'? {FIND}",
    ),
    "null": (
        case(template({"Subscription": [None]})),
        (
            f"{IT}: null-value: null stands for a value -- leave the property out, or write "
            f'Ref("AWS::NoValue") '
            "[/Resources/It/Properties/Subscription/0]"
        ),
    ),
    "unknown service": (
        named({"Fn::Sub": "{{resolve:ssmm:${AWS::Region}:1}}"}),
        (
            f"{IT}: dynamic-reference: a dynamic reference to the unknown service 'ssmm' -- "
            "did you mean 'ssm'? [/Resources/It/Properties/DisplayName/Fn::Sub]"
        ),
    ),
    "no version number": (
        named("{{resolve:ssm:/name:latest}}"),
        (
            f"{IT}: dynamic-reference: the dynamic reference '{{{{resolve:ssm:/name:latest}}}}' is not "
            f"understood -- "
            "write {{resolve:ssm:NAME:VERSION}} [/Resources/It/Properties/DisplayName]"
        ),
    ),
    "not closed": (
        named("a {{resolve:ssm:/name:1}"),
        (
            f"{IT}: dynamic-reference: a dynamic reference does not end -- close it with }}}} "
            "[/Resources/It/Properties/DisplayName]"
        ),
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_what_leads_nowhere_is_found(name: str) -> None:
    stack, expected = REFERENCES[name]
    assert found(stack) == [expected]


@pytest.mark.parametrize(
    "stack",
    [
        mapped("Sizes", "us-east-1", "Web"),
        mapped("Sizes", {"Ref": "AWS::Region"}, "Any"),
        mapped({"Ref": "AWS::Region"}, "a", "b"),
        mapped("Sizes", "eu-west-1", "Web", {"DefaultValue": "m5"}),
        named("{{resolve:ssm:/a/b_c.d-e:12}}"),
        named("{{resolve:ssm-secure:name}} and {{resolve:secretsmanager:name}}"),
        named(
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            ""
            "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:111122223333:secret:a-b:SecretString:k::}}"
        ),
        named({"Fn::Sub": "{{resolve:secretsmanager:${AWS::StackName}:SecretString:password}}"}),
        named(
            {"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "AWS::StackName"}, ":SecretString:k}}"]]}
        ),
    ],
)
def test_what_leads_somewhere_is_no_problem(stack: Case) -> None:
    assert found(stack) == []


def function_and(token: Any) -> Case:
    made = template({"ServiceToken": token}, kind="Custom::Thing")
    return case({"Resources": {**made["Resources"], "Function": {"Type": "AWS::Lambda::Function"}}})


CUSTOM = (
    f"{IT}: custom-resource: 'It' runs code that is in no reviewed stack -- make the function here or import "
    "its ARN from the stack that makes it [/Resources/It/Properties/ServiceToken]"
)
REWRITTEN = f"changes the template during deployment -- write out what it would make; {IGNORE}"
EXPAND = {"settings": {"capabilities": ("CAPABILITY_AUTO_EXPAND",)}}
UNREVIEWED = {
    "transform": (
        case(template(Transform="AWS::LanguageExtensions"), **EXPAND),
        f"templates/made.py: transform: the transform 'AWS::LanguageExtensions' {REWRITTEN} [/Transform]",
    ),
    "transform with arguments": (
        case(template(Transform=[{"Name": "AWS::Include", "Parameters": {}}]), **EXPAND),
        f"templates/made.py: transform: the transform 'AWS::Include' {REWRITTEN} [/Transform]",
    ),
    "transform inside": (
        case(template({"Fn::Transform": {"Name": "AWS::Include"}}), **EXPAND),
        f"{IT}: transform: the transform 'AWS::Include' {REWRITTEN} [/Resources/It/Properties/Fn::Transform]",
    ),
    "nested stack": (
        case(template({"TemplateURL": "https://example.com/a.json"}, kind="AWS::CloudFormation::Stack")),
        (
            f"{IT}: nested-template: 'It' takes its template from an address, where it can change unseen -- "
            "make it a stack of its own in the configuration [/Resources/It/Properties/TemplateURL]"
        ),
    ),
    "macro": (
        case(template({"Name": "m"}, kind="AWS::CloudFormation::Macro")),
        (
            f"{IT}: macro: 'It' is a macro, which rewrites templates after their review -- "
            f"make the templates in their definitions; {IGNORE} [/Resources/It]"
        ),
    ),
    "custom resource with an ARN": (function_and("arn:aws:lambda:us-east-1:111122223333:function:f"), CUSTOM),
    "custom resource with a pseudo parameter": (function_and({"Ref": "AWS::StackName"}), CUSTOM),
    "custom resource with a text": (function_and({"Fn::Sub": "arn:${Function}"}), CUSTOM),
    "module": (
        case(template(kind="Example::S3::Bucket::MODULE")),
        (
            f"{IT}: registry-type: 'It' has the type 'Example::S3::Bucket::MODULE', whose code comes from a "
            f"registry "
            f"-- use types of AWS; {IGNORE} [/Resources/It]"
        ),
    ),
    "value from SSM": (
        named("{{resolve:ssm:/name}}"),
        (
            f"{IT}: unpinned-value (warning): the value of '/name' comes from SSM and can change without a "
            f"commit -- "
            f"name a version, {{{{resolve:ssm:NAME:1}}}}; {IGNORE} [/Resources/It/Properties/DisplayName]"
        ),
    ),
    "parameter from SSM": (
        case(
            template(
                {"DisplayName": {"Ref": "Image"}},
                Parameters={
                    "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/a"}
                },
            )
        ),
        (
            f"{PARAMETER}: unpinned-value (warning): the value of 'Image' comes from SSM and can change "
            f"without a "
            f"commit -- name a version, {{{{resolve:ssm:NAME:1}}}}; {IGNORE} [/Parameters/Image]"
        ),
    ),
}


@pytest.mark.parametrize("name", UNREVIEWED)
def test_what_no_review_has_seen_is_found(name: str) -> None:
    stack, expected = UNREVIEWED[name]
    assert found(stack) == [expected]


@pytest.mark.parametrize(
    "token",
    [
        {"Ref": "Function"},
        {"Fn::GetAtt": ["Function", "Arn"]},
        {"Fn::GetAtt": "Function.Arn"},
        {"Fn::Sub": "${Function.Arn}"},
    ],
)
def test_a_custom_resource_of_the_template_itself_is_reviewed(token: Any) -> None:
    assert found(function_and(token)) == []


def test_a_custom_resource_may_come_from_another_stack() -> None:
    assert found(function_and({"Fn::ImportValue": "Maker"}), external_exports=("Maker",)) == []


def role(name: Any = None) -> dict[str, Any]:
    return template({} if name is None else {"RoleName": name}, kind="AWS::IAM::Role")


CAPABILITIES = {
    "IAM": (
        case(role()),
        (
            "config/test.yaml:5:3: missing-capability: 'It' needs CAPABILITY_IAM to be acknowledged -- "
            "write 'capabilities: [CAPABILITY_IAM]' for the stack [/Resources/It]"
        ),
    ),
    "named IAM": (
        case(role("web"), settings={"capabilities": ("CAPABILITY_IAM",)}),
        (
            "config/test.yaml:5:3: missing-capability: 'It' needs CAPABILITY_NAMED_IAM to be acknowledged -- "
            "write 'capabilities: [CAPABILITY_NAMED_IAM]' for the stack [/Resources/It]"
        ),
    ),
}


@pytest.mark.parametrize("name", CAPABILITIES)
def test_a_missing_capability_is_found(name: str) -> None:
    stack, expected = CAPABILITIES[name]
    assert found(stack) == [expected]


def test_a_transform_needs_its_capability() -> None:
    lines = found(case(template(Transform="AWS::LanguageExtensions")))
    assert lines[0] == (
        "config/test.yaml:5:3: missing-capability: 'Transform' needs CAPABILITY_AUTO_EXPAND to be "
        "acknowledged -- "
        "write 'capabilities: [CAPABILITY_AUTO_EXPAND]' for the stack"
    )


def test_named_iam_acknowledges_all_of_iam() -> None:
    both = {
        "Resources": {
            **role()["Resources"],
            "Other": {"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}},
        }
    }
    for made in (role(), both):
        assert found(case(made, settings={"capabilities": ("CAPABILITY_NAMED_IAM",)})) == []


def test_init_stacks_bring_their_capabilities_along() -> None:
    assert found(case(role("cfnpipe_test_sync")), name="access", source=SOURCE) == []


NAMED = {"settings": {"capabilities": ("CAPABILITY_NAMED_IAM",)}}
NAMES = {
    "too long": (
        case(role({"Fn::Sub": "${AWS::StackName}-" + "w" * 60}), **NAMED),
        (
            f"{IT}: physical-name: 'test-a-{'w' * 60}' has 67 characters; AWS::IAM::Role takes 1 to 64 -- "
            "shorten it, or leave the name to CloudFormation [/Resources/It/Properties/RoleName]"
        ),
    ),
    "capital in a bucket": (
        case(
            {
                "Parameters": {"Name": {"Type": "String"}},
                "Resources": {
                    "It": {
                        "Type": "AWS::S3::Bucket",
                        "Properties": {"BucketName": {"Fn::Join": ["-", ["logs", {"Ref": "Name"}]]}},
                        **RETAINED,
                    }
                },
            },
            parameters={"Name": "Web"},
        ),
        (
            f"{PARAMETER}: physical-name: 'logs-Web' is not a name for AWS::S3::Bucket -- it must match "
            r"[a-z0-9](?!.*\.\.)[a-z0-9.-]*[a-z0-9] [/Resources/It/Properties/BucketName]"
        ),
    ),
    "reserved": (
        case(role("cfnpipe_test_sync"), **NAMED),
        (
            f"{IT}: reserved-name: 'cfnpipe_test_sync' is a name of cfnpipe's own -- choose a name that does "
            f"not begin "
            "with cfnpipe_ or cfnpipe- [/Resources/It/Properties/RoleName]"
        ),
    ),
    "reserved, put together": (
        case(template({"AliasName": {"Fn::Join": ["", ["alias/", "cfnpipe_key"]]}}, kind="AWS::KMS::Alias")),
        (
            f"{IT}: reserved-name: 'alias/cfnpipe_key' is a name of cfnpipe's own -- choose a name that does "
            f"not begin "
            "with cfnpipe_ or cfnpipe- [/Resources/It/Properties/AliasName]"
        ),
    ),
    "a policy for a reserved role": (
        case(
            template({"PolicyName": "p", "Roles": ["web", "cfnpipe_test_sync"]}, kind="AWS::IAM::Policy"),
            **NAMED,
        ),
        (
            f"{IT}: reserved-name: 'cfnpipe_test_sync' is a name of cfnpipe's own -- choose a name that does "
            f"not begin "
            "with cfnpipe_ or cfnpipe- [/Resources/It/Properties/Roles]"
        ),
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_is_found(name: str) -> None:
    stack, expected = NAMES[name]
    assert found(stack) == [expected]


def test_a_hidden_value_is_not_shown_as_part_of_a_name() -> None:
    declared = {"P": {"Type": "String", "NoEcho": True, "Default": "open sesame"}}
    made = {**role({"Fn::Sub": "${P}" + "w" * 64}), "Parameters": declared}
    (line,) = found(case(made, **NAMED))
    assert "sesame" not in line


@pytest.mark.parametrize(
    "stack",
    [
        case(role({"Fn::Sub": "${AWS::StackName}-${AWS::Region}-web"}), **NAMED),
        case(role({"Fn::Sub": "${Unknown}" + "w" * 70}), **NAMED),
        case(role({"Fn::Sub": "${AWS::AccountId}" + "w" * 60}), **NAMED),
        case(template({"TopicName": {"Fn::Sub": "${AWS::StackName}.fifo"}, "DisplayName": "cfnpipe_"})),
    ],
)
def test_a_name_that_can_be_is_no_problem(stack: Case) -> None:
    assert found(stack) == []


SPLIT = "split the stack in two"
LIMITS = {
    "resources": (
        case({"Resources": {f"T{number}": TOPIC for number in range(501)}}),
        f"templates/made.py: section-limit: 501 resources; CloudFormation takes 500 -- {SPLIT} [/Resources]",
    ),
    "parameters": (
        case(template(Parameters={f"P{number}": {"Type": "String", "Default": ""} for number in range(201)})),
        (
            f"templates/made.py: section-limit: 201 parameters; CloudFormation takes 200 -- {SPLIT} "
            f"[/Parameters]"
        ),
    ),
    "outputs": (
        case(template(Outputs={f"O{number}": {"Value": ""} for number in range(201)})),
        f"templates/made.py: section-limit: 201 outputs; CloudFormation takes 200 -- {SPLIT} [/Outputs]",
    ),
    "mappings": (
        case(template(Mappings={f"M{number}": {"a": {"b": "c"}} for number in range(201)})),
        f"templates/made.py: section-limit: 201 mappings; CloudFormation takes 200 -- {SPLIT} [/Mappings]",
    ),
    "bytes": (
        case(template(Metadata={"Text": "é" * 500_000})),
        (
            f"templates/made.py: template-size: 1,000,070 bytes as deployed; CloudFormation takes "
            f"1,000,000 -- "
            f"{SPLIT}"
        ),
    ),
    "description": (
        case(template(Description="é" * 513)),
        (
            "templates/made.py: description-size: 1,026 bytes of description; CloudFormation takes 1,024 -- "
            "shorten the definition's docstring or Description [/Description]"
        ),
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_too_much_is_counted(name: str) -> None:
    stack, expected = LIMITS[name]
    assert found(stack) == [expected]


def test_what_is_just_enough_is_no_problem() -> None:
    resources = {f"T{number}": TOPIC for number in range(500)}
    assert found(case({"Resources": resources, "Description": "x" * 1_024})) == []


def test_stacks_that_are_made_by_hand_fit_into_one_request() -> None:
    large = case(template(Metadata={"Text": "x" * 60_000}))
    expected = (
        "templates/made.py: bootstrap-size: 60,070 bytes as deployed, before there is a bucket; "
        "CloudFormation takes 51,200 -- take out what was added to it, into a stack of its own"
    )
    assert found(large, name="sync", source=SOURCE) == [expected]
    assert found(large, name="pipelines", source=SOURCE) == []
    assert found(large, name="sync") == []


DATA = (
    f"{IT}: unretained-data (warning): 'It' (AWS::S3::Bucket) does not say what becomes of its data -- "
    "set DeletionPolicy and UpdateReplacePolicy to Retain, Snapshot or Delete [/Resources/It]"
)


def test_a_resource_with_data_says_what_becomes_of_it() -> None:
    assert found(case(template(kind="AWS::S3::Bucket"))) == [DATA]
    for said in (RETAINED, {"DeletionPolicy": "Delete"}):
        assert found(case({"Resources": {"It": {"Type": "AWS::S3::Bucket", **said}}})) == []


@pytest.mark.parametrize("key", ["DBClusterIdentifier", "SourceDBInstanceIdentifier"])
def test_an_instance_without_data_of_its_own_says_nothing(key: str) -> None:
    assert found(case(template({key: "other"}, kind="AWS::RDS::DBInstance"))) == []


TABLE = {
    "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
}
NEW = template(TABLE, kind="AWS::DynamoDB::Table")
NEW["Resources"]["It"] |= RETAINED


def former(properties: Any = None, **said: Any) -> dict[str, Any]:
    """The committed template, in which the table is called Former."""
    return {
        "Resources": {"Former": {"Type": "AWS::DynamoDB::Table", "Properties": properties or TABLE, **said}}
    }


def renamed(fate: str) -> list[str]:
    line = (
        f"{IT}: renamed-data (warning): 'Former' (AWS::DynamoDB::Table) becomes 'It': a new one without its"
        f" data, and the old one {fate} -- keep the logical id 'Former', or move the data first"
        " [/Resources/It]"
    )
    return [line]


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        (former(), renamed("is deleted")),
        (former(DeletionPolicy="Retain"), renamed("stays, outside of the stack")),
        (former(DeletionPolicy="Snapshot"), renamed("is deleted after a snapshot")),
        (former(TABLE | {"BillingMode": "PROVISIONED"}), renamed("is deleted")),
        (former({"TableName": "another", "KeySchema": TABLE["KeySchema"]}), []),
        ({"Resources": {**former()["Resources"], **NEW["Resources"]}}, []),
        ({"Resources": {"Former": {"Type": "AWS::S3::Bucket", "Properties": TABLE}}}, []),
        (NEW, []),
        ({}, []),
        ("no template", []),
    ],
)
def test_a_resource_with_data_under_another_logical_id_is_named_with_both(
    earlier: Any, expected: list[str]
) -> None:
    assert found(Case(NEW, earlier=earlier)) == expected


def test_of_two_that_are_gone_the_one_that_is_most_like_it_is_named() -> None:
    nearly = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE | {"BillingMode": "PROVISIONED"}}
    assert found(Case(NEW, earlier={"Resources": {"Nearly": nearly, **former()["Resources"]}})) == renamed(
        "is deleted"
    )


def test_databases_are_deleted_after_a_snapshot_unless_they_say_otherwise() -> None:
    new = template({"Engine": "mysql"}, kind="AWS::RDS::DBCluster")
    new["Resources"]["It"] |= RETAINED
    earlier = {"Resources": {"Former": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "mysql"}}}}
    assert found(Case(new, earlier=earlier)) == [
        line.replace("DynamoDB::Table", "RDS::DBCluster") for line in renamed("is deleted after a snapshot")
    ]
