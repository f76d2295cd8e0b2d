"""Values with their place, and text of which only parts are known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe.validate.document import walk
from cfnpipe.validate.nodes import Node, differ

NAMES = {"AWS::Region": "eu-west-1", "Stage": "prod"}


@pytest.mark.parametrize(
    ("value", "text", "fixed"),
    [
        ("network", "network", "network"),
        ({"Ref": "Stage"}, "prod", "prod"),
        ({"Ref": "Bucket"}, "${Bucket}", None),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "${Role.Arn}", None),
        ({"Fn::GetAtt": "Role.Arn"}, "${Role.Arn}", None),
        ({"Fn::Sub": "${Stage}-${AWS::Region}"}, "prod-eu-west-1", "prod-eu-west-1"),
        ({"Fn::Sub": "${Stage}-${Bucket}"}, "prod-${Bucket}", None),
        (
            {"Fn::Sub": ["${A}-${B}", {"A": {"Ref": "Stage"}, "B": {"Fn::ImportValue": "x"}}]},
            "prod-${?}",
            None,
        ),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod", "a-prod"),
        ({"Fn::Join": ["-", ["a", 1, {"Fn::Select": [0, []]}]]}, "a-${?}-${?}", None),
        ({"Fn::Join": "-"}, "${?}", None),
        ({"Fn::ImportValue": "x"}, "${?}", None),
        ({"Ref": ["x"]}, "${?}", None),
        ({"Ref": "x", "Fn::Sub": "y"}, None, None),
        ({"Key": "value"}, None, None),
        (["a"], None, None),
        (True, None, None),
        (1, None, None),
        (None, None, None),
    ],
)
def test_text(value: Any, text: str | None, fixed: str | None) -> None:
    node = Node(value, names=NAMES)
    assert (node.text, node.fixed) == (text, fixed)


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("a", "a", False),
        ("a", "b", True),
        ({"Fn::Sub": "${A}-x"}, {"Fn::Sub": "${A}-y"}, True),
        ({"Fn::Sub": "${A}-x"}, {"Fn::Sub": "${B}-x"}, False),
        ({"Ref": "A"}, "a", False),
        ({"Fn::ImportValue": "a"}, {"Fn::ImportValue": "b"}, False),
        ({"Fn::Sub": "${Stage}"}, "prod", False),
        (None, "a", False),
    ],
)
def test_differ(one: Any, other: Any, different: bool) -> None:
    nodes = Node(one, names=NAMES), Node(other, names=NAMES)
    assert differ(*nodes) is differ(*reversed(nodes)) is different


@pytest.mark.parametrize(
    ("value", "number"), [(4, 4), ("4", 4), ({"Fn::Sub": "4"}, 4), (True, None), (4.5, None), ("four", None)]
)
def test_number(value: Any, number: int | None) -> None:
    assert Node(value).number == number


def test_a_choice_has_the_elements_of_both_outcomes() -> None:
    value = [
        "a",
        {"Fn::If": ["Large", "b", {"Ref": "AWS::NoValue"}]},
        {"Fn::If": ["Large", {"Fn::If": ["Huge", "c", "d"]}, "e"]},
        None,
    ]
    found = [(node.value, node.pointer) for node in Node(value, "/List").elements()]
    assert found == [
        ("a", "/List/0"),
        ("b", "/List/1/Fn::If/1"),
        ("c", "/List/2/Fn::If/1/Fn::If/1"),
        ("d", "/List/2/Fn::If/1/Fn::If/2"),
        ("e", "/List/2/Fn::If/2"),
    ]


def test_a_choice_of_lists_has_the_elements_of_both() -> None:
    node = Node({"Fn::If": ["Large", ["a", "b"], ["c"]]}, "/List")
    assert [element.value for element in node.elements()] == ["a", "b", "c"]


def test_what_is_in_a_text_has_the_pointer_of_the_text() -> None:
    node = Node('{"a": [{"b": 1}]}', "/Input").parsed()
    (element,) = node["a"].elements()
    assert (element["b"].value, element["b"].pointer) == (1, "/Input")


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"Fn::Sub": '{"a": "${B}", "c": 1}'}, {"a": "${B}", "c": 1}),
        ({"Fn::Sub": '{"a": ${B}}'}, {"a": 0}),
        ("{", None),
        (1, None),
        (None, None),
    ],
)
def test_parsed(value: Any, parsed: Any) -> None:
    assert Node(value).parsed().value == parsed


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
    ),
)


@given(JSON)
def test_looking_finds_every_value_at_its_pointer(value: Any) -> None:
    found = {}
    waiting = [Node(value)]
    while waiting:
        node = waiting.pop()
        found[node.pointer] = node.value
        waiting += [*(inner for _, inner in node.entries()), *node.elements()]
    assert _without_null(found) == _without_null(dict(walk(value)))


def _without_null(values: dict[str, Any]) -> dict[str, Any]:
    return {pointer: value for pointer, value in values.items() if value is not None}
