"""What `config/*.yaml` says: the shape of an environment, field by field.

These classes are the format: `config` checks files against them and `docs/config.schema.json` is
generated from them, docstrings included. Values of `parameters` and `tags` are the text that stands
in the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from cfnpipe.model.problem import Place

BY_HAND = ("access", "sync")
"""The init stacks that nothing else can make, in this order; the sync pipeline brings the third."""
INIT_STACKS = (*BY_HAND, "pipelines")
"""The reserved stacks of every environment with a source, in the order in which they refer to each other."""

_CLOSED = ConfigDict(extra="forbid", strict=True, defer_build=True)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
"""Environments, stacks and reviews: no underscore, which separates them in the names on AWS."""
Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,]+@[^@\s,]+\.[^@\s,.]+$")]
PolicyArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[A-Za-z0-9_+=,.@/-]+$")
]
ConnectionArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]+$"
    ),
]
GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$")]
RepositoryPath = Annotated[str, StringConstraints(pattern=r"^[^\s/]+(/[^\s/]+)+$")]
RelativePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,255}$")]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Reason = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(min_length=1)]
Capability = Literal["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass(frozen=True, config=_CLOSED)
class ConnectionSource:
    """A repository that AWS reads through a connection (CodeConnections)."""

    provider: Literal[
        "github", "github-enterprise", "gitlab", "gitlab-self-managed", "bitbucket", "azure-devops"
    ]
    """Where the repository is."""
    connection: ConnectionArn
    """The ARN of the connection, in the environment's region."""
    repository: RepositoryPath
    """Owner and name: `example/infrastructure`."""
    branch: Line
    """The one branch that is deployed."""


@dataclass(frozen=True, config=_CLOSED)
class CodeCommitSource:
    """A CodeCommit repository of the environment's own account and region."""

    provider: Literal["codecommit"]
    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    """The repository's name."""
    branch: Line
    """The one branch that is deployed."""


@dataclass(frozen=True, config=_CLOSED)
class S3Source:
    """A zip of the checkout that something else puts into a versioned bucket."""

    provider: Literal["s3"]
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """A versioned bucket with EventBridge notifications on."""
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!_.*'()/-]{1,1024}$")]
    """The object's key."""


Source = Annotated[Union[ConnectionSource, CodeCommitSource, S3Source], Field(discriminator="provider")]


@dataclass(frozen=True, config=_CLOSED)
class Access:
    """What the deployer may do, and who gets which policy."""

    deployer_policies: tuple[PolicyArn, ...] = ("arn:aws:iam::aws:policy/AdministratorAccess",)
    """Managed policies of the role with which CloudFormation changes ordinary stacks."""
    groups: Mapping[str, tuple[GroupName, ...]] = field(default_factory=dict)
    """IAM groups for each policy: `reader`, `operator`, or a name of `review`."""


@dataclass(frozen=True, config=_CLOSED)
class Tool:
    """What the CodeBuild jobs install."""

    lock: RelativePath = "requirements.lock"
    """A pip requirements file with hashes, in the repository."""
    index: Annotated[str, StringConstraints(pattern=r"^https://[^\s@]+$")] | None = None
    """The address of a private package index, without credentials; default: pip's own."""


@dataclass(frozen=True, config=_CLOSED)
class Protection:
    """What keeps a stack from harm, apart from its configuration."""

    policy: RelativePath | None = None
    """A stack policy: a JSON file below `config/`."""
    termination: bool = False
    """Whether termination protection is on."""


@dataclass(frozen=True, config=_CLOSED)
class Stack:
    """One definition deployed in one environment."""

    template: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")] = ""
    """The definition's name, without `.py`; default: the stack's own name."""
    parameters: Mapping[ParameterName, str | tuple[str, ...]] = field(default_factory=dict)
    """A value for each parameter of the template that has no default; a list for a list-typed parameter."""
    tags: Mapping[TagKey, str] = field(default_factory=dict)
    """Tags of the stack, which CloudFormation passes on to its resources; at most 50."""
    capabilities: tuple[Capability, ...] = ()
    """What CloudFormation asks to have acknowledged."""
    protection: Protection | None = None
    """Stack policy and termination protection."""
    sources: Literal["bundle", "split"] = "bundle"
    """`bundle`: one zip and one source action; `split`: template and configuration apart."""
    hold_first_run: bool = False
    """Ship the new pipeline with the transition into its Deploy stage disabled."""
    retire: bool = False
    """Turn the pipeline into: approve, protection off, delete the stack."""
    ignore: Mapping[str, Reason] = field(default_factory=dict)
    """Rules that are switched off for this stack, each with the reason that is shown."""


@dataclass(frozen=True, config=_CLOSED)
class Environment:
    """One isolated deployment of everything: one account, one region, one file."""

    name: Annotated[Name, Field(alias="environment")]
    """The environment's name, which is also the file's: `config/<environment>.yaml`."""
    region: Region
    """The AWS region: `us-east-1`."""
    account: Account | None = None
    """The AWS account, 12 digits in quotes; needed where there is a source."""
    source: Source | None = None
    """Where the checkout comes from; without it there are no pipelines, only `cfnpipe deploy`."""
    notify: tuple[Email, ...] = ()
    """Mail addresses that hear of reviews and failures."""
    review: tuple[Name, ...] = ()
    """The approvals of every change, in this order; one approval action and one policy each."""
    protected: bool = True
    """Whether only the pipelines may change the stacks."""
    access: Access = field(default_factory=Access)
    """The deployer's rights and people's groups."""
    max_delete: Annotated[int, Field(ge=0)] = 1
    """How many bundles `cfnpipe sync` removes at most in one run."""
    tool: Tool = field(default_factory=Tool)
    """What the CodeBuild jobs install."""
    external_exports: tuple[Line, ...] = ()
    """Exports that stacks import and something else makes."""
    stacks: Mapping[Name, Stack] = field(default_factory=dict)
    """The stacks by name. `access`, `sync` and `pipelines` are there wherever there is a source."""


@dataclasses.dataclass(frozen=True)
class Project:
    """Everything that `config/` says about the repository at `root`."""

    root: Path
    """The repository's absolute path."""
    environments: Mapping[str, Environment]
    """By name, sorted."""
    places: Mapping[tuple[str, ...], Place]
    """Where each value stands, by its keys: `("production-us", "stacks", "network", "template")`."""
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The stack policies that stacks name, parsed, by their path below `config/`."""

    def where(self, environment: str, *keys: str) -> Place:
        """Return the place of a value, or of the nearest thing around it that the file has."""
        path = (environment, *keys)
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(f"config/{environment}.yaml"))
