"""What the tool makes of an ending: a template, or problems. The child's answer is read as data."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any

from cfnpipe.definitions.contract import Built
from cfnpipe.definitions.explanation import Mistake, clean
from cfnpipe.model import Place, Problem, Template

if TYPE_CHECKING:
    from cfnpipe.definitions.ending import Ending


def built(ending: Ending, environment: str, *, root: str, timeout: float) -> Built:
    """Return what an ending says about a definition in one of its environments."""
    try:
        content = json.loads(ending.result) if ending.code == 0 else {}
        if "body" in content:
            return Built(environment, ending.definition, _template(ending, content))
        problems = tuple(_problem(Mistake(*mistake)) for mistake in content["problems"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        problems = (_broken_off(ending, root, timeout),)
    return Built(environment, ending.definition, None, problems)


def _template(ending: Ending, content: dict[str, Any]) -> Template:
    lines = {pointer: Place(path, line) for pointer, (path, line) in content["lines"].items()}
    return Template(_path(ending), content["body"], lines, _printed(ending))


def _problem(mistake: Mistake) -> Problem:
    place = Place(mistake.path, mistake.line, mistake.column)
    return Problem(place, mistake.rule, mistake.message, mistake.hint, mistake.pointer)


def _broken_off(ending: Ending, root: str, timeout: float) -> Problem:
    """Return the problem of a child that ended without a word, at the line where it was if that is known."""
    rule, message, hint = _fate(ending, timeout)
    found = re.search(
        rf'File "{re.escape(root)}/(templates/.+?)", line (\d+)', ending.result.decode(errors="replace")
    )
    place = Place(found[1], int(found[2])) if found else Place(_path(ending))
    return Problem(place, rule, message, hint)


def _fate(ending: Ending, timeout: float) -> tuple[str, str, str]:
    last = _printed(ending).strip().rpartition("\n")[2]
    printed = f"the last that it printed: {clean(last)}" if last else ""
    if ending.late:
        return (
            "definition-timeout",
            f"it was not done after {timeout:g} s",
            "if it waits for something, take that out; --timeout gives it more time",
        )
    if ending.code == -signal.SIGKILL:
        return (
            "definition-killed",
            "its process was ended by SIGKILL",
            printed or "the machine may lack memory",
        )
    if ending.code < 0:
        return "definition-killed", f"its process was ended by {_signal(-ending.code)}", printed
    return (
        "definition-exit",
        f"its process ended with exit code {ending.code} and without a template",
        printed or "it must run to its end, and close only files that it opened",
    )


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _printed(ending: Ending) -> str:
    return ending.output.decode(errors="replace")


def _path(ending: Ending) -> str:
    return f"templates/{ending.definition}.py"
