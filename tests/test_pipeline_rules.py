"""What holds for every rule about pipelines, events, policies and builds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe.validate.document import walk
from tests.faults import EXECUTE, GOOD, NETWORK, STATEMENTS, edit, lines, rules, viewed

POINTERS = [pointer for pointer, _ in walk(json.loads(GOOD)) if "/Properties/" in pointer]
TEXTS = [
    pointer
    for pointer, value in walk(json.loads(GOOD)["Resources"])
    if isinstance(value, str)
    and "/Properties/" in pointer
    and "Fn::" not in pointer
    and "/Ref" not in pointer
]
TYPES = sorted({resource["Type"] for resource in json.loads(GOOD)["Resources"].values()})
WORDS = (
    "Name",
    "Ref",
    "Fn::If",
    "Fn::Sub",
    "Stages",
    "Statement",
    "Targets",
    "detail",
    "$or",
    "#{a.b}",
    "${a}",
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_a_correct_template_has_no_findings() -> None:
    assert lines(json.loads(GOOD)) == ()


@pytest.mark.parametrize("pointer", TEXTS)
def test_what_only_deployment_knows_is_not_judged(pointer: str) -> None:
    template = json.loads(GOOD)
    edit(template["Resources"], pointer, {"Fn::ImportValue": "somebody-else-decides"})
    assert lines(template) == ()


@given(st.sampled_from(POINTERS), ANYTHING)
def test_no_rule_fails_over_anything_in_a_template(pointer: str, value: Any) -> None:
    template = json.loads(GOOD)
    edit(template, pointer, value)
    _look(template)


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(WORDS), ANYTHING, max_size=4))
def test_no_rule_fails_over_anything_in_a_resource(kind: str, properties: dict[str, Any]) -> None:
    _look({"Resources": {"Any": {"Type": kind, "Properties": properties}}})


def _look(template: Any) -> None:
    view = viewed(template)
    for find in rules().values():
        for finding in find(view):
            assert finding.message.isprintable()
            assert finding.hint.isprintable()


@given(st.sampled_from(POINTERS), ANYTHING)
def test_findings_point_at_something(pointer: str, value: Any) -> None:
    template = json.loads(GOOD)
    edit(template, pointer, value)
    there = {found for found, _ in walk(template)}
    view = viewed(template)
    for find in rules().values():
        assert {finding.pointer for finding in find(view)} <= there


def test_every_rule_says_what_it_finds() -> None:
    assert [
        name for name, rule in rules().items() if not (rule.__doc__ or "").startswith(("Find ", "Warn "))
    ] == []


LINTED = {
    f"{NETWORK}/Stages/0/Actions/0/ActionTypeId/Category": ("Build", "E3700"),
    f"{EXECUTE}/ActionTypeId/Category": ("Source", "E3700"),
    "/Resources/BundleRule/Properties/Name": ("r" * 65, "E3033"),
    f"{STATEMENTS}/1/Action": ("cloudformation:CreateChangeSets", "W3037"),
}
"""The faults that cfn-lint sees: a first stage without a source, a source elsewhere, a long name, a typo."""


def test_cfn_lint_finds_nothing_in_the_correct_template(tmp_path: Path) -> None:
    assert _linted(tmp_path, json.loads(GOOD)) == set()


def test_cfn_lint_finds_the_faults_that_have_no_rule_here(tmp_path: Path) -> None:
    template = json.loads(GOOD)
    for pointer, (value, _) in LINTED.items():
        edit(template, pointer, value)
    assert _linted(tmp_path, template) == {(rule, pointer) for pointer, (_, rule) in LINTED.items()}


def _linted(tmp_path: Path, template: Any) -> set[tuple[str, str]]:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template), "utf-8")
    command = [Path(sys.executable).with_name("cfn-lint"), "--format", "json", "-r", "us-east-1", "-t", path]
    matches = json.loads(subprocess.run(command, check=False, capture_output=True).stdout)
    return {(match["Rule"]["Id"], "/" + "/".join(map(str, match["Location"]["Path"]))) for match in matches}
