"""Every role of the change process, and what people may still do beside it."""

from troposphere import Template

from cfnpipe.blueprints import access
from cfnpipe.model import Environment


def template(environment: Environment) -> Template:
    """Return the template of the init stack `access`."""
    return access.template(environment)
