"""From a definition's file to the Template that it makes. Runs in a child of the warm process."""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from troposphere import Template


_EXPECTED = "expected a troposphere Template or a function of one argument"


class NoTemplate(Exception):
    """A definition ran to its end and its Template cannot be told."""

    def __init__(self, message: str, hint: str, name: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.name = name
        """The variable at fault, whose line is looked up in the source."""


def load(file: str) -> ModuleType:
    """Run a definition's file and return its module.

    Its folder is the last on `sys.path`: helpers beside it can be imported, and no file there shadows a
    library.
    """
    directory, _, name = file.removesuffix(".py").rpartition("/")
    sys.path.append(directory)
    spec = spec_from_file_location(_module_name(name, file), file)
    if spec is None or spec.loader is None:
        raise ImportError(name=name, path=file)
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(module: ModuleType) -> Template | Callable[[Any], Any]:
    """Return `template`, or else the only Template of the module, whatever it is called.

    Raise `NoTemplate` where there is none, more than one, or something else.
    """
    names = vars(module)
    if "template" in names:
        return _checked(names["template"])
    from troposphere import Template

    found = {id(value): name for name, value in reversed(names.items()) if isinstance(value, Template)}
    if len(found) > 1:
        raise NoTemplate(
            f"there are {len(found)} Templates: {', '.join(sorted(found.values()))}",
            "call the one to be rendered `template`",
        )
    if not found:
        raise NoTemplate(
            "there is no Template at module level",
            "write `template = Template()`, or a function `def template(environment)` that returns one",
        )
    only: Template = names[found.popitem()[1]]
    return only


def call(function: Callable[[Any], Any], environment: Any) -> Template:
    """Return what a definition's `template` function makes for an environment.

    Raise `NoTemplate` where that is no Template.
    """
    from troposphere import Template

    made = function(environment)
    if isinstance(made, Template):
        return made
    raise NoTemplate(
        f"template(): expected a troposphere Template, found {kind(made)}",
        "end the function with `return` and its Template",
        "template",
    )


def kind(value: Any) -> str:
    """Return what a value is, as engineers call it: `dict`, `None`, `class Vpc`."""
    if value is None:
        return "None"
    return f"class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _module_name(name: str, file: str) -> str:
    """Return the name by which an import finds the file, or one of its own where that is a library's."""
    with suppress(ValueError):  # a module that was put into sys.modules by hand
        found = find_spec(name)
        if found is not None and found.origin == file:
            return name
    return f"definition:{name}"


def _checked(value: Any) -> Template | Callable[[Any], Any]:
    from troposphere import Template

    if isinstance(value, Template):
        return value
    if isinstance(value, type) or not callable(value):
        raise NoTemplate(f"template: {_EXPECTED}, found {kind(value)}", _hint(value), "template")
    with suppress(ValueError):  # built-in callables without a signature
        signature = inspect.signature(value)
        try:
            signature.bind(None)
        except TypeError:
            raise NoTemplate(
                f"template: {_EXPECTED}, found template{signature}",
                "its one argument is the environment; give others a default",
                "template",
            ) from None
    return value


def _hint(value: Any) -> str:
    from troposphere import Template

    if isinstance(value, list) and any(isinstance(item, Template) for item in value):
        return "one file makes one template: write a file for each"
    return "write `template = Template()`"
