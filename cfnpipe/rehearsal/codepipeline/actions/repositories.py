"""The source actions of Git repositories: connections and CodeCommit. A local repository stands for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfnpipe.rehearsal.codepipeline import git
from cfnpipe.rehearsal.codepipeline.faults import ActionFailed
from cfnpipe.rehearsal.codepipeline.states import Outcome, Revision

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.actions.job import Job

_CODECOMMIT = ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")


def connection(job: Job) -> Outcome:
    """Fetch a branch's last commit, or the one that the start named, over a connection."""
    settings = job.settings
    arn, repository = settings["ConnectionArn"], settings["FullRepositoryId"]
    may = "codestar-connections:UseConnection" if ":codestar-" in arn else "codeconnections:UseConnection"
    context = {
        "codeconnections:FullRepositoryId": repository,
        "codestar-connections:FullRepositoryId": repository,
    }
    job.site.rights.check(job.run.action.role, may, arn, context)
    if job.site.connections and job.site.connections.status(arn) != "AVAILABLE":
        # The words are of no source: AWS documents only that such a connection cannot be used.
        raise ActionFailed("ConfigurationError", f"Connection {arn} is not available")
    found = _commit(job, repository)
    variables = {
        "AuthorDate": found.written,
        "AuthorDisplayName": found.author,
        "AuthorEmail": found.email,
        "AuthorId": found.email,
        "BranchName": settings["BranchName"],
        "CommitId": found.id,
        "CommitMessage": found.message,
        "ConnectionArn": arn,
        "FullRepositoryName": repository,
    }
    said = json.dumps({"ProviderType": "Git", "CommitMessage": found.message})
    return _fetched(job, repository, found, variables, said)


def codecommit(job: Job) -> Outcome:
    """Fetch a branch's last commit, or the one that the start named, from CodeCommit."""
    settings, scope = job.settings, job.scope
    repository = settings["RepositoryName"]
    partition = job.arn.split(":")[1]
    arn = f"arn:{partition}:codecommit:{scope.region}:{scope.account}:{repository}"
    for action in _CODECOMMIT:
        job.site.rights.check(job.run.action.role, f"codecommit:{action}", arn, {})
    found = _commit(job, repository)
    variables = {
        "AuthorDate": found.written,
        "BranchName": settings["BranchName"],
        "CommitId": found.id,
        "CommitMessage": found.message,
        "CommitterDate": found.committed,
        "RepositoryName": repository,
    }
    return _fetched(job, repository, found, variables, found.message)


def _commit(job: Job, repository: str) -> git.Commit:
    if job.settings.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise ActionFailed("ConfigurationError", "the rehearsal knows the artifact format CODE_ZIP only")
    if repository not in job.site.repositories:
        raise ActionFailed("ConfigurationError", f"No repository found with the name {repository}")
    local, branch = job.site.repositories[repository], job.settings["BranchName"]
    try:
        return git.commit(local, branch, job.override("COMMIT_ID"))
    except git.NoCommit as error:
        raise ActionFailed("ConfigurationError", f"{repository}: {error}") from error


def _fetched(job: Job, repository: str, found: git.Commit, variables: dict[str, str], said: str) -> Outcome:
    content = git.archive(job.site.repositories[repository], found.id)
    return Outcome(
        summary=said[:2048],
        external=found.id,
        variables=variables,
        artifacts=job.keep(content),
        revision=Revision(found.id, said[:2048]),
    )
