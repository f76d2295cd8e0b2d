"""What Python objects to, in the words of the person who wrote the definition.

As in `complaints`, each function looks at an exception and returns an `Explanation` or None.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe.definitions.explanation import Explanation, text
from cfnpipe.definitions.load import NoTemplate
from cfnpipe.errors import CfnpipeError
from cfnpipe.wording import meant

if TYPE_CHECKING:
    from cfnpipe.definitions.trail import Trail

_PYTHON_2 = re.compile(r"'print'|'exec'|multiple exception types")
_PYTHON_2_MODULES = frozenset(
    ["ConfigParser", "Queue", "StringIO", "cPickle", "cStringIO", "httplib", "urllib2", "urlparse"]
)
_REWRITE = "this is Python 2: write it for Python 3"
_NO_NAME = re.compile(
    r"cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"
    r"|module '(?P<owner>[\w.]+)' has no attribute '(?P<attribute>\w+)'"
)


def syntax(error: SyntaxError) -> Explanation:
    """Return the parser's words."""
    words = str(error.msg)
    hint = "save the file as UTF-8" if "'utf-8' codec" in words else ""
    return Explanation("definition-syntax", words, _REWRITE if _PYTHON_2.search(words) else hint)


def no_template(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a definition that ran to its end without a Template."""
    return Explanation("no-template", text(error), error.hint) if isinstance(error, NoTemplate) else None


def missing_module(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a module that is not installed, or never was there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package, _dot, rest = error.name.partition(".")
    hint = "install it where cfnpipe runs, and add it to the lock"
    if package in _PYTHON_2_MODULES:
        hint = _REWRITE
    elif rest and package in sys.modules:
        hint = meant(error.name, _submodules(package))
    return Explanation("missing-module", f"there is no module '{error.name}'", hint)


def missing_in_module(error: BaseException, trail: Trail) -> Explanation | None:
    """Explain a name that a module does not have, be it imported or looked up."""
    match = _NO_NAME.match(text(error))
    if match is None or not isinstance(error, (ImportError, AttributeError)):
        return None
    name, module = match["name"] or match["attribute"], match["module"] or match["owner"]
    return Explanation("missing-name", f"{module} has no '{name}'", _elsewhere(module, name, trail))


def missing_file(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a file that is not there, which often lies beside the definition."""
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, str):
        return None
    hint = ""
    if not Path(error.filename).is_absolute():
        hint = 'definitions run in the repository\'s root: write Path(__file__).parent / "..."'
    return Explanation("missing-file", f"there is no file '{error.filename}'", hint)


def end(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a definition that ends Python, as scripts do."""
    if not isinstance(error, SystemExit):
        return None
    how = "" if error.code is None else repr(error.code)
    hint = "a definition runs without arguments, and to its end"
    return Explanation("definition-exit", f"it ends Python: sys.exit({how})", hint)


def no_memory(error: BaseException, _: Trail) -> Explanation | None:
    """Explain that the limit on memory is reached."""
    if not isinstance(error, MemoryError):
        return None
    return Explanation("definition-memory", "it needs more memory than a definition may use, which is 4 GiB")


def question(error: BaseException, _: Trail) -> Explanation | None:
    """Explain a definition that asks whoever runs it."""
    if not isinstance(error, EOFError) or "reading a line" not in text(error):
        return None
    hint = "make it a parameter of the template, or a setting in config/"
    return Explanation("definition-error", "it asks for input, and nobody is there to answer", hint)


def refused(error: BaseException, _: Trail) -> Explanation | None:
    """Explain that a blueprint cannot make an init stack for the environment, in its own words."""
    if not isinstance(error, CfnpipeError):
        return None
    return Explanation("init-stack", error.message, error.hint)


FAULTS = (no_template, missing_module, missing_in_module, missing_file, end, no_memory, question, refused)
"""No two of them fit one exception."""


def _elsewhere(module: str, name: str, trail: Trail) -> str:
    """Return where a name may be instead, for what troposphere moved and for shadowed helpers."""
    if module.startswith("troposphere.") and hasattr(sys.modules["troposphere"], name):
        return f"write `from troposphere import {name}`"
    if Path(f"{trail.directory}/{module}.py").exists():
        return f"a library is called {module} too: give the helper another name"
    return meant(name, dir(sys.modules.get(module)))


def _submodules(package: str) -> list[str]:
    return [
        f"{package}.{file.stem}" for path in sys.modules[package].__path__ for file in Path(path).glob("*.py")
    ]
