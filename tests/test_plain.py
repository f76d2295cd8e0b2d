"""Values of templates: what is JSON, what is not, and where two templates differ."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe.definitions import first_difference
from cfnpipe.definitions.origins import pointer
from cfnpipe.definitions.plain import body

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAVES = TEXT | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
BODIES = st.dictionaries(TEXT.filter(lambda key: key != "Description"), VALUES, max_size=4)


def places(value, keys=()):
    """Return the keys to every leaf and every empty container."""
    inside = list(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [place for key, item in inside for place in places(item, (*keys, key))] or [keys]


def changed(value, keys, leaf):
    """Return a copy with another leaf at one place."""
    if not keys:
        return leaf
    copy = value.copy()
    copy[keys[0]] = changed(value[keys[0]], keys[1:], leaf)
    return copy


@given(BODIES)
def test_plain_values_stay_as_they_are(value):
    made, objections = body(value)
    assert objections == []
    assert json.dumps(made) == json.dumps(value)


@given(BODIES.filter(bool), st.data())
def test_what_is_not_json_is_found_where_it_is(value, data):
    keys = data.draw(st.sampled_from(places(value)))
    _, objections = body(changed(value, keys, {1, 2}))
    assert [(found.keys, found.message) for found in objections] == [(keys, "set is not JSON")]


@given(BODIES.filter(bool), st.data())
def test_one_change_is_found_where_it_is(value, data):
    keys = data.draw(st.sampled_from(places(value)))
    other = changed(value, keys, "something that no value is")
    assert first_difference(value, other).pointer == pointer(*keys)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": 1}, {"a": True}, ("/a", "1", "true")),
        ({"a": 1}, {}, ("/a", "1", "nothing")),
        ({"b": 1, "a": {"c/d": [1, 2]}}, {"a": {"c/d": [2, 1]}, "b": 2}, ("/a/c~1d", "[1, 2]", "[2, 1]")),
        ([1, [2]], [1, [2, 3]], ("/1", "[2]", "[2, 3]")),
        ({"MasterPassword": "x"}, {"MasterPassword": "y"}, ("/MasterPassword", "***", "***")),
        ("x" * 99, "y", ("", '"' + "x" * 58 + "…", '"y"')),
        ({"a": 1}, {"a": 1}, ("", '{"a": 1}', '{"a": 1}')),
    ],
)
def test_first_difference(first, second, expected):
    assert first_difference(first, second) == expected


def test_pointer():
    assert pointer("Resources", "a/b~c", 0) == "/Resources/a~1b~0c/0"
