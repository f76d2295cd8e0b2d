"""The init stack `access`: every IAM principal, the service roles and what people may still do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from troposphere import GetAtt, Ref, Template

from cfnpipe.blueprints import parts, people, roles, sources

if TYPE_CHECKING:
    from cfnpipe.model import Environment

DESCRIPTION = "Every role of the change process, and what people may still do."


def template(environment: Environment) -> Template:
    """Return the template of `access`.

    Raise `BadInput` for an environment without a source.
    """
    sources.source(environment)
    made = parts.template(environment, DESCRIPTION)
    for role in roles.roles(environment):
        made.add_resource(role)
        export = parts.exported(environment, role.title, GetAtt(role, "Arn"), role.Description)
        made.add_output(export)
    for policy in people.policies(environment):
        made.add_resource(policy)
        made.add_output(parts.exported(environment, policy.title, Ref(policy), policy.Description))
    return made
