"""The evaluator of IAM policies that the access matrix and the rehearsal trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe.rehearsal.rights.conditions import holds
from cfnpipe.rehearsal.rights.evaluate import Request, Statement, decide, judge
from cfnpipe.rehearsal.rights.patterns import filled, matches

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


def there(statement: Statement) -> Statement:
    """A statement as the policy of a resource has it, about everybody."""
    return {**statement, "Principal": "*"}


@given(REQUESTS, st.lists(STATEMENTS), st.lists(STATEMENTS), st.lists(STATEMENTS), STATEMENTS)
def test_a_deny_anywhere_never_allows_more(
    request: Request,
    identity: list[Statement],
    resource: list[Statement],
    boundary: list[Statement],
    another: Statement,
) -> None:
    deny, on_resource = another | {"Effect": "Deny"}, [there(each) for each in resource]
    before = decide(request, identity, on_resource, boundary)
    after = {
        decide(request, [*identity, deny], on_resource, boundary),
        decide(request, identity, [*on_resource, there(deny)], boundary),
        decide(request, identity, on_resource, [*boundary, deny]),
    }
    assert before == "allow" or "allow" not in after


@given(REQUESTS, st.lists(STATEMENTS), st.lists(STATEMENTS))
def test_a_boundary_allows_what_both_allow(
    request: Request, identity: list[Statement], boundary: list[Statement]
) -> None:
    both = {decide(request, identity), decide(request, boundary)}
    assert (decide(request, identity, None, boundary) == "allow") == (both == {"allow"})


@given(REQUESTS, st.lists(STATEMENTS), st.lists(STATEMENTS), st.none() | st.lists(STATEMENTS))
def test_a_reason_is_given_for_every_refusal_and_for_nothing_else(
    request: Request, identity: list[Statement], resource: list[Statement], boundary: list[Statement] | None
) -> None:
    verdict = judge(request, identity, [there(each) for each in resource], boundary)
    begins = {"allow": "", "deny": "with an explicit deny in a", "none": "because no "}[verdict.decision]
    assert verdict.reason.startswith(begins)
    assert bool(verdict.reason) == (verdict.decision != "allow")


@given(REQUESTS, STATEMENTS, st.dictionaries(st.sampled_from("abc"), st.text("ab", max_size=1)))
def test_a_condition_never_makes_a_statement_say_more(
    request: Request, statement: Statement, wanted: dict[str, str]
) -> None:
    allowing = statement | {"Effect": "Allow"}
    conditional = allowing | {"Condition": {"StringEquals": wanted}}
    assert decide(request, [conditional]) in ("none", decide(request, [allowing]))


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


@given(TEXTS)
def test_what_replaces_a_variable_has_no_wildcards(value: str) -> None:
    """Whoever is called `*` must not be everybody."""
    pattern = filled("home/${aws:username}/*", {"aws:username": value})
    assert pattern is not None
    assert matches(pattern, f"home/{value}/report")
    assert not matches(pattern, f"home/{value}-not/report")


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("${aws:username}", "ada", True),
        ("${AWS:UserName}", "ada", True),
        ("${aws:username}", "bob", False),
        ("${aws:PrincipalTag/team, 'none'}", "none", True),
        ("${aws:PrincipalTag/team}", "", False),
        ("${aws:TagKeys}", "a", False),
        ("a${*}b", "a*b", True),
        ("a${*}b", "axb", False),
        ("a${?}b${$}", "a?b$", True),
    ],
)
def test_variables(pattern: str, value: str, *, expected: bool) -> None:
    context = {"aws:username": "ada", "aws:TagKeys": ["a", "b"]}
    policy = [{"Effect": "Allow", "Action": "*", "Resource": pattern}]
    assert (decide(Request(WHO, "s3:GetObject", value, context), policy) == "allow") is expected


def test_a_variable_in_a_condition_is_a_text() -> None:
    condition = {"StringEquals": {"s3:prefix": "${aws:username}"}}
    assert holds(condition, {"s3:prefix": "a*", "aws:username": "a*"})
    assert not holds(condition, {"s3:prefix": "ab", "aws:username": "a*"})
    assert not holds({"StringLike": {"s3:prefix": "${aws:username}"}}, {"s3:prefix": "ab"})


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
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericNotEquals", "10", "10", False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z", False),
        ("DateLessThan", "2026-01-01T00:00:00Z", "0", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("Bool", True, "true", True),
        ("BoolIfExists", "false", None, True),
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


def test_an_operator_that_aws_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        holds({"StringResembles": {"a": "b"}}, {"a": "b"})


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
        ("s3:GetObject", OBJECT, "Allow", ("Deny", ROOT), "deny"),
        ("s3:GetObject", OBJECT, None, ("Allow", {"AWS": WHO}), "allow"),
        ("sts:AssumeRole", WHO, "Allow", None, "none"),
        ("sts:AssumeRole", WHO, "Allow", ("Allow", {"AWS": "111122223333"}), "allow"),
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


SESSION = "arn:aws:sts::111122223333:assumed-role/r/session"
ELSE = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("principal", "named", "expected"),
    [
        (SESSION, WHO, "none"),
        (SESSION, SESSION, "allow"),
        (SESSION, "*", "none"),
        ("arn:aws:iam::111122223333:user/ada", "arn:aws:iam::111122223333:user/ada", "allow"),
    ],
)
def test_a_boundary_and_what_a_resource_gives_by_name(principal: str, named: str, expected: str) -> None:
    policy = [{"Effect": "Allow", "Principal": {"AWS": named}, "Action": "*", "Resource": "*"}]
    assert decide(Request(principal, "s3:GetObject", OBJECT), [], policy, [ELSE]) == expected


def test_who_is_not_a_principal() -> None:
    policy = [{"Effect": "Deny", "NotPrincipal": {"AWS": WHO}, "Action": "*", "Resource": "*"}]
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert decide(Request(SESSION, "s3:GetObject", OBJECT), everything, policy) == "allow"
    assert decide(Request("arn:aws:iam::1:user/a", "s3:GetObject", OBJECT), everything, policy) == "deny"


@pytest.mark.parametrize(
    ("identity", "resource", "boundary", "reason"),
    [
        ([], None, None, "because no resource-based policy allows the kms:Decrypt action"),
        (["Deny"], None, None, "with an explicit deny in an identity-based policy"),
        (["Allow"], None, None, "because no resource-based policy allows the kms:Decrypt action"),
        (["Allow"], ["Deny"], None, "with an explicit deny in a resource-based policy"),
        ([], ["Allow"], [], "because no permissions boundary allows the kms:Decrypt action"),
        (["Allow"], ["Allow"], ["Deny"], "with an explicit deny in a permissions boundary"),
    ],
)
def test_reasons(
    identity: list[str], resource: list[str] | None, boundary: list[str] | None, reason: str
) -> None:
    def policy(effects: list[str] | None) -> list[Statement] | None:
        everything = {"Action": "*", "Resource": "*"}
        return None if effects is None else [{"Effect": each, **everything} for each in effects]

    on_key = None if resource is None else [there(each) for each in policy(resource) or []]
    request = Request(WHO, "kms:Decrypt", KEY)
    assert judge(request, policy(identity) or [], on_key, policy(boundary)).reason == reason
