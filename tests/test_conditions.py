"""Rules about commands, and about the conditions of a stage."""

from __future__ import annotations

import pytest

from tests.faults import DEPLOY, ENTRY, GONE, PROTECT, SUCCESS, TEST, Fault, fault, lines

COMMANDS = (
    fault(
        "an empty command in a condition",
        {f"{SUCCESS}/Rules/1/Commands": [""]},
        (
            f"command-line {SUCCESS}/Rules/1/Commands/0: "
            "command 1 of 'Reached' has 0 characters, not 1 to 1,000"
            " [call a script that is in the artifact]"
        ),
    ),
    fault(
        "no commands in a condition",
        {f"{SUCCESS}/Rules/1/Commands": []},
        (
            f"commands-count {SUCCESS}/Rules/1/Commands: "
            "'Reached' has no commands; CodePipeline takes 1 to 50"
            " [add Commands]"
        ),
    ),
    fault(
        "commands of a build",
        {f"{TEST}/Commands": ["true"], f"{TEST}/OutputVariables": ["A"]},
        (
            f"misplaced-commands {TEST}/Commands: "
            "'Check/Test' has Commands, which only Commands actions have"
            " [leave it out]"
        ),
        (
            f"misplaced-commands {TEST}/OutputVariables: "
            "'Check/Test' has OutputVariables, which only Commands actions have"
            " [leave it out]"
        ),
    ),
    fault(
        "11 environment variables",
        {f"{PROTECT}/EnvironmentVariables": [{"Name": f"V{i}", "Value": "x"} for i in range(11)]},
        (
            f"variable-count {PROTECT}/EnvironmentVariables: "
            "'Deploy/Protect' has 11 EnvironmentVariables; CodePipeline takes 10"
            " [take some away]"
        ),
    ),
)

CONDITIONS = (
    fault(
        "two conditions in one place",
        {
            f"{DEPLOY}/BeforeEntry/Conditions/-": {
                "Result": "FAIL",
                "Rules": [
                    {
                        "Name": "Again",
                        "RuleTypeId": {
                            "Category": "Rule",
                            "Owner": "AWS",
                            "Provider": "LambdaInvoke",
                            "Version": "1",
                        },
                        "Configuration": {"FunctionName": "again"},
                    }
                ],
            }
        },
        (
            f"condition-count {DEPLOY}/BeforeEntry/Conditions: "
            "BeforeEntry has 2 conditions; CodePipeline takes 1"
            " [put the rules into one condition]"
        ),
    ),
    fault(
        "a condition without rules",
        {f"{SUCCESS}/Rules": []},
        (
            f"condition-count {SUCCESS}/Rules: "
            "a condition of OnSuccess has no rules; CodePipeline takes 1 to 5"
            " [name 1 to 5 rules]"
        ),
    ),
    fault(
        "results of other places",
        {f"{ENTRY}/Result": "ROLLBACK", f"{SUCCESS}/Result": "SKIP", f"{SUCCESS}/Rules": []},
        (
            f"condition-count {SUCCESS}/Rules: "
            "a condition of OnSuccess has no rules; CodePipeline takes 1 to 5"
            " [name 1 to 5 rules]"
        ),
        (f"condition-result {ENTRY}/Result: BeforeEntry has no result 'ROLLBACK' [write FAIL or SKIP]"),
        (f"condition-result {SUCCESS}/Result: OnSuccess has no result 'SKIP' [write FAIL or ROLLBACK]"),
    ),
    fault(
        "a rule that does not exist",
        {f"{SUCCESS}/Rules/0/RuleTypeId/Provider": "CloudWatchAlarms"},
        (
            f"rule-type {SUCCESS}/Rules/0/RuleTypeId/Provider: "
            "CodePipeline has no rule 'CloudWatchAlarms'"
            " [did you mean 'CloudWatchAlarm'?]"
        ),
    ),
    fault(
        "a rule of another type",
        {
            f"{SUCCESS}/Rules/0/RuleTypeId": {
                "Category": "Build",
                "Owner": "Custom",
                "Provider": "CloudWatchAlarm",
                "Version": 1,
            }
        },
        (
            f"rule-type {SUCCESS}/Rules/0/RuleTypeId/Category: "
            "no rule has the Category 'Build'"
            ' [write "Rule"]'
        ),
        (f"rule-type {SUCCESS}/Rules/0/RuleTypeId/Owner: no rule has the Owner 'Custom' [write \"AWS\"]"),
        (
            f"warning rule-type {SUCCESS}/Rules/0/RuleTypeId/Version: "
            "Version must be a string, not a number"
            ' [write "1"]'
        ),
    ),
    fault(
        "a rule with a number and nothing",
        {f"{SUCCESS}/Rules/0/Configuration": {"WaitTime": 5, "AlarmStates": ""}},
        (
            f"warning rule-configuration {SUCCESS}/Rules/0/Configuration/WaitTime: "
            "'WaitTime' of a CloudWatchAlarm rule must be a string, not a number"
            " [write it in quotes]"
        ),
        (
            f"rule-configuration {SUCCESS}/Rules/0/Configuration/AlarmStates: "
            "'AlarmStates' of a CloudWatchAlarm rule is empty"
            " [leave it out]"
        ),
        (
            f"rule-configuration {SUCCESS}/Rules/0/Configuration: "
            "a CloudWatchAlarm rule has no AlarmName"
            " [AlarmName is required]"
        ),
    ),
    fault(
        "a rule without a configuration",
        {f"{SUCCESS}/Rules/0/Configuration": GONE},
        (
            f"rule-configuration {SUCCESS}/Rules/0: "
            "a CloudWatchAlarm rule has no AlarmName"
            " [AlarmName is required]"
        ),
    ),
    fault(
        "an operator that does not exist",
        {f"{ENTRY}/Rules/1/Configuration/Operator": "EQUALS"},
        (
            f"variable-check {ENTRY}/Rules/1/Configuration/Operator: "
            "VariableCheck has no operator 'EQUALS'"
            " [there are: 'CONTAINS', 'EQ', 'MATCHES', 'NE']"
        ),
    ),
    fault(
        "a window of five fields",
        {f"{ENTRY}/Rules/0/Configuration/Cron": "* 9-17 * * MON-FRI"},
        (
            f"deployment-window {ENTRY}/Rules/0/Configuration/Cron: "
            "the deployment window has 5 fields, not 6 or 7"
            " [write for example * * 9-17 ? * MON-FRI *: seconds, minutes, hours, day, month, "
            "weekday, year]"
        ),
    ),
    fault(
        "a window that is open for one second",
        {f"{ENTRY}/Rules/0/Configuration/Cron": "0 0 9-17 ? * MON-FRI *"},
        (
            f"deployment-window {ENTRY}/Rules/0/Configuration/Cron: "
            "the deployment window has the seconds '0', and only '*' is allowed"
            " [write for example * * 9-17 ? * MON-FRI *: seconds, minutes, hours, day, month, "
            "weekday, year]"
        ),
    ),
    fault(
        "a time zone with two meanings",
        {f"{ENTRY}/Rules/0/Configuration/TimeZone": "CST"},
        (
            f"warning deployment-window {ENTRY}/Rules/0/Configuration/TimeZone: "
            "'CST' can be several time zones"
            " [write Region/City, UTC or UTC+05:30]"
        ),
    ),
    fault(
        "a time zone with none",
        {f"{ENTRY}/Rules/0/Configuration/TimeZone": "Paris time"},
        (
            f"deployment-window {ENTRY}/Rules/0/Configuration/TimeZone: "
            "'Paris time' is not a time zone"
            " [write Region/City, UTC or UTC+05:30]"
        ),
    ),
)


@pytest.mark.parametrize("case", COMMANDS, ids=lambda case: case.name)
def test_commands(case: Fault) -> None:
    assert lines(case.template()) == case.found


@pytest.mark.parametrize("case", CONDITIONS, ids=lambda case: case.name)
def test_conditions(case: Fault) -> None:
    assert lines(case.template()) == case.found
