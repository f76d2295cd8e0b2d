"""Properties that a resource type does not have, or cannot do without: AWS fails the resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnpipe.rehearsal.cloudformation import schemas

if TYPE_CHECKING:
    from cfnpipe.rehearsal.cloudformation.operations import ResourceOperation


_STRICTER = "AWS::CodePipeline::Pipeline"
"""A type whose handler here looks at more, and says it as AWS does for this type."""


def check(operation: ResourceOperation) -> str | None:
    """Return what is wrong with the names of a resource's properties; their values are not looked at."""
    if operation.does == "delete" or operation.type == _STRICTER:
        return None
    required, known = schemas.properties(operation.type)
    given = operation.properties.keys()
    told = [f"#: required key [{name}] not found" for name in sorted(required - given)]
    told += [f"#: extraneous key [{name}] is not permitted" for name in sorted(given - known) if known]
    listed = "\n".join(told)
    wrong = f"Properties validation failed for resource {operation.logical_id} with message:\n{listed}"
    return wrong if told else None
