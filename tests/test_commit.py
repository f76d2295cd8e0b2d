"""Which commit is carried, and which came after it: from Git, and from the sync pipeline."""

from __future__ import annotations

import inspect
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cfnpipe import commit
from cfnpipe.aws import AwsError, Session
from cfnpipe.aws.codepipeline import Pipelines
from cfnpipe.errors import Refused
from cfnpipe.model import Execution, Project, Revision
from cfnpipe.sync.origin import Carried, carried, origin

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Git:
    """A Git repository."""

    root: Path

    def run(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada Example", "-c", "user.email=ada@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, subject: str, *, text: str = "") -> str:
        (self.root / "stacks").mkdir(exist_ok=True)
        (self.root / "stacks/file.json").write_text(text or subject)
        self.run("add", "--all")
        self.run("commit", "--quiet", "--message", f"{subject}\n\nMore about it.")
        return self.run("rev-parse", "HEAD")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    made = Git(tmp_path / "checkout")
    made.root.mkdir()
    made.run("init", "--quiet", "--initial-branch=master")
    return made


def found(git: Git) -> commit.Checkout:
    checkout = commit.checkout(git.root, "stacks")
    assert checkout is not None
    return checkout


def test_a_commit_has_an_id_a_subject_and_an_author(git: Git) -> None:
    identifier = git.commit("Größeres Netz: 50 %")
    assert found(git).revision == Revision(identifier, "Größeres Netz: 50 %", "Ada Example")


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> None:
    assert commit.checkout(tmp_path, "stacks") is None
    assert commit.checkout(git.root, "stacks") is None, "a repository without a commit"
    git.commit("One")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit.checkout(git.root, "stacks") is None, "no Git is installed"


def test_a_folder_that_is_not_as_it_was_committed_is_refused(git: Git) -> None:
    git.commit("One")
    (git.root / "elsewhere.txt").write_text("not carried")
    assert found(git).revision.summary == "One"
    (git.root / "stacks/new.json").write_text("{}")
    with pytest.raises(Refused, match="^stacks is not as it was committed$") as caught:
        commit.checkout(git.root, "stacks")
    assert caught.value.hint == "commit it, or run: git status"


def test_what_came_after_a_commit_is_known_where_it_is_in_the_history(git: Git) -> None:
    first, second = git.commit("One"), git.commit("Two")
    git.run("checkout", "--quiet", "-b", "side", first)
    side = git.commit("Side")
    git.run("checkout", "--quiet", first)
    here = found(git)
    assert (here.precedes(second), here.precedes(side), here.precedes(first)) == (True, True, False)
    git.run("checkout", "--quiet", second)
    there = found(git)
    assert (there.precedes(first), there.precedes(side)) == (False, False)
    assert there.precedes("0" * 40) is None
    assert there.precedes("--output=/tmp/evil") is None


def test_nothing_that_a_repository_configures_is_run(git: Git, tmp_path: Path) -> None:
    """A checkout that came as a zip may have brought its own `.git/config`."""
    first, second = git.commit("One"), git.commit("Two")
    marker, evil = tmp_path / "ran", tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\n")
    evil.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "core.editor", "diff.external"):
        git.run("config", key, str(evil))
    git.run("config", "log.showSignature", "true")
    git.run("config", "core.hooksPath", str(tmp_path))
    git.run("checkout", "--quiet", _signed(git, first))
    marker.unlink(missing_ok=True)
    assert found(git).precedes(second) is False
    assert not marker.exists()
    git.run("log", "-1")
    assert marker.exists(), "a plain `git log` would have run it"


def _signed(git: Git, commit: str) -> str:
    """Make a commit like another one, with a signature, and return its id."""
    header, text = git.run("cat-file", "commit", commit).split("\n\n", 1)
    signed = f"{header}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n{text}\n"
    (git.root / "signed").write_text(signed)
    made = git.run("hash-object", "-t", "commit", "-w", "signed")
    (git.root / "signed").unlink()
    return made


class Records:
    """What CodePipeline has recorded of the sync pipeline."""

    def __init__(self, *revisions: tuple[str, str]) -> None:
        self._revisions = revisions

    def executions(self, pipeline: str, since: datetime) -> list[Execution] | None:
        assert pipeline == "cfnpipe_sync_test"
        return [
            Execution(name, "succeeded", min(since, datetime(2026, 1, 1, tzinfo=UTC)), {"Checkout": taken})
            for name, taken in self._revisions
        ]

    def revision(self, pipeline: str, execution: str) -> Revision:
        assert pipeline == "cfnpipe_sync_test"
        return Revision(dict(self._revisions)[execution], "Subject", "Ada Example")


@pytest.mark.parametrize("method", ["executions", "revision"])
def test_the_records_have_the_methods_of_the_real_ones(method: str) -> None:
    real, ours = getattr(Pipelines, method), getattr(Records, method)
    assert inspect.signature(ours) == inspect.signature(real)


def test_in_the_sync_pipeline_the_commit_is_that_of_the_execution() -> None:
    records = Records(("third", "c3"), ("second", "c2"), ("first", "c1"))
    here = carried(records, "cfnpipe_sync_test", "second")  # type: ignore[arg-type]
    assert here.revision == Revision("c2", "Subject", "Ada Example")
    assert (here.precedes("c3"), here.precedes("c1"), here.precedes("c2")) == (True, False, False)


def test_the_same_commit_carried_again_is_not_older_than_itself() -> None:
    records = Records(("again", "c1"), ("first", "c1"))
    assert carried(records, "cfnpipe_sync_test", "first").precedes("c1") is False  # type: ignore[arg-type]


def test_in_codebuild_without_an_execution_the_source_version_is_all_that_is_known(git: Git) -> None:
    git.commit("Not this one")
    project, session = Project(git.root, {}, {}), Session("us-east-1")
    build = {"CODEBUILD_BUILD_ID": "sync:1"}
    resolved = {**build, "CODEBUILD_RESOLVED_SOURCE_VERSION": "c1"}
    assert origin(project, "test", session, build) is None
    assert origin(project, "test", session, resolved) == Carried(Revision("c1"), frozenset())


def test_records_that_cannot_be_read_stop_the_run(monkeypatch: pytest.MonkeyPatch, git: Git) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(git.root))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Refused) as caught:
        origin(Project(git.root, {}, {}), "test", Session("us-east-1"), {"CFNPIPE_EXECUTION": "1"})
    assert caught.value.message == (
        "codepipeline:ListPipelineExecutions on cfnpipe_sync_test: Unable to locate credentials"
    )
    assert isinstance(caught.value.__cause__, AwsError)
