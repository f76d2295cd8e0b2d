"""The init stack `pipelines`: one pipeline a stack, except its own, which `sync` holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.blueprints import found, parts, sources, stack_pipeline
from cfnpipe.errors import BadInput
from cfnpipe.model import Place

if TYPE_CHECKING:
    from troposphere import Template

    from cfnpipe.model import Environment

DESCRIPTION = "The pipeline of every stack, and the rule that starts it."
RESOURCES = 500
"""What CloudFormation takes in one template."""


def template(environment: Environment) -> Template:
    """Return the template of `pipelines`, in the order of the stacks' names.

    Raise `BadInput` for an environment without a source, or with more stacks than one template holds.
    """
    sources.source(environment)
    made = parts.template(environment, DESCRIPTION)
    there = found.elsewhere(environment)
    resources = [
        resource
        for name in sorted(environment.stacks)
        if name != "pipelines"
        for resource in stack_pipeline.resources(environment, "pipelines", name, there)
    ]
    if len(resources) > RESOURCES:
        raise BadInput(
            f"{len(environment.stacks)} stacks need {len(resources)} pipelines and rules;"
            f" a template holds {RESOURCES} resources",
            where=Place(f"config/{environment.name}.yaml"),
            hint="move stacks to another environment",
        )
    for resource in resources:
        made.add_resource(resource)
    return made
