"""Rules about what the configuration says: parameters, tags and stack policies."""

from __future__ import annotations

import pytest

from cfnpipe.model import Protection
from tests.own_rules import TEMPLATE, Case, case, found, template


def one(declared: dict[str, object], value: str | tuple[str, ...] | None = None) -> Case:
    """A stack with the parameter `P`, used once."""
    made = template({"DisplayName": {"Ref": "P"}}, Parameters={"P": declared})
    return case(made, parameters={} if value is None else {"P": value})


VALUE = "config/test.yaml:7:3"
"""Where the value of `P` stands."""
DECLARED = "templates/made.py:11"

WRONG = {
    "missing": (
        one({"Type": "String"}),
        (
            "config/test.yaml:3:3: missing-parameter: the parameter 'P' (String) has no value and no "
            "default -- "
            "write it under 'parameters', or give it a Default in the definition [/Parameters/P]"
        ),
    ),
    "unknown": (
        case(template(Parameters={"Zones": {"Type": "Number", "Default": 2}}), parameters={"Zone": "2"}),
        f"{VALUE}: unknown-parameter: the template has no parameter 'Zone' -- did you mean 'Zones'?",
    ),
    "unknown where there are none": (
        case(parameters={"Zone": "2"}),
        f"{VALUE}: unknown-parameter: the template has no parameter 'Zone' -- there are none",
    ),
    "list for one": (
        one({"Type": "String"}, ("a", "b")),
        (
            f"{VALUE}: list-for-one-value: 'P' takes one value (String), not a list -- "
            "write one value, or make the parameter a CommaDelimitedList in the definition [/Parameters/P]"
        ),
    ),
    "list for one number": (
        one({"Type": "Number", "MaxValue": 5, "AllowedValues": [1]}, ("7", "8")),
        (
            f"{VALUE}: list-for-one-value: 'P' takes one value (Number), not a list -- "
            "write one value, or make the parameter a CommaDelimitedList in the definition [/Parameters/P]"
        ),
    ),
    "element with a comma": (
        one({"Type": "CommaDelimitedList"}, ("a", "b,c")),
        (
            f"{VALUE}: list-element: element 2 of 'P' holds a comma, which separates elements -- "
            "write each value as an element of its own [/Parameters/P]"
        ),
    ),
    "empty element": (
        one({"Type": "CommaDelimitedList"}, ("", "b")),
        (
            f"{VALUE}: list-element: element 1 of 'P' is empty -- "
            "write each value as an element of its own [/Parameters/P]"
        ),
    ),
    "no number": (
        one({"Type": "Number"}, "many"),
        f"{VALUE}: parameter-type: 'P' has the type Number, unlike 'many' [/Parameters/P]",
    ),
    "no number in a list": (
        one({"Type": "List<Number>"}, ("1", "many")),
        f"{VALUE}: parameter-type: 'P' has the type Number, unlike 'many' [/Parameters/P]",
    ),
    "no number as default": (
        one({"Type": "Number", "Default": "many"}),
        f"{DECLARED}: parameter-type: 'P' has the type Number, unlike 'many' [/Parameters/P/Default]",
    ),
    "no VPC": (
        one({"Type": "AWS::EC2::VPC::Id"}, "subnet-0123456789abcdef0"),
        (
            f"{VALUE}: parameter-type: 'P' has the type AWS::EC2::VPC::Id, unlike 'subnet-0123456789abcdef0' "
            f"[/Parameters/P]"
        ),
    ),
    "no security group": (
        one({"Type": "List<AWS::EC2::SecurityGroup::Id>"}, "sg-01234567, web"),
        (
            f"{VALUE}: parameter-type: 'P' has the type AWS::EC2::SecurityGroup::Id, unlike 'web' "
            f"[/Parameters/P]"
        ),
    ),
    "zone of another region": (
        one({"Type": "AWS::EC2::AvailabilityZone::Name"}, "eu-west-1a"),
        (
            f"{VALUE}: parameter-type: 'P' has the type AWS::EC2::AvailabilityZone::Name, unlike "
            f"'eu-west-1a' "
            f"[/Parameters/P]"
        ),
    ),
    "no name in SSM": (
        one({"Type": "AWS::SSM::Parameter::Name"}, "not a name"),
        (
            f"{VALUE}: parameter-type: 'P' has the type AWS::SSM::Parameter::Name, unlike 'not a name' "
            f"[/Parameters/P]"
        ),
    ),
    "too many bytes": (
        one({"Type": "String"}, "é" * 2_049),
        f"{VALUE}: parameter-size: 'P' has 4,098 bytes; CloudFormation takes 4,096 [/Parameters/P]",
    ),
    "space": (
        one({"Type": "String"}, "a "),
        (
            f"{VALUE}: surrounding-space (warning): the value of 'P' begins or ends with space -- "
            "take the space away [/Parameters/P]"
        ),
    ),
    "not allowed": (
        one({"Type": "String", "AllowedValues": ["mysql", "postgres"]}, "postgers"),
        (
            f"{VALUE}: allowed-values: 'P' takes one of 'mysql', 'postgres', not 'postgers' -- "
            "did you mean 'postgres'? [/Parameters/P]"
        ),
    ),
    "not allowed in a list": (
        one({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, ("a", "zzz")),
        f"{VALUE}: allowed-values: 'P' takes one of 'a', 'b', not 'zzz' [/Parameters/P]",
    ),
    "not allowed as default": (
        one({"Type": "String", "AllowedValues": ["mysql"], "Default": "oracle"}),
        f"{DECLARED}: allowed-values: 'P' takes one of 'mysql', not 'oracle' [/Parameters/P/Default]",
    ),
    "pattern matches only a part": (
        one({"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "letters only"}, "ab1"),
        f"{VALUE}: allowed-pattern: 'P' must match '[a-z]+', unlike 'ab1' -- letters only [/Parameters/P]",
    ),
    "too short": (
        one({"Type": "String", "MinLength": "3", "MaxLength": 5}, "ab"),
        f"{VALUE}: parameter-length: 'P' takes 3 to 5 characters, not 2 [/Parameters/P]",
    ),
    "too long": (
        one({"Type": "String", "MaxLength": 5}, "abcdef"),
        f"{VALUE}: parameter-length: 'P' takes at most 5 characters, not 6 [/Parameters/P]",
    ),
    "too small": (
        one({"Type": "Number", "MinValue": 1024}, "80"),
        f"{VALUE}: parameter-range: 'P' takes at least 1024, not '80' [/Parameters/P]",
    ),
    "too large": (
        one({"Type": "Number", "MinValue": 1, "MaxValue": "2.5"}, "2.6"),
        f"{VALUE}: parameter-range: 'P' takes 1 to 2.5, not '2.6' [/Parameters/P]",
    ),
    "NoEcho with a value": (
        one({"Type": "String", "NoEcho": True}, "open sesame"),
        (
            f"{VALUE}: noecho-value: 'P' is NoEcho, and its value stands in plain text: '***' -- keep it in "
            "Secrets Manager and write {{resolve:secretsmanager:NAME:SecretString:KEY}} [/Parameters/P]"
        ),
    ),
    "NoEcho with a default": (
        one({"Type": "String", "NoEcho": "true", "Default": "open sesame"}),
        (
            f"{DECLARED}: noecho-default: 'P' is NoEcho, and its default stands in plain text: '***' -- "
            "take the default away [/Parameters/P/Default]"
        ),
    ),
    "credential": (
        one({"Type": "String"}, "ghp_" + "a" * 36),
        (
            f"{VALUE}: plaintext-secret: a GitHub token stands in plain text -- revoke it; then keep it in "
            "Secrets Manager and write {{resolve:secretsmanager:NAME:SecretString:KEY}}"
        ),
    ),
    "dynamic reference": (
        one({"Type": "String"}, "{{resolve:secretmanager:production/database}}"),
        (
            f"{VALUE}: dynamic-reference: a dynamic reference to the unknown service 'secretmanager' -- "
            "did you mean 'secretsmanager'? [/Parameters/P]"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_one_problem_at_its_line(name: str) -> None:
    stack, expected = WRONG[name]
    assert found(stack) == [expected]


def test_a_secret_is_masked_wherever_it_is_wrong() -> None:
    declared = {"Type": "String", "NoEcho": True, "AllowedValues": ["a"], "AllowedPattern": "a"}
    lines = found(one(declared, "open sesame"))
    assert [line.split(": ")[1] for line in lines] == ["allowed-pattern", "allowed-values", "noecho-value"]
    assert "sesame" not in str(lines)


ENDLESS = "a" * 40 + "!"
SLOW = {"Type": "String", "AllowedPattern": "(a+)+"}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (SLOW, ENDLESS),
        (SLOW | {"Type": "CommaDelimitedList"}, ("a", *([ENDLESS] * 90))),
        (SLOW | {"Default": ENDLESS}, "a"),  # cfn-lint would try it
        (SLOW | {"Default": ENDLESS}, "{{resolve:ssm:name:1}}"),
    ],
)
def test_a_pattern_that_takes_for_ever_is_named_after_a_second(
    declared: dict[str, object], value: str | tuple[str, ...]
) -> None:
    expected = (
        f"{DECLARED}: slow-pattern: '(a+)+' of 'P' is not decided after a second"
        " -- repeat nothing that repeats itself: (a+)+ is a+ [/Parameters/P/AllowedPattern]"
    )
    assert found(one(declared, value)) == [expected]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"Type": "String"}, ""),
        ({"Type": "Number"}, "-1.5e3"),
        ({"Type": "Number"}, ".5"),
        ({"Type": "Number", "AllowedValues": [1, 2]}, "1.0"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 1}, "1"),
        ({"Type": "String", "AllowedValues": [True, 1.5]}, "true"),
        ({"Type": "String", "MinLength": 2, "MaxLength": 2}, "éé"),
        ({"Type": "String", "AllowedPattern": r"[\p{Alpha}]+"}, "1"),
        ({"Type": "String", "AllowedPattern": "[a-z&&[^x]]+"}, "1"),
        ({"Type": "String", "AllowedPattern": "a{99999999999}"}, "1"),
        ({"Type": "String", "AllowedPattern": ["a"]}, "1"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "{{resolve:ssm:name:1}}"),
        ({"Type": "String", "NoEcho": True}, "{{resolve:ssm-secure:name:1}}"),
        ({"Type": "String", "NoEcho": True}, ""),
        ({"Type": "String", "NoEcho": "false"}, "seen by all"),
        ({"Type": "CommaDelimitedList"}, ("a", "b")),
        ({"Type": "CommaDelimitedList"}, "a, b"),
        ({"Type": "CommaDelimitedList", "AllowedPattern": "[ab]"}, "a, b"),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, ("subnet-01234567", "subnet-0123456789abcdef0")),
        ({"Type": "AWS::EC2::AvailabilityZone::Name"}, "us-east-1a"),
        ({"Type": "AWS::EC2::Image::Id"}, "ami-0123456789abcdef0"),
        ({"Type": "AWS::Route53::HostedZone::Id"}, "Z0123456789ABCDEFGHIJ"),
        ({"Type": "AWS::EC2::KeyPair::KeyName"}, "any name at all"),
    ],
)
def test_a_right_value_is_no_problem(declared: dict[str, object], value: str | tuple[str, ...]) -> None:
    assert found(one(declared, value)) == []


def test_too_many_parameters_are_counted() -> None:
    (line, *others) = found(case(parameters={f"P{number}": "1" for number in range(201)}))
    assert line == (
        "config/test.yaml:3:3: parameter-limit: 201 parameters in the configuration;"
        " CloudFormation takes 200 -- split the stack in two"
    )
    assert {other.split(": ")[1] for other in others} == {"unknown-parameter"}


def test_the_configuration_counts_before_the_default() -> None:
    assert found(one({"Type": "Number", "MaxValue": 5, "Default": 3}, "4")) == []


POLICY = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*"}
FILE = "config/protection/policy.json"
WRONG_POLICY = {
    "no statement": (
        {},
        "stack-policy: the stack policy has no Statement -- write a list of statements [/StackPolicy]",
    ),
    "unknown key of the policy": (
        {"Statement": [POLICY], "Statment": []},
        "stack-policy: a stack policy has no 'Statment' -- did you mean 'Statement'? [/StackPolicy/Statment]",
    ),
    "statement is a text": (
        {"Statement": [POLICY, "Deny"]},
        (
            "stack-policy: a statement must be an object, not a string -- write an object "
            "[/StackPolicy/Statement/1]"
        ),
    ),
    "unknown key of a statement": (
        {"Statement": [{**POLICY, "NotPrincipal": "*"}]},
        (
            "stack-policy: a statement of a stack policy has no 'NotPrincipal' -- did you mean 'Principal'? "
            "[/StackPolicy/Statement/0]"
        ),
    ),
    "effect": (
        {"Statement": [POLICY, {**POLICY, "Effect": "Alow"}]},
        (
            "stack-policy: a statement needs the Effect Allow or Deny -- did you mean 'Allow'? "
            "[/StackPolicy/Statement/1]"
        ),
    ),
    "principal": (
        {"Statement": [{**POLICY, "Principal": {"AWS": "*"}}]},
        (
            'stack-policy: a statement needs "Principal": "*" -- a stack policy holds for everybody '
            "[/StackPolicy/Statement/0]"
        ),
    ),
    "no action": (
        {"Statement": [POLICY, {"Effect": "Deny", "Principal": "*", "Resource": "*"}]},
        (
            "stack-policy: a statement needs an Action -- one of Update:Modify, Update:Replace, "
            "Update:Delete, "
            "Update:* [/StackPolicy/Statement/1]"
        ),
    ),
    "unknown action": (
        {"Statement": [{**POLICY, "Action": ["Update:Modfy"]}]},
        (
            "stack-policy: a stack policy knows no action 'Update:Modfy' -- did you mean 'Update:Modify'? "
            "[/StackPolicy/Statement/0]"
        ),
    ),
    "no resource": (
        {"Statement": [POLICY, DENY]},
        (
            "stack-policy: a statement needs a Resource -- LogicalResourceId/NAME or * "
            "[/StackPolicy/Statement/1]"
        ),
    ),
    "resource without its prefix": (
        {"Statement": [POLICY, {**DENY, "Resource": "Topic"}]},
        (
            "stack-policy: a stack policy has no resource 'Topic' -- write LogicalResourceId/NAME or * "
            "[/StackPolicy/Statement/1]"
        ),
    ),
    "resource that is not there": (
        {"Statement": [POLICY, {**DENY, "NotResource": ["LogicalResourceId/Topik"]}]},
        (
            "stack-policy-resource: the stack policy names 'Topik', which the template does not have -- "
            "did you mean 'Topic'? [/StackPolicy/Statement/1/NotResource]"
        ),
    ),
    "nothing allowed": (
        {"Statement": [{**DENY, "Resource": "*"}]},
        (
            "stack-policy-without-allow (warning): the stack policy allows nothing, so that no change of the "
            "stack "
            'can succeed -- add {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"} '
            "[/StackPolicy]"
        ),
    ),
    "too large": (
        {"Statement": [POLICY, {**DENY, "Resource": ["LogicalResourceId/Topic"] * 700}]},
        (
            "stack-policy-size: 18,376 bytes of stack policy; CloudFormation takes 16,384 -- "
            "use wildcards for resources"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG_POLICY)
def test_a_wrong_stack_policy_is_one_problem_in_its_file(name: str) -> None:
    policy, expected = WRONG_POLICY[name]
    protection = Protection(policy="protection/policy.json")
    assert found(case(policy=policy, settings={"protection": protection})) == [f"{FILE}: {expected}"]


def test_a_committed_stack_policy_is_wrong_in_the_rendered_file() -> None:
    (line,) = found(case(policy={}), committed=True)
    assert line.startswith("stacks/test/a/protection.json: stack-policy: ")


@pytest.mark.parametrize(
    "statement",
    [
        {**DENY, "Resource": "LogicalResourceId/Topic"},
        {**DENY, "Resource": ["LogicalResourceId/To*", "LogicalResourceId/????c"]},
        {**DENY, "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::SNS::Topic"]}}},
        {"Effect": "Allow", "NotAction": "Update:Delete", "Principal": "*", "Resource": "*"},
    ],
)
def test_a_right_stack_policy_is_no_problem(statement: object) -> None:
    assert found(case(policy={"Statement": [POLICY, statement]})) == []
    assert found(case(policy={"Statement": POLICY})) == []


TAGGED = "config/test.yaml:7:3"
WRONG_TAGS = {
    "AWS's own": (
        {"AWS:x": "1"},
        (
            f"{TAGGED}: tag-key: the tag 'AWS:x' begins with 'aws:', which AWS keeps for itself -- choose "
            f"another key"
        ),
    ),
    "strange key": (
        {"a;b": "1"},
        f"{TAGGED}: tag-key: the tag 'a;b' holds ';' -- use letters, digits, space and _.:/=+-@",
    ),
    "strange value": (
        {"k": "a\tb, c"},
        f"{TAGGED}: tag-value: the value of the tag 'k' holds ',' -- use letters, digits, space and _.:/=+-@",
    ),
    "case": (
        {"Owner": "1", "owner": "1"},
        (
            "config/test.yaml:8:3: tag-case (warning): the tags 'Owner' and 'owner' differ only in case -- "
            "keep one of them"
        ),
    ),
    "many": (
        {f"k{number}": "1" for number in range(51)},
        "config/test.yaml:4:3: tag-limit: 51 tags; CloudFormation takes 50 -- take some away",
    ),
    "secret": (
        {"Password": "open sesame"},
        (
            f"{TAGGED}: plaintext-secret: 'Password' is a secret in plain text: '***' -- keep it in Secrets "
            f"Manager "
            "and write {{resolve:secretsmanager:NAME:SecretString:KEY}}"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG_TAGS)
def test_a_wrong_tag_is_one_problem_at_its_line(name: str) -> None:
    tags, expected = WRONG_TAGS[name]
    assert found(case(TEMPLATE, tags=tags)) == [expected]


def test_right_tags_are_no_problem() -> None:
    assert found(case(TEMPLATE, tags={"Kostenträger": "a b_.:/=+-@1", "empty": ""})) == []
