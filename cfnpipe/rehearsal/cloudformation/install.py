"""Where CloudFormation is completed: ministack's, of this process, to what AWS does.

Nothing of ministack is public but its ports, so its version is pinned, and `install` fails at once where one
of the names that it takes over is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal import insides
from cfnpipe.rehearsal.cloudformation import (
    addresses,
    attachments,
    buckets,
    exports,
    groups,
    identifiers,
    parameters,
    principals,
    properties,
    protection,
    requests,
    rollbacks,
    schemas,
    templates,
    uploads,
    validation,
)
from cfnpipe.rehearsal.cloudformation.events import Events
from cfnpipe.rehearsal.cloudformation.mails import Mail, Mails
from cfnpipe.rehearsal.cloudformation.operations import Operations, ResourceOperation
from cfnpipe.rehearsal.cloudformation.placeholders import Placeholder, Placeholders

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Formation:
    """CloudFormation of this process, and what a rehearsal wants to know from around it."""

    checks: list[Callable[[ResourceOperation], str | None]]
    """Asked before each operation on a resource: why it fails, or nothing. Add more at any time."""
    _placeholders: Placeholders
    _mails: Mails

    def placeholders(self) -> list[Placeholder]:
        """Return the resources and the attributes that are only recorded: there is nothing behind them."""
        return self._placeholders.listed()

    def mails(self) -> list[Mail]:
        """Return the e-mails that SNS would have sent so far, oldest first."""
        return list(self._mails.sent)


def install() -> Formation:
    """Complete the ministack of this process, before its server starts. Once in a process."""
    insides.check()
    checks: list[Callable[[ResourceOperation], str | None]]
    rooms = (rollbacks, identifiers, protection, properties, principals, attachments, buckets)
    checks = [room.check for room in rooms]
    events = Events()
    formation = Formation(checks, Placeholders(), Mails([]))
    events.install()
    Operations(checks, events, formation._placeholders).install()
    templates.install(formation._placeholders)
    exports.install(partial(protection.check_removals, events))
    requests.install()
    rollbacks.install()
    parameters.install()
    addresses.install()
    validation.install()
    formation._mails.install()
    uploads.install()
    groups.install()
    attachments.install()
    _know_replacements()
    return formation


def _know_replacements() -> None:
    """Let ministack know which changes replace a resource, type by type when it asks."""
    from ministack.services.cloudformation import provisioners, stacks

    recreation = provisioners._property_recreation
    always, perhaps = provisioners._REPLACING_PROPERTIES, provisioners._CONDITIONALLY_REPLACING_PROPERTIES

    def informed(kind: str, name: str) -> Any:
        if kind not in always and schemas.exists(kind):
            always[kind], perhaps[kind] = schemas.replacing(kind)
        return recreation(kind, name)

    provisioners._property_recreation = stacks._property_recreation = informed
