"""The pipeline of every stack, and the rule that starts it."""

from troposphere import Template

from cfnpipe.blueprints import pipelines
from cfnpipe.model import Environment


def template(environment: Environment) -> Template:
    """Return the template of the init stack `pipelines`."""
    return pipelines.template(environment)
