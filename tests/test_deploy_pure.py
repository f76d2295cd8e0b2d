"""Deployment's decisions, without AWS: states, submissions, failures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from cfnpipe.deploy import checks, choose, operation, states, submission
from cfnpipe.deploy.failure import DeploymentFailed, explained, first, latest, told
from cfnpipe.deploy.states import Route
from cfnpipe.errors import BadInput, Refused
from cfnpipe.model import Environment, Place, Project, RenderedStack, Stack
from cfnpipe.model.deployment import Deployed, Event, Identity, ResourceChange
from tests.conftest import ROOT

NAME = "dev-network"
ID = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{NAME}/1"
STACK = "AWS::CloudFormation::Stack"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

ROUTES = {
    "CREATE_COMPLETE": "update",
    "CREATE_FAILED": "stuck",
    "CREATE_IN_PROGRESS": "follow",
    "DELETE_COMPLETE": "create",
    "DELETE_FAILED": "stuck",
    "DELETE_IN_PROGRESS": "follow",
    "IMPORT_COMPLETE": "update",
    "IMPORT_IN_PROGRESS": "follow",
    "IMPORT_ROLLBACK_COMPLETE": "update",
    "IMPORT_ROLLBACK_FAILED": "stuck",
    "IMPORT_ROLLBACK_IN_PROGRESS": "follow",
    "REVIEW_IN_PROGRESS": "create",
    "ROLLBACK_COMPLETE": "clear",
    "ROLLBACK_FAILED": "stuck",
    "ROLLBACK_IN_PROGRESS": "follow",
    "UPDATE_COMPLETE": "update",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "follow",
    "UPDATE_FAILED": "stuck",
    "UPDATE_IN_PROGRESS": "follow",
    "UPDATE_ROLLBACK_COMPLETE": "update",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "follow",
    "UPDATE_ROLLBACK_FAILED": "stuck",
    "UPDATE_ROLLBACK_IN_PROGRESS": "follow",
}


def deployed(status: str = "CREATE_COMPLETE", **more: object) -> Deployed:
    return Deployed(NAME, ID, status, **more)  # type: ignore[arg-type]


def event(status: str, reason: str = "", logical: str = "Vpc", kind: str = "AWS::EC2::VPC") -> Event:
    return Event("1", NOON, logical, kind, status, reason, f"{logical}-1")


def own(status: str, reason: str = "") -> Event:
    """An event of the stack itself."""
    return Event("1", NOON, NAME, STACK, status, reason, ID)


def test_every_state_of_a_stack_has_a_route() -> None:
    import botocore.session

    model = botocore.session.Session().get_service_model("cloudformation")
    assert set(model.shape_for("StackStatus").enum) == set(ROUTES)
    assert {status: states.route(deployed(status)) for status in ROUTES} == ROUTES
    assert set(ROUTES.values()) == set(get_args(Route))
    assert states.route(None) == "create"


ROLE = "arn:aws:iam::111122223333:role/cfnpipe_dev_init-deployer"
WHERE = f"--stack-name {NAME} --region us-east-1"


@pytest.mark.parametrize(
    ("status", "events", "command"),
    [
        ("UPDATE_ROLLBACK_FAILED", [], f"continue-update-rollback {WHERE}"),
        ("UPDATE_FAILED", [], f"rollback-stack {WHERE}"),
        ("CREATE_FAILED", [], f"rollback-stack {WHERE}"),
        ("ROLLBACK_FAILED", [], f"delete-stack {WHERE}"),
        ("DELETE_FAILED", [], f"delete-stack {WHERE}"),
        (
            "DELETE_FAILED",
            [
                event("DELETE_FAILED", logical="Vpc"),
                event("DELETE_FAILED", logical="Bucket"),
                event("DELETE_FAILED", logical="Retried"),
                event("DELETE_COMPLETE", logical="Retried"),
                event("DELETE_FAILED", logical="Nested", kind=STACK),
                own("DELETE_FAILED"),
            ],
            f"delete-stack {WHERE} --retain-resources Bucket Nested Vpc",
        ),
    ],
)
def test_the_way_out_of_a_state_is_a_command(status: str, events: list[Event], command: str) -> None:
    stack = deployed(status)
    assert states.way_out(stack, "us-east-1", events) == f"aws cloudformation {command}"


TEMPLATE = {
    "Parameters": {
        "Zones": {"Type": "Number", "Default": 2},
        "Nat": {"Type": "String", "Default": "yes"},
        "Cidr": {"Type": "String"},
    },
    "Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}, "Gateway": {"Type": "AWS::EC2::InternetGateway"}},
}


def rendered(template: object = TEMPLATE, protection: object = None) -> RenderedStack:
    configuration = {"Parameters": {"Cidr": "10.0.0.0/16"}, "Tags": {"Owner": "me"}}
    return RenderedStack(
        "dev",
        "network",
        json.dumps(template, indent=2),
        json.dumps(configuration),
        None if protection is None else json.dumps(protection),
    )


def test_what_is_handed_in_is_what_was_rendered() -> None:
    policy = {"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
    protection = {"TerminationProtection": True, "StackPolicy": policy}
    settings = Stack(capabilities=("CAPABILITY_IAM",))
    wanted = submission.submission(rendered(protection=protection), settings, ROLE)
    assert wanted.stack == NAME
    assert json.loads(wanted.template) == TEMPLATE
    assert submission.size(wanted) == len(json.dumps(TEMPLATE, separators=(",", ":")))
    assert (wanted.parameters, wanted.tags) == ({"Cidr": "10.0.0.0/16"}, {"Owner": "me"})
    assert (wanted.capabilities, wanted.role, wanted.protected) == (("CAPABILITY_IAM",), ROLE, True)
    assert json.loads(wanted.policy) == policy


def test_creating_adds_every_resource() -> None:
    wanted = submission.submission(rendered(), Stack())
    assert submission.additions(wanted) == (
        ResourceChange("Add", "Gateway", "AWS::EC2::InternetGateway"),
        ResourceChange("Add", "Vpc", "AWS::EC2::VPC"),
    )


SAME = {"Zones": "2", "Nat": "yes", "Cidr": "10.0.0.0/16"}


@pytest.mark.parametrize(
    ("template", "parameters", "tags", "same"),
    [
        (TEMPLATE, SAME, {"Owner": "me"}, True),
        ({**TEMPLATE, "Description": "Another."}, SAME, {"Owner": "me"}, False),
        (None, SAME, {"Owner": "me"}, False),
        (TEMPLATE, {**SAME, "Zones": "3"}, {"Owner": "me"}, False),
        (TEMPLATE, {**SAME, "Cidr": "10.1.0.0/16"}, {"Owner": "me"}, False),
        (TEMPLATE, SAME, {}, False),
        (TEMPLATE, SAME, {"Owner": "me", "More": "of it"}, False),
    ],
)
def test_a_stack_is_current_only_if_everything_is_told_and_equal(
    template: object, parameters: dict[str, str], tags: dict[str, str], same: bool
) -> None:
    wanted = submission.submission(rendered(), Stack())
    there = deployed(parameters=parameters, tags=tags)
    assert submission.current(wanted, there, template) is same


@pytest.mark.parametrize(
    "declared", [{"Type": "String", "NoEcho": True}, {"Type": "AWS::SSM::Parameter::Value<String>"}]
)
def test_a_value_that_is_not_told_leaves_it_to_a_change_set(declared: dict[str, object]) -> None:
    template = {**TEMPLATE, "Parameters": {"Cidr": declared}}
    wanted = submission.submission(rendered(template), Stack())
    there = deployed(parameters={"Cidr": "10.0.0.0/16"}, tags={"Owner": "me"})
    assert not submission.current(wanted, there, template)


CANCELLED = event("CREATE_FAILED", "Resource creation cancelled", "Gateway", "AWS::EC2::InternetGateway")
CAUSE = event("CREATE_FAILED", "The CIDR '10.0.0.0/33' is invalid.")
OWN = own("CREATE_FAILED", "The following resource(s) failed to create: [Vpc]")


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ([CANCELLED, CAUSE, OWN], CAUSE),
        ([CANCELLED, OWN], CANCELLED),
        ([event("CREATE_COMPLETE")], None),
        ([], None),
    ],
)
def test_the_cause_is_the_first_that_failed_by_itself(events: list[Event], cause: Event | None) -> None:
    assert first(events) == cause


def test_a_failure_names_the_resource_the_reason_and_the_line() -> None:
    place = Place("templates/network.py", 9)
    error = explained("dev-network is ROLLBACK_COMPLETE", [CAUSE], {"/Resources/Vpc": place}, hint="mend it")
    assert isinstance(error, DeploymentFailed)
    assert error.message == (
        "dev-network is ROLLBACK_COMPLETE: Vpc (AWS::EC2::VPC): The CIDR '10.0.0.0/33' is invalid."
    )
    assert (error.where, error.hint, error.exit_code) == (place, "mend it", 1)


def test_a_failure_without_an_event_says_what_the_stack_says() -> None:
    assert explained("no change set", [], {}, reason="Export gone.").message == "no change set: Export gone."
    assert explained("no change set", [], {}).message == "no change set: CloudFormation gives no reason"


def environment(name: str, **more: object) -> Environment:
    return Environment(
        environment=name, region="us-east-1", stacks={"network": Stack(), "access": Stack()}, **more
    )


def project(*environments: Environment) -> Project:
    return Project(ROOT, {each.name: each for each in environments}, {})


DEVELOPMENT = environment("dev", protected=False)
PRODUCTION = environment("production", account="111122223333")
CALLER = Identity("111122223333", "arn:aws:iam::111122223333:user/engineer")


def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        checks.account(project(PRODUCTION), PRODUCTION, Identity("444455556666", "arn:aws:iam::4:user/a"))
    assert refused.value.message == (
        "these credentials are of account 444455556666; production is 111122223333"
    )
    assert refused.value.hint == "use credentials of account 111122223333; these are arn:aws:iam::4:user/a"


def test_an_engineers_environment_is_not_put_into_a_protected_account() -> None:
    with pytest.raises(Refused) as refused:
        checks.account(project(DEVELOPMENT, PRODUCTION), DEVELOPMENT, CALLER)
    assert refused.value.message == (
        "these credentials are of account 111122223333, which is the protected production"
    )
    assert refused.value.hint == "use an account of your own, or write `account` into dev"


def test_the_right_account_is_not_refused() -> None:
    checks.account(project(PRODUCTION), PRODUCTION, CALLER)
    checks.account(project(DEVELOPMENT, environment("other", protected=False)), DEVELOPMENT, CALLER)


def test_a_protected_environment_is_not_deployed_by_hand() -> None:
    with pytest.raises(Refused) as refused:
        choose(project(PRODUCTION), "production", [])
    assert refused.value.message == "production is protected: only its pipelines change it"
    assert refused.value.exit_code == 3


def test_all_stacks_or_those_that_are_named_are_meant() -> None:
    assert choose(project(DEVELOPMENT), "dev", []) == ("network",)
    assert choose(project(DEVELOPMENT), "dev", ["network", "network"]) == ("network",)
    for name, hint in (("netwrk", "did you mean 'network'?"), ("access", "there are: 'network'")):
        with pytest.raises(BadInput) as refused:
            choose(project(DEVELOPMENT), "dev", [name])
        assert refused.value.message == f"there is no stack '{name}' to deploy"
        assert refused.value.hint == hint


def test_the_cause_of_a_state_is_that_of_the_last_operation() -> None:
    events = [
        own("CREATE_IN_PROGRESS"),
        event("CREATE_FAILED", "an old story"),
        own("ROLLBACK_IN_PROGRESS"),
        own("DELETE_IN_PROGRESS"),
        event("DELETE_IN_PROGRESS"),
        event("DELETE_FAILED", "it is not empty"),
        event("DELETE_IN_PROGRESS", logical="Nested", kind=STACK),
        own("DELETE_FAILED", "The following resource(s) failed to delete: [Vpc]."),
    ]
    cause = first(latest(deployed("DELETE_FAILED"), events))
    assert cause
    assert told(cause) == "Vpc (AWS::EC2::VPC): it is not empty"
    assert first(latest(deployed("ROLLBACK_COMPLETE"), events[:3])) == events[1]
    assert latest(deployed(), []) == []
    assert told(event("UPDATE_FAILED")) == "Vpc (AWS::EC2::VPC): UPDATE_FAILED"


@pytest.mark.parametrize("kind", ["", "UPDATE_", "IMPORT_"])
def test_the_cause_of_a_rollback_that_failed_is_what_failed_in_it(kind: str) -> None:
    """Once it is continued, what failed in it before is an old story too."""
    events = [
        own("UPDATE_IN_PROGRESS"),
        event("UPDATE_FAILED", "why it is rolled back"),
        own(f"{kind}ROLLBACK_IN_PROGRESS"),
        event("UPDATE_FAILED", "what keeps it from its end"),
        own(f"{kind}ROLLBACK_FAILED", "The following resource(s) failed to update: [Vpc]."),
        own(f"{kind}ROLLBACK_IN_PROGRESS"),
        event("UPDATE_FAILED", "and what does now"),
        own(f"{kind}ROLLBACK_FAILED", "The following resource(s) failed to update: [Vpc]."),
    ]
    stack = deployed(f"{kind}ROLLBACK_FAILED")
    assert first(latest(stack, events[:5])) == events[3]
    assert first(latest(stack, events)) == events[6]


def test_what_a_deletion_leaves_is_told_by_the_template() -> None:
    policies = {
        "A": {},
        "B": {"DeletionPolicy": "Delete"},
        "C": {"DeletionPolicy": "Snapshot"},
        "E": {"DeletionPolicy": "RetainExceptOnCreate"},
        "D": {"DeletionPolicy": "Retain"},
        "F": {"DeletionPolicy": {"Fn::If": ["Keep", "Retain", "Delete"]}},
    }
    assert operation.retained({"Resources": policies}) == ["D", "E", "F"]
    assert operation.retained(None) == []
