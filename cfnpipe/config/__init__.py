"""`config/*.yaml` becomes a `Project`, or every error in it with file and line."""

from cfnpipe.config.editors import schema
from cfnpipe.config.project import find, load

__all__ = ["find", "load", "schema"]
