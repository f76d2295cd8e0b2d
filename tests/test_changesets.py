"""Rules about what is created, approved and executed."""

from __future__ import annotations

import json

import pytest

from tests.faults import (
    CREATE,
    DEPLOY,
    EXECUTE,
    GONE,
    GOOD,
    LATER,
    NETWORK,
    OPERATIONS,
    OWNERS,
    TEMPLATE,
    Fault,
    fault,
    lines,
)

CHANGE_SETS = (
    fault(
        "a change set of another stack",
        {f"{EXECUTE}/Configuration/StackName": "production-us-networks"},
        (
            f"change-set-names {EXECUTE}/Configuration/StackName: "
            "'Deploy/ExecuteChangeSet' executes the StackName 'production-us-networks', which is not "
            "created"
            " [created is 'production-us-network']"
        ),
    ),
    fault(
        "a fixed name over two stages",
        {
            f"{TEMPLATE}/Configuration/ChangeSetName": "service",
            f"{LATER}/Configuration/ChangeSetName": "service",
        },
        (
            f"change-set-stages {LATER}: "
            "'Execute/Execute' executes what 'Deploy/Template' creates in another stage: a newer "
            "execution can replace it after the approval"
            " [create it in the same stage, or put #{codepipeline.PipelineExecutionId} into its name]"
        ),
    ),
    fault(
        "execution before creation",
        {f"{CREATE}/RunOrder": 4, f"{EXECUTE}/RunOrder": 1},
        (
            f"change-set-order {EXECUTE}/RunOrder: "
            "'Deploy/ExecuteChangeSet' runs at order 1, but 'Deploy/CreateChangeSet' creates its "
            "change set at order 4"
            " [give the execution a higher RunOrder]"
        ),
    ),
    fault(
        "no run orders",
        {f"{CREATE}/RunOrder": GONE, f"{EXECUTE}/RunOrder": GONE},
        (
            f"change-set-order {EXECUTE}: "
            "'Deploy/ExecuteChangeSet' runs at order 1, but 'Deploy/CreateChangeSet' creates its "
            "change set at order 1"
            " [give the execution a higher RunOrder]"
        ),
    ),
    fault(
        "a retry of what failed only",
        {f"{DEPLOY}/OnFailure/RetryConfiguration/RetryMode": "FAILED_ACTIONS"},
        (
            f"change-set-retry {DEPLOY}/OnFailure/RetryConfiguration/RetryMode: "
            "the change set of 'Deploy/ExecuteChangeSet' is gone when only what failed is retried"
            " [write ALL_ACTIONS]"
        ),
    ),
    fault(
        "an approval while the change set is made",
        {f"{OWNERS}/RunOrder": 1},
        (
            f"approval-order {OWNERS}/RunOrder: "
            "'Deploy/Approve-owners' asks at order 1, but 'Deploy/CreateChangeSet' creates the change"
            " set at order 1"
            " [create it first, then approve it, then execute it]"
        ),
    ),
    fault(
        "an approval before there is anything",
        {f"{CREATE}/RunOrder": 2, f"{OWNERS}/RunOrder": 1},
        (
            f"warning approval-order {OWNERS}/RunOrder: "
            "'Deploy/Approve-owners' asks at order 1, but 'Deploy/CreateChangeSet' creates the change"
            " set at order 2"
            " [create it first, then approve it, then execute it]"
        ),
    ),
    fault(
        "an approval at the same time as the execution",
        {f"{OPERATIONS}/RunOrder": 4},
        (
            f"approval-order {OPERATIONS}/RunOrder: "
            "'Deploy/Approve-operations' asks at order 4, but 'Deploy/ExecuteChangeSet' executes the "
            "change set at order 4"
            " [create it first, then approve it, then execute it]"
        ),
    ),
    fault(
        "an approval after the execution",
        {f"{OPERATIONS}/RunOrder": "5"},
        (
            f"approval-order {OPERATIONS}/RunOrder: "
            "'Deploy/Approve-operations' asks at order 5, but 'Deploy/ExecuteChangeSet' executes the "
            "change set at order 4"
            " [create it first, then approve it, then execute it]"
        ),
    ),
    fault(
        "a timeout of a deployment",
        {f"{CREATE}/TimeoutInMinutes": 60},
        (
            f"approval-timeout {CREATE}/TimeoutInMinutes: "
            "'Deploy/CreateChangeSet' has a timeout, which only approvals have"
            " [leave it out]"
        ),
    ),
    fault(
        "an approval of 61 days",
        {f"{OWNERS}/TimeoutInMinutes": 87840},
        (
            f"approval-timeout {OWNERS}/TimeoutInMinutes: "
            "'Deploy/Approve-owners' has a timeout of 87,840 minutes; CodePipeline takes 5 to 86,400"
            " [leave it out for 7 days]"
        ),
    ),
)


@pytest.mark.parametrize("case", CHANGE_SETS, ids=lambda case: case.name)
def test_change_sets(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize(("mode", "count"), [("CHANGE_SET_REPLACE", 1), ("CREATE_UPDATE", 0)])
def test_the_mode_can_be_a_parameter(mode: str, count: int) -> None:
    template = Fault(
        "a fixed name over two stages",
        {
            f"{TEMPLATE}/Configuration/ChangeSetName": "service",
            f"{LATER}/Configuration/ChangeSetName": "service",
        },
        (),
    ).template()
    assert len(lines(template, {"Mode": mode})) == count


def test_both_outcomes_of_a_choice_are_looked_at() -> None:
    template = json.loads(GOOD)
    stages = template["Resources"]["Network"]["Properties"]["Stages"]
    late = json.loads(json.dumps(stages[2]))
    late["Actions"][3]["RunOrder"] = 3
    stages[2] = {"Fn::If": ["Careful", stages[2], late]}
    assert lines(template) == (
        (
            f"approval-order {NETWORK}/Stages/2/Fn::If/2/Actions/2/RunOrder: 'Deploy/Approve-operations' asks"
            " at order 3, but 'Deploy/ExecuteChangeSet' executes the change set at order 3"
            " [create it first, then approve it, then execute it]"
        ),
    )
