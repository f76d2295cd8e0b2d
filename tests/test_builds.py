"""The CodeBuild projects: what they run, and what they are told."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cfnpipe.blueprints import builds, sync
from cfnpipe.errors import BadInput
from cfnpipe.model import Place
from tests.environments import (
    BASE,
    LOCK,
    buildspecs,
    changed,
    environment,
    resources,
)

if TYPE_CHECKING:
    from pathlib import Path


def projects(name: str) -> dict[str, dict[str, Any]]:
    return {title: properties for _, title, properties in resources(name, "AWS::CodeBuild::Project")}


def test_builds_run_what_stands_in_the_template() -> None:
    for what, text in buildspecs().items():
        project = projects(BASE)[builds.title(what)]
        assert project["Source"] == {"Type": "CODEPIPELINE", "BuildSpec": text}
        assert text.startswith("version: 0.2\n")
        assert "phases" in yaml.safe_load(text)


def test_another_lock_is_another_template() -> None:
    made = [sync.template(environment(), buildspecs(), lock).to_dict() for lock in (LOCK, LOCK + b"# more\n")]
    assert set(changed(*made)["Resources"]) == {"ValidateProject", "SyncProject"}


@pytest.mark.parametrize(
    "line", ["-r more.txt", "  --requirement=more.txt", "-rmore.txt", "-c limits.txt", "--ed ."]
)
def test_a_lock_that_takes_in_other_files_is_refused(line: str) -> None:
    with pytest.raises(BadInput) as refused:
        sync.template(environment(), buildspecs(), LOCK + line.encode())
    assert refused.value.message == "the lock takes in another file, which its digest does not cover"
    assert refused.value.where == Place("requirements.lock", 2)
    assert refused.value.hint == "write one lock file with everything in it, for example with pip-compile"


def test_builds_know_what_they_must_and_no_secret() -> None:
    told = {
        title: {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
        for title, project in projects("private-index").items()
    }
    install = {
        "CFNPIPE_ENVIRONMENT": "production-us",
        "CFNPIPE_INDEX": "https://packages.example.com/simple",
        "CFNPIPE_LOCK": "locks/cfnpipe.lock",
        "CFNPIPE_LOCK_SHA256": builds.digest(environment(), LOCK),
    }
    assert told == {
        "ValidateProject": install,
        "SyncProject": install,
        "ResumeProject": {"CFNPIPE_SYNC_PIPELINE": "cfnpipe_sync_production-us"},
        "ProtectProject": {},
    }
    assert all(project["Environment"]["PrivilegedMode"] is False for project in projects(BASE).values())


def phases(what: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(buildspecs()[what])["phases"]
    return found


@pytest.mark.parametrize("what", ["validate", "sync"])
def test_everything_that_is_fetched_stands_in_install(what: str) -> None:
    """In `build`, only the interpreter of the install phase runs, apart from the checkout."""
    check, make, install, first = phases(what)["install"]["commands"]
    assert "sha256sum --check --strict" in check
    assert make == "(cd / && python3.11 -I -m venv /opt/cfnpipe)"
    assert "--require-hashes" in install
    assert install.startswith("/opt/cfnpipe/bin/python -I -m ")
    assert first == 'export PATH="/opt/cfnpipe/bin:$PATH"'
    for command in phases(what)["build"]["commands"]:
        assert command.startswith("python -I -m cfnpipe ")
    assert set(phases(what)) == {"install", "build"}


@pytest.mark.parametrize("what", ["validate", "sync"])
def test_the_interpreter_is_not_the_one_that_a_checkout_asks_for(tmp_path: Path, what: str) -> None:
    """The image's `python` asks the `.python-version` of the current folder; the new one does not."""
    image, made = tmp_path / "image", tmp_path / "made"
    for folder in (image, made):
        folder.mkdir()
        (folder / "python").write_text(f'#!/bin/sh\necho "{folder.name} $*" >> "$CALLS"\n', "utf-8")
        (folder / "python").chmod(0o755)
    (tmp_path / ".python-version").write_text("evil", "utf-8")
    export = phases(what)["install"]["commands"][-1].replace("/opt/cfnpipe/bin", str(made))
    commands = [export, *phases(what)["build"]["commands"]]
    variables = {
        "CALLS": str(tmp_path / "calls"),
        "PATH": f"{image}:/usr/bin:/bin",
        "CFNPIPE_ENVIRONMENT": "e",
    }
    subprocess.run(["bash", "-c", "\n".join(commands)], cwd=tmp_path, env=variables, check=True)
    called = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(called) == len(commands) - 1
    assert {line.split(" -m ")[0] for line in called} == {"made -I"}


@pytest.mark.parametrize("what", ["resume", "protect"])
def test_resume_and_protect_install_nothing(what: str) -> None:
    assert set(phases(what)) == {"build"}
    assert not any(word in buildspecs()[what] for word in ("pip install", "jq", "curl", "npm"))


def test_what_the_jobs_run() -> None:
    run = "python -I -m cfnpipe"
    assert phases("validate")["build"]["commands"] == [f'{run} render --check -e "$CFNPIPE_ENVIRONMENT"']
    assert phases("sync")["build"]["commands"] == [
        f'{run} sync "$CFNPIPE_ENVIRONMENT" --yes',
        f'{run} start "$CFNPIPE_ENVIRONMENT" --behind --yes',
    ]


RECORDER = """\
#!/bin/sh
# Writes down how it was called.
printf '%s\\n' "$*" >> "$CALLS"
[ -z "$AWS_SAYS" ] || echo "$AWS_SAYS" >&2
exit "${AWS_FAILS:-0}"
"""


def run(tmp_path: Path, what: str, phase: str = "build", **variables: str) -> tuple[int, list[str]]:
    """Run a phase's commands as CodeBuild does, one shell for all, and return how `aws` was called."""
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir(exist_ok=True)
    (tools / "aws").write_text(RECORDER, "utf-8")
    (tools / "aws").chmod(0o755)
    calls.write_text("", "utf-8")
    commands = " && ".join(f"{{ {command}\n}}" for command in phases(what)[phase]["commands"][:1])
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=tmp_path,
        env={"PATH": f"{tools}:/usr/bin:/bin", "CALLS": str(calls), **variables},
        capture_output=True,
        check=False,
    )
    return done.returncode, calls.read_text("utf-8").splitlines()


STACK = {"CFNPIPE_STACK": "production-us-network"}
ON, OFF = (
    f"cloudformation update-termination-protection --stack-name production-us-network --{word}-protection"
    for word in ("enable-termination", "no-enable-termination")
)
POLICY = {"Statement": [{"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*"}]}
SET = (
    "cloudformation set-stack-policy --stack-name production-us-network"
    f" --stack-policy-body {json.dumps(POLICY)}"
)


@pytest.mark.parametrize(
    ("protection", "expected"),
    [
        ({"TerminationProtection": True}, [ON]),
        ({"TerminationProtection": False}, [OFF]),
        ({"TerminationProtection": True, "StackPolicy": POLICY}, [SET, ON]),
        ({"TerminationProtection": False, "StackPolicy": POLICY}, [SET, OFF]),
    ],
)
def test_protect_does_what_the_protection_says(
    tmp_path: Path, protection: dict[str, Any], expected: list[str]
) -> None:
    (tmp_path / "protection.json").write_text(json.dumps(protection), "utf-8")
    code, calls = run(tmp_path, "protect", **STACK)
    assert code == 0
    assert calls == expected


def test_protect_takes_the_protection_off_a_stack_that_retires(tmp_path: Path) -> None:
    assert run(tmp_path, "protect", CFNPIPE_PROTECTION="off", **STACK) == (0, [OFF])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("An error occurred (ValidationError): Stack [production-us-network] does not exist", 0),
        ("An error occurred (AccessDenied): not authorized", 1),
    ],
)
def test_a_stack_that_is_not_there_needs_no_unprotecting(tmp_path: Path, said: str, expected: int) -> None:
    variables = {"CFNPIPE_PROTECTION": "off", "AWS_SAYS": said, "AWS_FAILS": "254"}
    assert run(tmp_path, "protect", **variables, **STACK) == (expected, [OFF])


def test_a_stack_that_is_not_there_cannot_be_protected(tmp_path: Path) -> None:
    (tmp_path / "protection.json").write_text('{"TerminationProtection": false}', "utf-8")
    said = "Stack [production-us-network] does not exist"
    assert run(tmp_path, "protect", AWS_SAYS=said, AWS_FAILS="254", **STACK) == (254, [OFF])


def test_protect_fails_with_its_first_failure(tmp_path: Path) -> None:
    protection = {"TerminationProtection": True, "StackPolicy": POLICY}
    (tmp_path / "protection.json").write_text(json.dumps(protection), "utf-8")
    code, calls = run(tmp_path, "protect", AWS_FAILS="3", **STACK)
    assert code == 3
    assert [call.split()[1] for call in calls if call.startswith("cloudformation")] == ["set-stack-policy"]


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"TerminationProtection": "yes"}'])
def test_protect_fails_where_the_protection_says_nothing(tmp_path: Path, content: str | None) -> None:
    """What it cannot read must not take a protection away."""
    if content is not None:
        (tmp_path / "protection.json").write_text(content, "utf-8")
    code, calls = run(tmp_path, "protect", **STACK)
    assert code == 1
    assert calls == []


def test_resume_starts_the_sync_pipeline(tmp_path: Path) -> None:
    told = projects(BASE)["ResumeProject"]["Environment"]["EnvironmentVariables"]
    variables = {each["Name"]: each["Value"] for each in told}
    expected = ["codepipeline start-pipeline-execution --name cfnpipe_sync_production-us"]
    assert run(tmp_path, "resume", **variables) == (0, expected)


@pytest.mark.parametrize(("content", "expected"), [(LOCK, 0), (LOCK + b"evil==1.0\n", 1)])
def test_another_lock_than_the_reviewed_one_is_not_installed(
    tmp_path: Path, content: bytes, expected: int
) -> None:
    (tmp_path / "requirements.lock").write_bytes(content)
    digest = hashlib.sha256(LOCK).hexdigest()
    variables = {"CFNPIPE_LOCK": "requirements.lock", "CFNPIPE_LOCK_SHA256": digest}
    assert run(tmp_path, "sync", "install", **variables) == (expected, [])
