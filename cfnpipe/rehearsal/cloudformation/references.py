"""What the parts of a template ask of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def references(template: Mapping[str, Any], block: str) -> Iterator[tuple[str, str | None]]:
    """Yield the name of each reference that is no pseudo parameter, and the attribute that it asks for."""
    from ministack.services.cloudformation import engine

    for part in template.get(block, {}).values():
        told = [part.get(key) for key in ("Properties", "Value", "Export", "Metadata")]
        for name, attribute in engine._intrinsic_references(told):
            if not name.startswith("AWS::"):
                yield name, attribute
        needed = part.get("DependsOn", []) if block == "Resources" else []
        yield from ((each, None) for each in ([needed] if isinstance(needed, str) else needed))
