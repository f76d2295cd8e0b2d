"""What the tool makes of an ending: a template, or problems. The child's answer is read as data."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cfnpipe.definitions.contract import Built
from cfnpipe.definitions.explanation import Mistake, clean
from cfnpipe.model import Place, Problem, Template

if TYPE_CHECKING:
    from cfnpipe.definitions.ending import Ending

_LINES = 5
"""How much of what a definition printed is shown."""

_UNCLEAR = ("definition-error", "definition-exit", "definition-killed", "definition-timeout")


def built(ending: Ending, environment: str, *, root: str, timeout: float) -> Built:
    """Return what an ending says about a definition in one of its environments."""
    try:
        content = json.loads(ending.result) if ending.code == 0 else {}
        if "body" in content:
            return Built(environment, ending.definition, _template(ending, content))
        problems = tuple(_problem(Mistake(*mistake)) for mistake in content["problems"])
        if not problems:  # then the definition has written an answer of its own
            problems = (_broken_off(ending, root, timeout),)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        problems = (_broken_off(ending, root, timeout),)
    return Built(environment, ending.definition, None, tuple(_with_output(one, ending) for one in problems))


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
            "the machine may lack memory",
        )
    if ending.code < 0:
        return "definition-killed", f"its process was ended by {_signal(-ending.code)}", ""
    return (
        "definition-exit",
        f"its process ended with exit code {ending.code} and without a template",
        "it must run to its end, and close only files that it opened",
    )


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


def _printed(ending: Ending) -> str:
    return ending.output.decode(errors="replace")


def _with_output(problem: Problem, ending: Ending) -> Problem:
    """Return a problem with what the definition printed, unless the problem says better what is wrong.

    troposphere prints too, what it then raises.
    """
    return replace(problem, printed=_last_lines(ending)) if problem.rule in _UNCLEAR else problem


def _last_lines(ending: Ending) -> str:
    """Return the last lines that a definition printed, each cleaned; tracebacks of its own included."""
    lines = [clean(line) for line in _printed(ending).splitlines()]
    return "\n".join([line for line in lines if line][-_LINES:])


def _path(ending: Ending) -> str:
    return f"templates/{ending.definition}.py"
