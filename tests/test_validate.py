"""From rendered stacks to problems: both sorts of rules together, what is ignored, what is shared."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfnpipe.model import Place, Problem, RenderedStack
from cfnpipe.validate import own, rules, validate
from cfnpipe.validate.subject import StackView
from tests.conftest import ROOT
from tests.own_rules import TEMPLATE, TOPIC, Case, case, environment, project, said, template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a project; what cfn-lint finds is kept beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def validated(
    root: Path, stacks: dict[str, dict[str, Case]], *, committed: bool = False
) -> tuple[Problem, ...]:
    made = project(*(environment(name, own) for name, own in stacks.items()), root=root)
    return validate(
        made,
        [
            one.rendered(name, stack, committed=committed)
            for name, own in stacks.items()
            for stack, one in own.items()
        ],
        jobs=1,
    )


def shown(problem: Problem) -> str:
    ignored = f" because {problem.ignored}" if problem.ignored else ""
    return f"{problem.stack or '-'} {said(problem)}{ignored}"


def test_sound_stacks_have_no_problems(at_hand: Path) -> None:
    heard: list[tuple[int, int]] = []
    stacks = {"a": case(), "b": case(template({"DisplayName": "b"}))}
    made = project(environment("test", stacks), root=at_hand)
    rendered = [one.rendered("test", name) for name, one in stacks.items()]
    assert validate(made, rendered, progress=lambda done, of: heard.append((done, of))) == ()
    assert heard[-1] == (2, 2)
    assert validate(made, []) == ()


def test_own_rules_and_cfn_lint_stand_side_by_side_at_the_definition(at_hand: Path) -> None:
    wrong = template({"DisplayNam": "x", "TopicName": None}, Outputs={"O": {"Value": {"Ref": "Itt"}}})
    problems = validated(at_hand, {"test": {"a": case(wrong)}})
    assert [shown(problem) for problem in problems] == [
        (
            "test/a templates/made.py:10: E3002: Additional properties are not allowed ('DisplayNam' was "
            "unexpected. "
            "Did you mean 'DisplayName'?) [/Resources/It/Properties/DisplayNam]"
        ),
        (
            "test/a templates/made.py:10: null-value: null stands for a value -- leave the property out, or "
            "write "
            'Ref("AWS::NoValue") [/Resources/It/Properties/TopicName]'
        ),
        (
            "test/a templates/made.py:11: E6101: 'Itt' is not known here -- did you mean 'It'? "
            "[/Outputs/O/Value/Ref]"
        ),
    ]
    assert problems == tuple(sorted(problems))


@pytest.mark.parametrize(
    ("value", "pointer"),
    [({"Fn::GetAtt": ["It", "Arnn"]}, "Fn::GetAtt/1"), ({"Fn::Sub": "${It.Arnn}"}, "Fn::Sub")],
)
def test_an_attribute_that_cfn_lint_does_not_know_gets_the_closest_one(
    at_hand: Path, value: dict[str, Any], pointer: str
) -> None:
    wrong = {"Resources": {"It": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"O": {"Value": value}}}
    assert [shown(problem) for problem in validated(at_hand, {"test": {"a": case(wrong)}})] == [
        (
            "test/a templates/made.py:11: E6101: 'Arnn' is not known here -- did you mean 'Arn'? "
            f"[/Outputs/O/Value/{pointer}]"
        )
    ]


def test_in_committed_files_cfn_lint_knows_the_line(at_hand: Path) -> None:
    wrong = case(template({"DisplayName": {"Ref": "Nowhere"}}))
    (problem,) = validated(at_hand, {"test": {"a": wrong}}, committed=True)
    assert (problem.rule, problem.where) == ("E1020", Place("stacks/test/a/template.json", 1))


def test_what_both_see_is_said_once_and_better(at_hand: Path) -> None:
    declared = {"P": {"Type": "String", "Default": "abc", "AllowedPattern": "b"}}
    kept = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
    database = {
        "AllocatedStorage": "20",
        "DBInstanceClass": "db.m5.large",
        "Engine": "mysql",
        "MasterUserPassword": "open sesame",
        "MasterUsername": "admin",
    }
    name = {"BucketName": {"Fn::Sub": "${AWS::StackName}_"}}
    stacks = {
        "resources": case({"Resources": {f"T{number}": TOPIC for number in range(501)}}),
        "outputs": case(template(Outputs={f"O{number}": {"Value": ""} for number in range(201)})),
        "size": case(template(Metadata={"Text": "x" * 1_000_000})),
        "description": case(template(Description="x" * 1_025)),
        "reference": case(template({"DisplayName": "{{resolve:ssmm:a:1}}"})),
        "pattern": case(template({"DisplayName": {"Ref": "P"}}, Parameters=declared)),
        "secret": case(
            {"Resources": {"It": {"Type": "AWS::RDS::DBInstance", "Properties": database, **kept}}}
        ),
        "name": case({"Resources": {"It": {"Type": "AWS::S3::Bucket", "Properties": name, **kept}}}),
    }
    assert sorted((problem.stack, problem.rule) for problem in validated(at_hand, {"test": stacks})) == [
        ("test/description", "description-size"),
        ("test/name", "physical-name"),
        ("test/outputs", "section-limit"),
        ("test/pattern", "allowed-pattern"),
        ("test/reference", "dynamic-reference"),
        ("test/resources", "section-limit"),
        ("test/secret", "plaintext-secret"),
        ("test/size", "template-size"),
    ]


@pytest.mark.parametrize("secret", ["open sesame", "x", "o'pen\nsesame", "sesame " * 30])
def test_a_secret_is_masked_in_what_cfn_lint_says_too(at_hand: Path, secret: str) -> None:
    wrong = template({"CidrBlock": secret, "Passwords": [secret]}, kind="AWS::EC2::VPC")
    problems = validated(at_hand, {"test": {"a": case(wrong)}})
    assert {problem.rule for problem in problems} == {"plaintext-secret", "E3002"}
    (about_value,) = [problem for problem in problems if problem.pointer.endswith("/CidrBlock")]
    assert about_value.message in ("'***' is not a 'ipv4-network'", "\"***\" is not a 'ipv4-network'")


def test_a_rule_is_ignored_with_its_reason(at_hand: Path) -> None:
    wrong = template({"DisplayNam": "x"}, Transform="AWS::LanguageExtensions")
    said_ = {"transform": "loops", "E3002": "new", "missing-capability": "by hand"}
    stacks = {"a": case(wrong, settings={"ignore": said_})}
    problems = validated(at_hand, {"test": stacks})
    assert {problem.rule: problem.ignored for problem in problems} == said_
    assert not any(problem.stops for problem in problems)


def test_what_is_ignored_for_nothing_is_shown(at_hand: Path) -> None:
    ignore = {"transfrom": "loops", "E3002": "new", "W9999": "future"}
    assert [
        shown(each) for each in validated(at_hand, {"test": {"a": case(settings={"ignore": ignore})}})
    ] == [
        (
            "test/a config/test.yaml:7:3: unknown-rule: there is no rule 'transfrom' to ignore -- "
            "did you mean 'transform'?"
        ),
        (
            "test/a config/test.yaml:8:3: unused-ignore (warning): the rule 'E3002' found nothing to "
            "ignore -- "
            "take it out of 'ignore'"
        ),
        (
            "test/a config/test.yaml:9:3: unused-ignore (warning): the rule 'W9999' found nothing to "
            "ignore -- "
            "take it out of 'ignore'"
        ),
    ]


def test_one_line_is_one_problem_for_all_environments(at_hand: Path) -> None:
    wrong = case(template({"TopicName": None}))
    ignoring = case(template({"TopicName": None}), settings={"ignore": {"null-value": "as it was"}})
    stacks = {"one": {"network": wrong}, "two": {"network": wrong}, "three": {"network": ignoring}}
    assert [(each.rule, each.stack, each.ignored) for each in validated(at_hand, stacks)] == [
        ("null-value", "one/network, two/network", ""),
        ("null-value", "three/network", "as it was"),
    ]


def test_cfn_lint_is_not_asked_about_a_region_that_does_not_exist(at_hand: Path) -> None:
    stacks = {"a": case(template({"DisplayNam": "x"}))}
    made = project(environment("test", stacks, region="us-esat-1"), root=at_hand)
    problems = validate(made, [stacks["a"].rendered("test", "a")])
    assert [problem.rule for problem in problems] == ["unknown-region"]


def rendered(text: str, configuration: str = "{}", protection: str | None = None) -> RenderedStack:
    return RenderedStack("test", "a", text, configuration, protection)


FILES = "stacks/test/a"
MALFORMED = {
    "no JSON": (
        rendered('{"Resources": }'),
        (
            f"{FILES}/template.json:1:15: unreadable-json: no JSON that can be used: Expecting value -- "
            "run: cfnpipe render"
        ),
    ),
    "key twice": (
        rendered('{"Resources": {"A": 1, "A": 2}}'),
        (
            f"{FILES}/template.json: unreadable-json: no JSON that can be used: has the key 'A' twice in one "
            f"object -- "
            "run: cfnpipe render"
        ),
    ),
    "NaN": (
        rendered(json.dumps(TEMPLATE), '{"Parameters": NaN}'),
        (
            f"{FILES}/configuration.json: unreadable-json: no JSON that can be used: holds NaN, which JSON "
            f"does not "
            "have -- run: cfnpipe render"
        ),
    ),
    "endless number": (
        rendered(f'{{"Resources": {"9" * 5_000}}}'),
        (
            f"{FILES}/template.json: unreadable-json: no JSON that can be used: holds a number that is too "
            f"long -- "
            "run: cfnpipe render"
        ),
    ),
    "bottomless": (
        rendered("[" * 100_000),
        (
            f"{FILES}/template.json: unreadable-json: no JSON that can be used: nested too deeply -- "
            "run: cfnpipe render"
        ),
    ),
    "deep": (
        rendered('{"Metadata": {"a": ' + "[" * 100 + "]" * 100 + "}}"),
        (
            f"{FILES}/template.json: malformed-template: the template is nested more than 100 levels deep -- "
            "make it flatter"
        ),
    ),
    "no object": (
        rendered("[]"),
        (
            f"{FILES}/template.json: malformed-template: the template must be an object, not a list -- "
            "write an object"
        ),
    ),
    "section": (
        rendered('{"Resources": null}'),
        (
            f"{FILES}/template.json: malformed-template: Resources must be an object, not null -- "
            "write an object [/Resources]"
        ),
    ),
    "resource": (
        rendered('{"Resources": {"A": "x"}}'),
        (
            f"{FILES}/template.json: malformed-template: 'A' in Resources must be an object, not a string -- "
            "write an object [/Resources/A]"
        ),
    ),
    "type": (
        rendered('{"Resources": {"A": {"Type": ["x"]}}}'),
        (
            f"{FILES}/template.json: malformed-template: 'A' in Resources has no Type -- give it one: a "
            f"string "
            "[/Resources/A]"
        ),
    ),
    "properties": (
        rendered('{"Resources": {"A": {"Type": "x", "Properties": 1}}}'),
        (
            f"{FILES}/template.json: malformed-template: Properties of 'A' must be an object, not a number "
            f"-- "
            "write an object [/Resources/A/Properties]"
        ),
    ),
    "parameter": (
        rendered('{"Parameters": {"P": {}}}'),
        (
            f"{FILES}/template.json: malformed-template: 'P' in Parameters has no Type -- give it one: a "
            f"string "
            "[/Parameters/P]"
        ),
    ),
    "configuration": (
        rendered(json.dumps(TEMPLATE), "true"),
        (
            f"{FILES}/configuration.json: malformed-configuration: the configuration must be an object, "
            "not true or false -- run: cfnpipe render"
        ),
    ),
    "unknown key": (
        rendered(json.dumps(TEMPLATE), '{"Parameter": {}}'),
        (
            f"{FILES}/configuration.json: malformed-configuration: the configuration has the unknown key "
            f"'Parameter' "
            "-- did you mean 'Parameters'? [/Parameter]"
        ),
    ),
    "values": (
        rendered(json.dumps(TEMPLATE), '{"Tags": []}'),
        (
            f"{FILES}/configuration.json: malformed-configuration: Tags must be an object, not a list -- "
            "run: cfnpipe render [/Tags]"
        ),
    ),
    "value": (
        rendered(json.dumps(TEMPLATE), '{"Parameters": {"Zones": 2}}'),
        (
            f"{FILES}/configuration.json: malformed-configuration: 'Zones' in Parameters must be a string, "
            "not a number -- run: cfnpipe render [/Parameters/Zones]"
        ),
    ),
    "stack policy": (
        rendered(json.dumps(TEMPLATE), '{"StackPolicy": 1}'),
        (
            f"{FILES}/configuration.json: stack-policy-in-configuration: the configuration holds a "
            f"StackPolicy, which "
            "change sets do not apply -- write it to a file below config/ and name it under 'protection'"
        ),
    ),
    "protection": (
        rendered(json.dumps(TEMPLATE), protection="[]"),
        (
            f"{FILES}/protection.json: malformed-protection: the protection must be an object, not a list -- "
            "run: cfnpipe render"
        ),
    ),
    "unknown protection": (
        rendered(json.dumps(TEMPLATE), protection='{"Termination": true}'),
        (
            f"{FILES}/protection.json: malformed-protection: the protection has the unknown key "
            f"'Termination' -- "
            "did you mean 'TerminationProtection'? [/Termination]"
        ),
    ),
    "policy": (
        rendered(json.dumps(TEMPLATE), protection='{"StackPolicy": "x"}'),
        (
            f"{FILES}/protection.json: malformed-protection: StackPolicy must be an object, not a string -- "
            "run: cfnpipe render [/StackPolicy]"
        ),
    ),
    "termination": (
        rendered(json.dumps(TEMPLATE), protection='{"TerminationProtection": "true"}'),
        (
            f"{FILES}/protection.json: malformed-protection: TerminationProtection must be true or false, "
            "not a string -- run: cfnpipe render [/TerminationProtection]"
        ),
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_that_somebody_broke_is_one_problem(at_hand: Path, name: str) -> None:
    broken, expected = MALFORMED[name]
    made = project(environment("test", {"a": case()}), root=at_hand)
    (problem,) = validate(made, [broken])
    assert said(problem) == expected


def test_a_broken_stack_says_nothing_of_its_neighbours(at_hand: Path) -> None:
    stacks = {"a": case(), "b": case(template({"DisplayName": {"Fn::ImportValue": "x"}}))}
    made = project(environment("test", stacks), root=at_hand)
    problems = validate(made, [rendered("{"), stacks["b"].rendered("test", "b")])
    assert [problem.rule for problem in problems] == ["unreadable-json"]


def test_what_a_terminal_would_obey_never_reaches_a_message(at_hand: Path) -> None:
    evil = "\x1b[31m\n::set-output name=a::\ud800"
    text = json.dumps({"Resources": {evil: {"Type": evil, "Properties": {evil: None}}}})
    made = project(environment("test", {"a": case()}), root=at_hand)
    problems = validate(made, [rendered(text, json.dumps({"Tags": {evil: evil}}))])
    assert len(problems) > 3
    for problem in problems:
        assert (problem.message + problem.hint + problem.pointer).isprintable()


WORDS = st.sampled_from(
    [
        *("Ref", "Fn::Sub", "Fn::Join", "Fn::GetAtt", "Fn::If", "Fn::FindInMap", "Fn::ImportValue"),
        *("Fn::Transform", "Type", "Properties", "Default", "NoEcho", "AllowedValues", "AllowedPattern"),
        *("MinLength", "MaxValue", "Export", "Name", "Value", "Password", "Condition", "Statement", "Effect"),
        *("Action", "Resource", "Principal", "Tags", "ServiceToken", "TemplateURL", "RoleName", "BucketName"),
        *("Roles", "P", "a"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["AWS::IAM::Role", "AWS::S3::Bucket", "Custom::X", "Number", "List<Number>", "String", "${P}"]
    )
    | st.sampled_from(["{{resolve:", "1e999999999999", "[[a]&&b", "LogicalResourceId/[", '{"a": ', "a" * 40])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMED = st.dictionaries(WORDS, JSON, max_size=3)
TYPES = st.sampled_from(
    [
        "AWS::IAM::Role",
        "AWS::S3::Bucket",
        "AWS::IAM::Policy",
        "AWS::CloudFormation::Stack",
        "Custom::X",
        "x::MODULE",
    ]
)
PARAMETER_TYPES = st.sampled_from(
    ["String", "Number", "CommaDelimitedList", "List<Number>", "AWS::EC2::VPC::Id", "x"]
)
RESOURCE = st.fixed_dictionaries(
    {"Type": TYPES}, optional={"Properties": NAMED, "Condition": JSON, "DependsOn": JSON}
)
DECLARED = NAMED.flatmap(
    lambda more: st.fixed_dictionaries({**{k: st.just(v) for k, v in more.items()}, "Type": PARAMETER_TYPES})
)
TEMPLATES = st.fixed_dictionaries(
    {},
    optional={
        "Resources": st.dictionaries(WORDS, RESOURCE, max_size=3),
        "Parameters": st.dictionaries(WORDS, DECLARED, max_size=3),
        "Outputs": st.dictionaries(WORDS, NAMED, max_size=3),
        "Mappings": st.dictionaries(WORDS, NAMED, max_size=3),
        "Transform": JSON,
        "Description": JSON,
        "Metadata": NAMED,
    },
)
TEXTS = st.dictionaries(
    WORDS, st.text(max_size=8) | st.sampled_from(["1,b", "x" * 5_000, "{{resolve:x", "1e9999"]), max_size=3
)
CONFIGURATIONS = st.fixed_dictionaries({}, optional={"Parameters": TEXTS, "Tags": TEXTS, "StackPolicy": JSON})
PROTECTIONS = st.fixed_dictionaries(
    {}, optional={"StackPolicy": NAMED, "TerminationProtection": st.booleans()}
)


def looked_at(template_: Any, configuration: Any, protection: Any) -> tuple[list[Problem], list[Problem]]:
    """What the first look finds, and what all other rules find where it finds nothing."""
    made = project(environment("test", {"a": case()}))
    stack = rendered(json.dumps(template_), json.dumps(configuration), json.dumps(protection))
    view = StackView(made, made.environments["test"], stack)
    if outline := own.first_look(view):
        return outline, []
    return [], [*own.stack_problems(view), *own.environment_problems(made, [view])]


@given(JSON, JSON, JSON)
def test_any_json_at_all_is_problems_and_never_a_failure(
    template_: Any, configuration: Any, protection: Any
) -> None:
    outline, found = looked_at(template_, configuration, protection)
    assert all(problem.message.isprintable() for problem in outline + found)


@settings(max_examples=200)
@given(TEMPLATES, CONFIGURATIONS, PROTECTIONS)
def test_any_template_is_problems_and_never_a_failure(
    template_: Any, configuration: Any, protection: Any
) -> None:
    outline, found = looked_at(template_, configuration, protection)
    assert outline == []
    assert all(problem.message.isprintable() and problem.rule in rules() for problem in found)


def test_every_rule_is_explained() -> None:
    assert [name for name, text in rules().items() if not text.endswith(".")] == []


def test_every_rule_has_an_entry_in_the_documents_and_every_entry_a_rule() -> None:
    headings = re.findall(r"^#{3,4} `(.+)`$", (ROOT / "docs/rules.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == list(rules())
