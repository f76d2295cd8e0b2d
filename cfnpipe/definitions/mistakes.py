"""An exception from a definition to the line that an engineer would edit, and words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.definitions import complaints, faults, origins
from cfnpipe.definitions.explanation import Explanation, Mistake, clean, text
from cfnpipe.definitions.load import NoTemplate
from cfnpipe.definitions.trail import Trail, binding_line

if TYPE_CHECKING:
    from cfnpipe.definitions.origins import Origin
    from cfnpipe.definitions.plain import Objection
    from cfnpipe.definitions.scene import Scene


def explain(error: BaseException, scene: Scene, part: Any = None) -> Mistake:
    """Return what went wrong, at the engineers' innermost line or where the object at fault was made.

    `part`: the part of the template that was being rendered.
    """
    trail = Trail(error, scene.directory)
    if isinstance(error, SyntaxError) and str(error.filename).startswith(f"{scene.directory}/"):
        words, place = faults.syntax(error), (str(error.filename), error.lineno or 0, error.offset or 0)
    else:
        words = _explanation(error, trail)
        place = (*(_place(words, trail, part) or (scene.file, _binding(error, scene))), 0)
    file, line, column = place
    message = clean(words.message) + _user(file, trail, scene)
    return Mistake(scene.relative(file), line, column, words.rule, message, clean(words.hint))


def objection(found: Objection, lines: dict[str, Origin], scene: Scene) -> Mistake:
    """Return a value that is not JSON at the line that made the part of the template around it."""
    file, line = lines.get(origins.pointer(*found.keys[:2]), (scene.file, 0))
    message = clean(": ".join(filter(None, [found.pointer, found.message])))
    return Mistake(scene.relative(file), line, 0, "not-json", message, found.hint, clean(found.pointer))


def _explanation(error: BaseException, trail: Trail) -> Explanation:
    for attempt in (*complaints.COMPLAINTS, *faults.FAULTS):
        found = attempt(error, trail)
        if found is not None:
            return found
    return Explanation("definition-error", ": ".join(filter(None, [type(error).__name__, text(error)])))


def _place(words: Explanation, trail: Trail, part: Any) -> Origin | None:
    own = trail.own()
    return (
        origins.of(words.thing)
        or (trail.argument_line(words.keyword) if words.keyword else None)
        or (own[-1] if own else origins.of(trail.rendered()) or origins.of(part))
    )


def _user(file: str, trail: Trail, scene: Scene) -> str:
    """Return which definition led to a line of a helper."""
    if file == scene.file:
        return ""
    line = next((f":{line}" for own, line in trail.own() if own == scene.file), "")
    return f" (used by {scene.relative(scene.file)}{line})"


def _binding(error: BaseException, scene: Scene) -> int:
    return binding_line(scene.file, error.name) if isinstance(error, NoTemplate) and error.name else 0
