"""Rules over all stacks of an environment: exports and imports, derived names, the region."""

from __future__ import annotations

from typing import Any

import pytest
from cfnlint.helpers import REGIONS

from cfnpipe.validate.regions import regions
from tests.own_rules import SOURCE, TOPIC, Case, case, environment, found, problems, said, template

ACCOUNT = "111122223333"
NETWORK_ID = {"Fn::Sub": "${AWS::StackName}:VpcId"}
IMPORT = "[/Resources/It/Properties/DisplayName/Fn::ImportValue]"


def exporting(*names: Any, **sections: Any) -> dict[str, Any]:
    outputs = {f"O{number}": {"Value": "v", "Export": {"Name": name}} for number, name in enumerate(names)}
    return {"Resources": {"Topic": TOPIC}, "Outputs": outputs, **sections}


def importing(*names: Any, **sections: Any) -> dict[str, Any]:
    values = [{"Fn::ImportValue": name} for name in names]
    return template({"DisplayName": values[0], "Tags": values[1:]}, **sections)


def lines(stacks: dict[str, Case], **settings: Any) -> list[str]:
    return [said(each) for each in problems((environment("test", stacks, **settings), stacks))]


@pytest.mark.parametrize(
    ("export", "name", "parameters"),
    [
        ("VpcId", "VpcId", {}),
        (NETWORK_ID, "test-network:VpcId", {}),
        (NETWORK_ID, {"Fn::Sub": "${Network}:VpcId"}, {"Network": "test-network"}),
        (NETWORK_ID, {"Fn::Sub": ["${N}:VpcId", {"N": {"Ref": "Network"}}]}, {"Network": "test-network"}),
        (NETWORK_ID, {"Fn::Join": [":", [{"Ref": "Network"}, "VpcId"]]}, {"Network": "test-network"}),
        ({"Fn::Sub": "${AWS::Region}-${!x}"}, "us-east-1-${x}", {}),
        ({"Fn::Sub": "${AWS::AccountId}-x"}, {"Fn::Join": ["", [{"Ref": "AWS::AccountId"}, "-x"]]}, {}),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, "mapped", {}),
    ],
)
def test_an_import_finds_its_export(export: Any, name: Any, parameters: dict[str, Any]) -> None:
    mappings = {"M": {"us-east-1": {"k": "mapped"}}}
    declared = {key: {"Type": "String"} for key in parameters}
    stacks = {
        "network": case(exporting(export, Mappings=mappings)),
        "service": case(importing(name, Parameters=declared), parameters=parameters),
    }
    assert lines(stacks) == []


def test_a_default_is_a_known_value_too() -> None:
    declared = {"Network": {"Type": "String", "Default": "test-network"}}
    stacks = {
        "network": case(exporting(NETWORK_ID)),
        "service": case(importing({"Fn::Sub": "${Network}:VpcId"}, Parameters=declared)),
    }
    assert lines(stacks) == []


def test_an_import_that_nobody_exports_is_told_the_near_name() -> None:
    stacks = {"network": case(exporting(NETWORK_ID)), "service": case(importing("test-network:VpcID"))}
    assert lines(stacks) == [
        (
            "templates/made.py:10: unknown-import: no stack of test exports 'test-network:VpcID' -- "
            f"did you mean 'test-network:VpcId'? {IMPORT}"
        )
    ]


def test_an_import_like_nothing_that_is_exported_may_come_from_elsewhere() -> None:
    stacks = {"network": case(exporting("a", "b")), "service": case(importing("Zone"))}
    assert lines(stacks) == [
        (
            "templates/made.py:10: unknown-import: no stack of test exports 'Zone' -- there are: 'a', 'b'; "
            f"if something else makes it, write it under 'external_exports' {IMPORT}"
        )
    ]
    assert lines(stacks, external_exports=("Zone",)) == []


def test_an_import_may_have_been_meant_for_another_environment() -> None:
    shared = {"network": case(exporting("Zone"))}
    stacks = {"service": case(importing("Zone"))}
    found_ = problems(
        (environment("shared", shared, account=ACCOUNT), shared),
        (environment("test", stacks, account=ACCOUNT), stacks),
    )
    assert [said(each) for each in found_] == [
        (
            "templates/made.py:10: unknown-import: no stack of test exports 'Zone' -- environment 'shared' "
            "exports it; "
            f"if something else makes it, write it under 'external_exports' {IMPORT}"
        )
    ]


def test_an_export_that_cannot_be_known_makes_an_unknown_import_a_warning() -> None:
    stacks = {"network": case(exporting({"Ref": "Topic"})), "service": case(importing("Zone"))}
    assert lines(stacks) == [
        (
            "templates/made.py:10: unknown-import (warning): no stack of test exports 'Zone' -- there are "
            "none; "
            f"if something else makes it, write it under 'external_exports' {IMPORT}"
        ),
        (
            "templates/made.py:11: unresolved-export (warning): the name of this export is known only during "
            "deployment -- make it of text, parameters and AWS::StackName, AWS::Region or AWS::AccountId "
            "[/Outputs/O0/Export/Name]"
        ),
    ]


def test_an_import_that_cannot_be_known_is_a_warning() -> None:
    assert lines({"service": case(importing({"Fn::GetAtt": ["It", "TopicName"]}))}) == [
        (
            "templates/made.py:10: unresolved-import (warning): the name of this import is known only during "
            f"deployment -- make it of text, parameters and AWS::StackName, AWS::Region or AWS::AccountId "
            f"{IMPORT}"
        )
    ]


def test_while_a_stack_is_missing_no_import_is_unknown() -> None:
    stacks = {"network": case(), "service": case(importing("Zone"))}
    made = environment("test", stacks)
    assert problems((made, {"service": stacks["service"]})) == []


TWICE = "begin the name with ${AWS::StackName}, which no other stack has"


def test_two_stacks_cannot_export_one_name() -> None:
    stacks = {"a": case(exporting("Zone", "Other")), "b": case(exporting("Mine", "Zone"))}
    assert lines(stacks) == [
        (
            "templates/made.py:12: duplicate-export: 'Zone' is exported twice: here and by test/a (O0) -- "
            f"{TWICE} [/Outputs/O1/Export/Name]"
        )
    ]


def test_two_outputs_cannot_export_one_name_unless_conditions_choose() -> None:
    made = exporting("Zone", "Zone")
    assert lines({"a": case(made)}) == [
        (
            "templates/made.py:12: duplicate-export: 'Zone' is exported twice: here and by test/a (O0) -- "
            f"{TWICE} [/Outputs/O1/Export/Name]"
        )
    ]
    made["Outputs"]["O0"]["Condition"] = "Large"
    assert len(lines({"a": case(made)})) == 1
    made["Outputs"]["O1"]["Condition"] = "Small"
    assert lines({"a": case(made)}) == []


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ({"account": ACCOUNT}, {"account": ACCOUNT}, True),
        ({"account": ACCOUNT}, {"account": "444455556666"}, False),
        ({"account": ACCOUNT}, {"account": ACCOUNT, "region": "eu-west-1"}, False),
        ({}, {}, False),
    ],
)
def test_environments_share_exports_in_one_account_and_region(
    one: dict[str, str], other: dict[str, str], *, clash: bool
) -> None:
    stacks = {"a": case(exporting("Zone"))}
    found_ = problems(
        (environment("one", stacks, **one), stacks), (environment("two", stacks, **other), stacks)
    )
    expected = (
        "templates/made.py:11: duplicate-export: 'Zone' is exported twice: here and by one/a (O0) -- "
        f"{TWICE} [/Outputs/O0/Export/Name]"
    )
    assert [(said(each), each.stack) for each in found_] == ([(expected, "two/a")] if clash else [])


def test_an_import_from_a_stack_that_goes_is_found() -> None:
    stacks = {
        "network": case(exporting("Zone"), settings={"retire": True}),
        "service": case(importing("Zone")),
    }
    assert lines(stacks) == [
        (
            "templates/made.py:10: import-from-retired: 'Zone' comes from 'network', which is to be "
            "retired -- "
            f"take the import away and deploy that first {IMPORT}"
        )
    ]


def test_stacks_cannot_import_from_each_other_in_a_circle() -> None:
    def both(export: str, name: str) -> Case:
        return case({**importing(name), "Outputs": exporting(export)["Outputs"]})

    stacks = {"network": both("A", "C"), "service": both("B", "A"), "database": both("C", "B"), "z": case()}
    assert lines(stacks) == [
        (
            "config/test.yaml:12:3: import-cycle: these stacks import from each other in a circle: "
            "database -> service -> network -> database -- move what both need into a stack of its own"
        )
    ]


def test_a_stack_cannot_import_from_itself() -> None:
    stacks = {"a": case({**importing("A"), "Outputs": exporting("A")["Outputs"]})}
    assert lines(stacks) == [
        (
            "config/test.yaml:2:3: import-cycle: these stacks import from each other in a circle: a -> a -- "
            "move what both need into a stack of its own"
        )
    ]


def test_derived_names_fit() -> None:
    hint = "shorten the name of the stack or of the environment"
    assert found(case(), name="s" * 51, source=SOURCE) == []
    assert found(case(), name="s" * 52, source=SOURCE) == [
        (
            f"config/test.yaml:2:3: derived-name: its EventBridge rule would be 'cfnpipe_test_{'s' * 52}': "
            f"65 characters; AWS takes 64 -- {hint}"
        )
    ]
    assert found(case(), name="s" * 123) == []
    assert found(case(), name="s" * 124) == [
        (
            f"config/test.yaml:2:3: derived-name: its stack on AWS would be 'test-{'s' * 94}…': "
            f"129 characters; AWS takes 128 -- {hint}"
        )
    ]
    assert [
        line.split(": ")[2].split(" would")[0] for line in found(case(), name="s" * 124, source=SOURCE)
    ] == [
        "its EventBridge rule",
        "its pipeline",
        "its stack on AWS",
    ]


def test_an_unknown_region_is_told_the_near_one() -> None:
    assert found(case(), region="eu-west-11") == [
        "config/test.yaml:1:3: unknown-region: there is no region 'eu-west-11' -- did you mean 'eu-west-1'?"
    ]


def test_the_known_regions_are_those_of_cfn_lint() -> None:
    assert regions() == set(REGIONS)
