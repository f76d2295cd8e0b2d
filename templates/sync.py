"""What carries changes from Git to S3, and what every stack's pipeline needs."""

from pathlib import Path

from troposphere import Template

from cfnpipe.blueprints import builds, sync
from cfnpipe.model import Environment

ROOT = Path(__file__).parents[1]


def template(environment: Environment) -> Template:
    """Return the template of the init stack `sync`, with the buildspecs and the lock as they are here."""
    buildspecs = {name: (ROOT / f"buildspecs/{name}.yml").read_text("utf-8") for name in builds.PROJECTS}
    lock = (ROOT / environment.tool.lock).read_bytes()
    return sync.template(environment, buildspecs, lock)
