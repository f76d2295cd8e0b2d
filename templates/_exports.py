"""How stacks share values: each export is named for its stack, such as `production-us-network:VpcId`.

A stack's name begins with its environment, so that environments of one account never meet.
"""

from collections.abc import Callable
from typing import Any

from troposphere import Export, ImportValue, Output, Parameter, Sub, Template


def export(template: Template, name: str, value: Any, description: str) -> None:
    """Add an output that other stacks can import."""
    template.add_output(
        Output(name, Description=description, Value=value, Export=Export(Sub(f"${{AWS::StackName}}:{name}")))
    )


def imports(template: Template, parameter: str) -> Callable[[str], ImportValue]:
    """Add a parameter for the name of a stack. Return the function that imports one of its exports."""
    template.add_parameter(
        Parameter(
            parameter,
            Description=f"Stack to import from, such as production-us-{parameter.lower()}",
            Type="String",
            AllowedPattern="^[a-z][a-z0-9-]*$",
            ConstraintDescription="must be the name of a stack",
        )
    )
    return lambda name: ImportValue(Sub(f"${{{parameter}}}:{name}"))
