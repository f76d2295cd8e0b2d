from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfnpipe.errors import BadInput
from cfnpipe.validate.lint import Match, lint

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).parent / "cfn-lint"

CLEAN: dict[str, Any] = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
WRONG = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicNam": "a"}}}}
QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "5"}}}}

SETTINGS = """\
ignore_checks: [E3002, E6]
include_checks: [I]
mandatory_checks: [W2001]
configure_rules: {E3012: {strict: false}}
"""

RULES = '''\
"""Rules that misbehave where a template asks for it."""

import os
import signal

from cfnlint.rules import CloudFormationLintRule, RuleMatch


class Misbehaving(CloudFormationLintRule):
    id = "W9001"
    shortdesc = "Misbehaving"
    description = "Misbehaving"

    def match(self, cfn):
        wish = cfn.template.get("Description")
        if wish == "raise":
            raise ValueError("as asked\\nfor")
        if wish == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if wish == "exit":
            os._exit(3)
        if wish == "leave":
            raise SystemExit(3)
        if wish == "speak":
            yield RuleMatch(["Description"], "two\\n  lines \\x1b[31m")
        if wish == "point":
            yield RuleMatch(["Resources", "a/b~c", 0], "there")
'''


def text(body: object) -> str:
    return json.dumps(body, indent=2, sort_keys=True) + "\n"


def wishing(wish: str) -> str:
    return text({"Description": wish, **CLEAN})


def one(body: object, root: Path, region: str = "us-east-1") -> tuple[Match, ...]:
    return lint([(text(body), region)], root=root, cache=root / "cache")[0]


@pytest.fixture
def misbehaving(tmp_path: Path) -> Path:
    """A repository with rules of its own."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/misbehaving.py").write_text(RULES)
    (tmp_path / ".cfnlintrc").write_text("append_rules: [rules]\n")
    return tmp_path


TEMPLATES: dict[str, Any] = {
    "clean": CLEAN,
    "wrong": WRONG,
    "warning": {"Parameters": {"Unused": {"Type": "String"}}, **CLEAN},
    "informational": {
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "a-b"}}}}
    },
    "unavailable": {"Resources": {"None": {"Type": "AWS::NoSuch::Thing"}, **CLEAN["Resources"]}},
    "ignoring": {"Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E3002"]}}}, **WRONG},
    "ignoring_mandatory": {
        "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W2001"]}}},
        "Parameters": {"Unused": {"Type": "String"}},
        **CLEAN,
    },
    "ignoring_one": {
        "Resources": {
            "One": {
                "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["E3002"]}}},
                **WRONG["Resources"]["Topic"],
            },
            "Two": WRONG["Resources"]["Topic"],
        }
    },
    "strings_for_numbers": QUEUE,
    "strict": {
        "Metadata": {"cfn-lint": {"config": {"configure_rules": {"E3012": {"strict": True}}}}},
        **QUEUE,
    },
    "unresolved": {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "DependsOn": ["A", "B"]}}},
    "conditional": {
        "Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Condition": "Here",
                "Properties": {"DisplayName": {"Fn::If": ["There", 1, "b"]}},
            }
        },
    },
    "serverless": {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}}},
    },
    "large": {"Description": "large", "Metadata": {"Text": "x" * 1_000_000}, **CLEAN},
    "list": [],
    "null": {"Resources": {"Topic": None}},
    "metadata": {"Metadata": {"cfn-lint": {"config": []}}, **WRONG},
}


def command(root: Path, texts: dict[str, str], region: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the cfn-lint command finds in each text, run in the repository."""
    files = {name: f"{name}.json" for name in texts}
    for name, file in files.items():
        (root / file).write_bytes(texts[name].encode())
    done = subprocess.run(
        [COMMAND, "--format", "json", "--regions", region, "--", *files.values()],
        cwd=root,
        env={"HOME": str(root / "home"), "PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in texts}
    for match in json.loads(done.stdout):
        place = match["Location"]
        path = "".join(f"/{step}" for step in place["Path"] or ())
        level = "error" if match["Level"] == "Error" else "warning"
        name = Path(match["Filename"]).stem
        found[name].append((match["Rule"]["Id"], match["Message"], path, level, place["Start"]["LineNumber"]))
    return found


@pytest.mark.parametrize(("region", "settings"), [("us-east-1", ""), ("eu-west-1", SETTINGS)])
def test_it_finds_what_the_command_finds(tmp_path: Path, region: str, settings: str) -> None:
    (tmp_path / ".cfnlintrc").write_text(settings)
    texts = {name: text(body) for name, body in TEMPLATES.items()} | {
        "broken": '{"Resources": {\n',
        "empty": "",
    }

    found = lint([(body, region) for body in texts.values()], root=tmp_path, cache=tmp_path / "cache")

    ours = {
        name: [(m.rule, m.message, m.pointer, m.severity, m.line) for m in matches]
        for name, matches in zip(texts, found, strict=True)
    }
    assert ours == command(tmp_path, texts, region)


def test_order_is_kept_and_equal_subjects_count_once(tmp_path: Path) -> None:
    subjects = [(text(CLEAN), "us-east-1"), (text(WRONG), "us-east-1"), (text(CLEAN), "eu-west-1")] * 2
    heard: list[tuple[int, int]] = []

    found = lint(
        subjects, root=tmp_path, cache=tmp_path / "cache", progress=lambda *numbers: heard.append(numbers)
    )

    wrong = Match(
        rule="E3002",
        message="Additional properties are not allowed"
        " ('TopicNam' was unexpected. Did you mean 'TopicName'?)",
        pointer="/Resources/Topic/Properties/TopicNam",
        severity="error",
        line=5,
    )
    assert found == [(), (wrong,), ()] * 2
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_nothing_to_lint_is_nothing_found(tmp_path: Path) -> None:
    assert lint([], root=tmp_path, cache=tmp_path / "cache") == []


def test_cfn_lint_is_imported_only_for_what_is_new(tmp_path: Path) -> None:
    script = """
import json, sys
from pathlib import Path
from cfnpipe.validate.lint import lint
root, *texts = sys.argv[1:]
found = lint([(text, "us-east-1") for text in texts], root=Path(root))
print(len(found[0]), "cfnlint" in sys.modules)
"""

    def run(*texts: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), *texts],
            env={"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run(text(WRONG)) == "1 True\n"
    assert run(text(WRONG)) == "1 False\n"
    assert run(text(WRONG), text(CLEAN)) == "1 True\n"


def test_changed_settings_are_heeded(tmp_path: Path) -> None:
    assert [match.rule for match in one(WRONG, tmp_path)] == ["E3002"]

    (tmp_path / ".cfnlintrc.yaml").write_text("ignore_checks: [E3002]\n")

    assert one(WRONG, tmp_path) == ()


def test_settings_in_the_users_home_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.cfnlintrc").write_text("ignore_checks: [E3002]\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert [match.rule for match in one(WRONG, tmp_path)] == ["E3002"]


def test_damaged_entries_are_made_again(tmp_path: Path) -> None:
    damages = [b"{}", b"[1]", b'[{"rule": "E3002"}]', b'[{"rule": "E3002", "hint": ""}]', b"["]
    subjects = [(text(WRONG) + " " * number, "us-east-1") for number in range(len(damages))]
    first = lint(subjects, root=tmp_path, cache=tmp_path)
    entries = {path: path.read_bytes() for path in (tmp_path / "lint").iterdir() if path.name != "pruned"}
    for path, damaged in zip(entries, damages, strict=True):
        path.write_bytes(damaged)

    assert lint(subjects, root=tmp_path, cache=tmp_path) == first
    assert {path: path.read_bytes() for path in entries} == entries


def test_a_rule_that_fails_is_a_match(misbehaving: Path) -> None:
    found = lint(
        [(wishing(wish), "us-east-1") for wish in ("raise", "kill", "exit", "leave", "behave")],
        root=misbehaving,
        cache=misbehaving / "cache",
        jobs=1,
    )

    unknown = "Unknown exception while processing rule W9001: 'as asked\\nfor'"
    killed = "its process was ended by SIGKILL, as the system does where memory runs out"
    assert found == [
        (Match("E0002", unknown),),
        (Match("E0002", f"cfn-lint did not finish: {killed}"),),
        (Match("E0002", "cfn-lint did not finish: its process ended with exit code 3"),),
        (Match("E0002", "cfn-lint did not finish: SystemExit: 3"),),
        (),
    ]


def test_a_template_that_stops_cfn_lint_is_a_match(tmp_path: Path) -> None:
    assert one({"Metadata": [], **CLEAN}, tmp_path) == (
        Match("E0002", "cfn-lint did not finish: AttributeError: 'list_node' object has no attribute 'get'"),
    )


def test_a_failure_is_not_kept(misbehaving: Path) -> None:
    body = {"Metadata": [], **CLEAN}
    (misbehaving / ".cfnlintrc").unlink()
    one(body, misbehaving)

    assert list((misbehaving / "cache/lint").iterdir()) == []


def test_messages_are_one_printable_line(misbehaving: Path) -> None:
    assert one({"Description": "speak", **CLEAN}, misbehaving) == (
        Match("W9001", r"two lines \x1b[31m", "/Description", "warning", 2),
    )


def test_pointers_are_escaped(misbehaving: Path) -> None:
    [match] = one({"Description": "point", **CLEAN}, misbehaving)

    assert match.pointer == "/Resources/a~1b~0c/0"


def test_rules_of_the_repository_are_read_anew(misbehaving: Path) -> None:
    assert len(one({"Description": "speak", **CLEAN}, misbehaving)) == 1

    (misbehaving / "rules/misbehaving.py").write_text(RULES.replace('"speak"', '"whisper"'))

    assert one({"Description": "speak", **CLEAN}, misbehaving) == ()


def test_a_region_that_cfn_lint_does_not_know_is_a_match(tmp_path: Path) -> None:
    assert one(CLEAN, tmp_path, "xx-north-9") == (
        Match("E0003", "this version of cfn-lint does not know the region xx-north-9"),
    )


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        (
            "ignore_check: [E3002]\n",
            ".cfnlintrc",
            "Invalid configuration key 'ignore_check' in .cfnlintrc at ignore_check",
        ),
        (
            "ignore_checks: E3002\n",
            ".cfnlintrc",
            "Invalid type for 'ignore_checks' in .cfnlintrc. Expected array",
        ),
        (
            "append_rules: [nowhere]\n",
            ".cfnlintrc",
            "Tried to append rules but got an error: No module named 'nowhere'",
        ),
        ("append_rules: [broken]\n", ".cfnlintrc", "invalid syntax (broken.py, line 1)"),
        ("override_spec: nowhere.json\n", ".cfnlintrc", "Override spec file not found: nowhere.json"),
        ("ignore_checks: [\n", ".cfnlintrc:2:1", "did not find expected node content"),
    ],
)
def test_settings_that_cfn_lint_does_not_take(
    tmp_path: Path, settings: str, place: str, message: str
) -> None:
    (tmp_path / ".cfnlintrc").write_text(settings)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/broken.py").write_text("class\n")

    with pytest.raises(BadInput) as caught:
        one(CLEAN, tmp_path)

    assert caught.value.message == f"cfn-lint does not take these settings: {message}"
    assert str(caught.value.where) == place
    assert caught.value.hint == "the cfn-lint command, run in the repository, reads the same file"


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".cfnlintrc").symlink_to("/proc/self/mem")

    with pytest.raises(BadInput) as caught:
        one(CLEAN, tmp_path)

    assert (caught.value.message, str(caught.value.where)) == (
        "cannot be read: Input/output error",
        ".cfnlintrc",
    )


def test_it_is_silent_and_leaves_everything_as_it_was(
    misbehaving: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = Path.cwd(), dict(os.environ)

    lint(
        [('{"Resources": "\\q"}\t', "us-east-1"), (wishing("kill"), "us-east-1")],
        root=misbehaving,
        cache=misbehaving / "cache",
    )

    assert capfd.readouterr() == ("", "")
    assert (Path.cwd(), dict(os.environ)) == before
