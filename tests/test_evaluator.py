"""The evaluator of IAM policies that the access matrix trusts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.iam import Request, Statement, decide, holds, matches

ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "iam:PassRole", "codepipeline:GetPipeline"]
RESOURCES = ["arn:aws:s3:::a/b", "arn:aws:s3:::a", "arn:aws:iam::111122223333:role/r"]
TEXTS = st.text("abAB*?/:-", max_size=6)
WHO = "arn:aws:iam::111122223333:role/r"


def patterns(values: list[str]) -> st.SearchStrategy[list[str]]:
    cut = st.sampled_from([value[:length] + "*" for value in values for length in range(0, len(value), 4)])
    return st.lists(st.sampled_from(values) | cut, min_size=1, max_size=3)


STATEMENTS = st.builds(
    lambda effect, actions, resources, negated: {
        "Effect": effect,
        ("NotAction" if negated else "Action"): actions,
        "Resource": resources,
    },
    st.sampled_from(["Allow", "Deny"]),
    patterns(ACTIONS),
    patterns(RESOURCES),
    st.booleans(),
)
REQUESTS = st.builds(Request, st.just(WHO), st.sampled_from(ACTIONS), st.sampled_from(RESOURCES))


@given(REQUESTS, st.lists(STATEMENTS), STATEMENTS)
def test_another_statement_moves_a_decision_its_own_way_only(
    request: Request, policy: list[Statement], another: Statement
) -> None:
    weight = {"deny": -1, "none": 0, "allow": 1}
    before, after = weight[decide(request, policy)], weight[decide(request, [*policy, another])]
    assert after <= before if another["Effect"] == "Deny" else after >= before


@given(REQUESTS, st.lists(STATEMENTS))
def test_order_does_not_matter(request: Request, policy: list[Statement]) -> None:
    assert decide(request, policy) == decide(request, policy[::-1])


@given(REQUESTS, STATEMENTS)
def test_not_action_is_what_action_is_not(request: Request, statement: Statement) -> None:
    key, other = ("Action", "NotAction") if "Action" in statement else ("NotAction", "Action")
    allowing = statement | {"Effect": "Allow", "Resource": "*"}
    inverse = {**{name: value for name, value in allowing.items() if name != key}, other: statement[key]}
    assert {decide(request, [allowing]), decide(request, [inverse])} == {"allow", "none"}


@given(REQUESTS)
def test_what_nobody_allows_is_refused(request: Request) -> None:
    assert decide(request, []) == "none"


@given(TEXTS, TEXTS)
def test_wildcards(left: str, right: str) -> None:
    assert matches("*", left)
    assert matches(left, left)
    assert matches(f"{left}*{right}", f"{left}anything/at:all{right}")
    assert matches("?" * len(left), left)
    assert not matches("?" * (len(left) + 1), left)


def test_actions_have_no_case_and_resources_do() -> None:
    policy = [{"Effect": "Allow", "Action": "S3:getobject", "Resource": "arn:aws:s3:::A"}]
    assert decide(Request(WHO, "s3:GetObject", "arn:aws:s3:::A"), policy) == "allow"
    assert decide(Request(WHO, "s3:GetObject", "arn:aws:s3:::a"), policy) == "none"


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", "a", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "a*", "ab", True),
        ("ArnLike", "arn:aws:iam::*:role/r", WHO, True),
        ("ArnLike", "arn:aws:iam::*:role/r", None, False),
        ("Bool", "false", "false", True),
        ("Bool", "false", "true", False),
        ("Bool", "false", None, False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", "a", True),
        ("ForAnyValue:StringEquals", "a", ["b", "a"], True),
        ("ForAnyValue:StringEquals", "a", ["b"], False),
        ("ForAnyValue:StringEquals", "a", [], False),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("ForAnyValue:StringLike", "a*", ["ab"], True),
        ("ForAllValues:StringEquals", "a", ["b", "a"], False),
        ("ForAllValues:StringEquals", "a", None, True),
    ],
)
def test_conditions(operator: str, wanted: object, found: object, *, expected: bool) -> None:
    context = {} if found is None else {"Some:Key": found}
    assert holds({operator: {"some:key": wanted}}, context) is expected


def test_every_test_of_a_condition_must_hold() -> None:
    condition = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    context = {"a": "1", "b": "2", "c": "true"}
    assert holds(condition, context)
    assert not any(holds(condition, context | {key: "0"}) for key in context)


ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
OBJECT = "arn:aws:s3:::a/b"


@pytest.mark.parametrize(
    ("action", "resource", "own", "policy", "expected"),
    [
        ("s3:GetObject", OBJECT, "Allow", None, "allow"),
        ("s3:GetObject", OBJECT, None, ("Allow", "*"), "allow"),
        ("s3:GetObject", OBJECT, None, ("Allow", ROOT), "none"),
        ("s3:GetObject", OBJECT, "Deny", ("Allow", "*"), "deny"),
        ("s3:GetObject", OBJECT, "Allow", ("Deny", "*"), "deny"),
        ("s3:GetObject", OBJECT, "Allow", ("Deny", {"Service": "events.amazonaws.com"}), "allow"),
        ("kms:Decrypt", KEY, "Allow", None, "none"),
        ("kms:Decrypt", KEY, "Allow", ("Allow", ROOT), "allow"),
        ("kms:Decrypt", KEY, None, ("Allow", ROOT), "none"),
    ],
)
def test_policies_of_resources(
    action: str, resource: str, own: str | None, policy: tuple[str, object] | None, expected: str
) -> None:
    everything = {"Action": "*", "Resource": "*"}
    identity = [{"Effect": own, **everything}] if own else []
    there = [{"Effect": policy[0], "Principal": policy[1], **everything}] if policy else None
    assert decide(Request(WHO, action, resource), identity, there) == expected
