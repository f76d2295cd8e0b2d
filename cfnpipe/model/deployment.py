"""Stacks as CloudFormation knows them, and what is to become of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cfnpipe.model.execution import Execution

ChangeSetKind = Literal["CREATE", "UPDATE"]
"""CloudFormation's `ChangeSetType`: for a stack that holds nothing yet, or for one that is there."""
Replacement = Literal["", "False", "True", "Conditional"]
"""Whether a modified resource is replaced by a new one; `Conditional`: CloudFormation cannot tell yet."""


@dataclass(frozen=True)
class Submission:
    """A stack as it is handed to CloudFormation."""

    stack: str
    """Its name on AWS: `production-us-access`."""
    template: str
    """The template in its shortest form."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role: str = ""
    """The ARN of the role with which CloudFormation works; empty: with the caller's rights."""
    url: str = ""
    """Where the template is in S3, if it is too long to be sent along."""
    policy: str = ""
    """The stack policy that it has afterwards; empty if none is to be set."""
    protected: bool = False
    """Whether termination protection is to be on afterwards."""


@dataclass(frozen=True)
class Deployed:
    """A stack on AWS as it is now."""

    name: str
    id: str
    """Its ARN, which a later stack of that name does not share."""
    status: str
    """CloudFormation's own word: `UPDATE_COMPLETE`."""
    reason: str = ""
    """Why it has that status, where CloudFormation says so."""
    protected: bool = False
    """Whether termination protection is on."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """As CloudFormation tells them; a NoEcho parameter is `****`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PropertyChange:
    """One property of a resource before and after."""

    path: str
    """Where it stands: `/Properties/CidrBlock`; `/Tags` for the tags of the stack."""
    before: str | None = None
    """JSON or plain text; None where there was nothing, or nothing is told."""
    after: str | None = None
    """As `before`."""
    recreates: bool = False
    """Whether this property alone replaces the resource."""


@dataclass(frozen=True)
class ResourceChange:
    """What a change set does to one resource."""

    action: str
    """CloudFormation's own word: `Add`, `Modify`, `Remove`, `Import`, `Dynamic`."""
    logical: str
    type: str
    physical: str = ""
    """Its name or id on AWS; empty for one that is not there yet."""
    replacement: Replacement = ""
    properties: tuple[PropertyChange, ...] = ()
    """What is told of a modified resource, sorted by path."""

    @property
    def destroys(self) -> bool:
        """Tell whether something that is there now goes, or may go."""
        return self.action == "Remove" or self.replacement in ("True", "Conditional")


@dataclass(frozen=True)
class ChangeSet:
    """A change set, made and described."""

    stack: str
    id: str
    """Its ARN."""
    kind: ChangeSetKind
    changes: tuple[ResourceChange, ...] = ()
    """Sorted by logical id. Where only outputs change there are none, and yet something is to be executed."""
    empty: bool = False
    """Whether there is nothing to execute, because the stack is like that already."""
    failure: str = ""
    """Why CloudFormation could not make it; then it cannot be executed."""


@dataclass(frozen=True)
class Event:
    """One step of a stack operation."""

    id: str
    time: datetime
    logical: str
    type: str
    status: str
    """CloudFormation's own word: `CREATE_FAILED`, or `VALIDATION_ERROR` for what it finds beforehand."""
    reason: str = ""
    physical: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether a resource, or the stack, ended badly with this step."""
        return self.status.endswith(("_FAILED", "_ERROR"))

    def of(self, stack: Deployed) -> bool:
        """Tell whether it is about a stack itself, and not about a resource, such as a stack nested in it."""
        return self.physical == stack.id


@dataclass(frozen=True)
class Connection:
    """A connection to where a repository is."""

    arn: str
    name: str
    status: str
    """`PENDING` until somebody completes it in the console, then `AVAILABLE`; or `ERROR`."""


Result = Literal["unchanged", "created", "updated", "planned", "left"]
"""`planned`: a dry run; `left`: the change set is there and not executed."""


@dataclass(frozen=True)
class Brought:
    """What came of deploying one stack."""

    stack: str
    """Its name on AWS."""
    result: Result
    changes: tuple[ResourceChange, ...] = ()
    status: str = ""
    """What CloudFormation says of it now; empty if there is no such stack."""
    change_set: str = ""
    """The ARN of the change set that was left."""


@dataclass(frozen=True)
class Handover:
    """How far the system has come by itself once its first two stacks were there."""

    connection: str = ""
    """The connection's status; empty where the source needs none."""
    sync: Execution | None = None
    """The execution of the sync pipeline that carried the bundles, if it was waited for."""
    pipelines: Execution | None = None
    """The execution that makes the other pipelines, if it was waited for."""
    approvals: tuple[str, ...] = ()
    """The approval actions that wait in it."""


@dataclass(frozen=True)
class Bootstrapped:
    """What came of setting an environment up."""

    stacks: tuple[Brought, ...]
    handover: Handover | None = None
    """None where nothing was watched: in a dry run, and where the system runs by itself already."""


@dataclass(frozen=True)
class Identity:
    """Whose credentials are used."""

    account: str
    """The account, 12 digits."""
    arn: str
    """The ARN of the user or of the assumed role."""
