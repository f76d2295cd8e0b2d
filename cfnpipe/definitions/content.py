"""What a child has to say: a template as plain values and where its parts were made, or what is wrong.

The modules that explain mistakes are imported where there is one: most definitions have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.definitions import origins, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from troposphere import Template

    from cfnpipe.definitions.scene import Scene

_MOST = 50
"""Values that are named in one definition."""
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Metadata")


def of(template: Template, scene: Scene) -> dict[str, Any]:
    """Return `{"body": ..., "lines": ...}`, or `{"problems": [Mistake, ...]}` with all that is wrong."""
    lines = origins.lines(template)
    try:
        values, objections = plain.body(template.to_dict())
    except RecursionError:
        objections = [plain.loop({section: getattr(template, section.lower()) for section in _SECTIONS})]
    except Exception as error:  # noqa: BLE001 - whatever troposphere or engineers' classes raise
        return _explained(list(_errors(template)) or [(error, None)], scene)
    if objections:
        return _objected(objections[:_MOST], lines, scene)
    places = {pointer: (scene.relative(file), line) for pointer, (file, line) in lines.items()}
    return {"body": values, "lines": places}


def of_failure(error: BaseException, scene: Scene) -> dict[str, Any]:
    """Return what an exception means; where the definition was printing its template, all that is wrong."""
    from troposphere import Template

    from cfnpipe.definitions.trail import Trail

    printed = (Trail(error, scene.directory).inside("to_json") or {}).get("self")
    said = of(printed, scene) if isinstance(printed, Template) else {}
    return said if "problems" in said else _explained([(error, None)], scene)


def _explained(errors: list[tuple[BaseException, Any]], scene: Scene) -> dict[str, Any]:
    from cfnpipe.definitions import mistakes

    return {"problems": [mistakes.explain(error, scene, part) for error, part in errors]}


def _objected(
    objections: list[plain.Objection], lines: dict[str, origins.Origin], scene: Scene
) -> dict[str, Any]:
    from cfnpipe.definitions import mistakes

    return {"problems": [mistakes.objection(found, lines, scene) for found in objections]}


def _errors(template: Template) -> Iterator[tuple[Exception, Any]]:
    """Yield what is wrong with parts of a template that cannot be rendered as a whole, and the part."""
    from troposphere import encode_to_dict

    for section in _SECTIONS:
        for part in getattr(template, section.lower()).values():
            try:
                encode_to_dict(part)
            except Exception as error:  # noqa: BLE001 - as above
                yield error, part
