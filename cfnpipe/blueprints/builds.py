"""The CodeBuild projects and their logs. What they run comes in as text and stands in the template."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from troposphere import GetAtt, Ref
from troposphere.codebuild import (
    Artifacts,
    CloudWatchLogs,
    EnvironmentVariable,
    LogsConfig,
    Project,
    Source,
)
from troposphere.codebuild import (
    Environment as BuildEnvironment,
)
from troposphere.logs import LogGroup

from cfnpipe import names
from cfnpipe.blueprints import parts, roles
from cfnpipe.errors import BadInput
from cfnpipe.model import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from troposphere.kms import Key

    from cfnpipe.model import Environment

IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""It has the AWS CLI, jq and the Python that the buildspecs ask for."""
PROJECTS = {
    "validate": ("Checks that the committed JSON is what the definitions make", 30),
    "sync": ("Carries changed bundles to S3 and starts what is behind", 30),
    "resume": ("Starts the sync pipeline after an init stack has changed", 10),
    "protect": ("Sets a stack's policy and its termination protection", 10),
}
"""For each project: what it does, and the minutes after which it has failed."""
_LOG_DAYS = 400
_INCLUDE = re.compile(r"\s*(-[rce]|--requirem|--cons|--ed)")
"""How the options of a requirements file begin that take in another file; pip takes abbreviations."""


def title(what: str) -> str:
    """Return the logical id of a project, which is also what its export is called."""
    return f"{names.logical_id(what)}Project"


def log_group(environment: Environment, what: str, key: Key) -> LogGroup:
    """Return the log of a project; it is evidence, and outlives the stack."""
    return LogGroup(
        f"{names.logical_id(what)}Log",
        LogGroupName=names.log_group(names.owned(environment.name, what)),
        RetentionInDays=_LOG_DAYS,
        KmsKeyId=GetAtt(key, "Arn"),
        Tags=parts.tags(environment, "sync"),
        **parts.RETAINED,
    )


def digest(environment: Environment, lock: bytes) -> str:
    """Return the SHA-256 of the lock file: another lock is a change of the template.

    Raise `BadInput` for a lock that takes in another file, which the digest would not cover.
    """
    for number, line in enumerate(lock.decode(errors="replace").splitlines(), start=1):
        if _INCLUDE.match(line):
            raise BadInput(
                "the lock takes in another file, which its digest does not cover",
                where=Place(environment.tool.lock, number),
                hint="write one lock file with everything in it, for example with pip-compile",
            )
    return hashlib.sha256(lock).hexdigest()


def project(environment: Environment, what: str, buildspec: str, lock: str, key: Key) -> Project:
    """Return a project that runs `buildspec` and nothing of the checkout's. `lock`: the lock's SHA-256."""
    does, minutes = PROJECTS[what]
    log = CloudWatchLogs(Status="ENABLED", GroupName=Ref(f"{names.logical_id(what)}Log"))
    variables = [
        EnvironmentVariable(Name=name, Value=value, Type="PLAINTEXT")
        for name, value in _variables(environment, what, lock).items()
    ]
    container = BuildEnvironment(
        Type="LINUX_CONTAINER",
        ComputeType="BUILD_GENERAL1_SMALL",
        Image=IMAGE,
        PrivilegedMode=False,
        EnvironmentVariables=variables,
    )
    return Project(
        title(what),
        Name=names.owned(environment.name, what),
        Description=f"{does}. Environment {environment.name}.",
        ServiceRole=parts.imported(environment, roles.title(what)),
        Source=Source(Type="CODEPIPELINE", BuildSpec=buildspec),
        Artifacts=Artifacts(Type="CODEPIPELINE"),
        Environment=container,
        EncryptionKey=GetAtt(key, "Arn"),
        LogsConfig=LogsConfig(CloudWatchLogs=log),
        TimeoutInMinutes=minutes,
        Tags=parts.tags(environment, "sync"),
    )


def _variables(environment: Environment, what: str, lock: str) -> Mapping[str, str]:
    """Return what a project's buildspec is told; Protect hears the rest from each pipeline."""
    if what == "resume":
        return {"CFNPIPE_SYNC_PIPELINE": names.sync_pipeline(environment.name)}
    if what == "protect":
        return {}
    index = {"CFNPIPE_INDEX": environment.tool.index} if environment.tool.index else {}
    return {
        "CFNPIPE_ENVIRONMENT": environment.name,
        "CFNPIPE_LOCK": environment.tool.lock,
        "CFNPIPE_LOCK_SHA256": lock,
        **index,
    }
