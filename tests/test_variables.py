"""Rules about variables."""

from __future__ import annotations

import pytest

from tests.faults import CREATE, ENTRY, EXECUTE, OWNERS, PROTECT, SUCCESS, TEMPLATE, Fault, fault, lines

VARIABLES = (
    fault(
        "a variable that the pipeline does not have",
        {f"{OWNERS}/Configuration/CustomData": "#{variables.Reasons}"},
        (
            f"variable-reference {OWNERS}/Configuration/CustomData: "
            "the pipeline has no variable 'Reasons'"
            " [did you mean 'Reason'?]"
        ),
    ),
    fault(
        "a variable of a pipeline without any",
        {f"{TEMPLATE}/Configuration/OutputFileName": "#{variables.Reason}"},
        (
            f"variable-reference {TEMPLATE}/Configuration/OutputFileName: "
            "the pipeline has no variable 'Reason'"
            " [there are none]"
        ),
    ),
    fault(
        "a variable that comes later",
        {
            f"{CREATE}/Configuration/ChangeSetName": "cs-#{StackVariables.Id}",
            f"{EXECUTE}/Configuration/ChangeSetName": "cs-#{StackVariables.Id}",
        },
        (
            f"variable-reference {CREATE}/Configuration/ChangeSetName: "
            "'Deploy/ExecuteChangeSet' has not made the variables of 'StackVariables' yet"
            " [use them in a later stage, or at a higher RunOrder]"
        ),
        (
            f"variable-reference {EXECUTE}/Configuration/ChangeSetName: "
            "'Deploy/ExecuteChangeSet' has not made the variables of 'StackVariables' yet"
            " [use them in a later stage, or at a higher RunOrder]"
        ),
    ),
    fault(
        "a variable of the stage that is entered",
        {f"{ENTRY}/Rules/1/Configuration/Variable": "#{StackVariables.VpcId}"},
        (
            f"variable-reference {ENTRY}/Rules/1/Configuration/Variable: "
            "'Deploy/ExecuteChangeSet' has not made the variables of 'StackVariables' yet"
            " [use them in a later stage, or at a higher RunOrder]"
        ),
    ),
    fault(
        "a variable of the stage that ends",
        {f"{SUCCESS}/Rules/1/Commands/0": "echo #{StackVariables.VpcId}"},
    ),
    fault(
        "a variable in an environment variable",
        {f"{PROTECT}/EnvironmentVariables/0/Value": "#{Nothing.Id}"},
        (
            f"variable-reference {PROTECT}/EnvironmentVariables/0/Value: "
            "no action has the namespace 'Nothing'"
            " [there are: 'CheckVariables', 'SourceVariables', 'StackVariables', 'codepipeline', "
            "'variables']"
        ),
    ),
    fault(
        "one namespace twice",
        {f"{EXECUTE}/Namespace": "CheckVariables"},
        (
            f"variable-namespace {EXECUTE}/Namespace: "
            "the namespace 'CheckVariables' belongs to 'Check/Test'"
            " [choose another name]"
        ),
        (
            f"variable-reference {PROTECT}/Commands/0: "
            "no action has the namespace 'StackVariables'"
            " [did you mean 'CheckVariables'?]"
        ),
    ),
    fault(
        "a namespace that is an artifact",
        {f"{EXECUTE}/Namespace": "Report", f"{PROTECT}/Commands/0": "true"},
        (
            f"variable-namespace {EXECUTE}/Namespace: "
            "the namespace 'Report' is the name of an artifact"
            " [choose another name]"
        ),
    ),
)


@pytest.mark.parametrize("case", VARIABLES, ids=lambda case: case.name)
def test_variables(case: Fault) -> None:
    assert lines(case.template()) == case.found
