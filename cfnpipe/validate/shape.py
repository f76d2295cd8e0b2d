"""The first look at a stack's files: whether they are what every other rule relies on.

A stack that does not pass goes neither to the other rules nor to cfn-lint, and these findings cannot
be ignored. Rendered files always pass; committed ones may have been edited by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.model import Place
from cfnpipe.validate.document import Unreadable, below, read
from cfnpipe.validate.subject import Finding
from cfnpipe.validate.wording import kind
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cfnpipe.validate.subject import StackView

_DEEPEST = 100
_SECTIONS = ("Conditions", "Mappings", "Metadata", "Outputs", "Parameters", "Resources", "Rules")
_ENTRIES = ("Mappings", "Outputs", "Parameters", "Resources")
_TYPED = ("Parameters", "Resources")
_RENDER = "run: cfnpipe render"


def malformed(view: StackView) -> Iterator[tuple[str, Finding]]:
    """Yield rule id and finding for what keeps a stack from being looked at further."""
    unreadable = list(unreadable_json(view))
    yield from (("unreadable-json", finding) for finding in unreadable)
    if not unreadable:
        yield from (("malformed-template", finding) for finding in malformed_template(view))
        yield from (("malformed-configuration", finding) for finding in malformed_configuration(view))
        yield from (("malformed-protection", finding) for finding in malformed_protection(view))


def unreadable_json(view: StackView) -> Iterator[Finding]:
    """Find a committed file that is not JSON, or that says one key twice."""
    rendered = view.rendered
    files = (("template", rendered.template), ("configuration", rendered.configuration))
    for name, text in (*files, ("protection", rendered.protection or "{}")):
        try:
            read(text)
        except Unreadable as error:
            where = Place(view.file(f"{name}.json"), error.line, error.column)
            yield Finding(f"no JSON that can be used: {error}", hint=_RENDER, where=where)


def malformed_template(view: StackView) -> Iterator[Finding]:
    """Find a template whose outline is not a template's."""
    document = read(view.rendered.template)
    if not isinstance(document.value, dict):
        yield _no_object("the template", document.value)
        return
    if any(pointer.count("/") > _DEEPEST for pointer, _ in document.nodes):
        yield Finding(f"the template is nested more than {_DEEPEST} levels deep", hint="make it flatter")
    for section in _SECTIONS:
        yield from _wrong_section(section, document.value.get(section, {}))


def _wrong_section(section: str, value: Any) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield _no_object(section, value, f"/{section}")
        return
    for name, entry in value.items() if section in _ENTRIES else ():
        if not name.startswith("Fn::"):  # What a transform fills in may have any shape.
            yield from _wrong_entry(section, name, entry)


def _wrong_entry(section: str, name: str, entry: Any) -> Iterator[Finding]:
    pointer = below(f"/{section}", name)
    what = f"{quoted(name)} in {section}"
    if not isinstance(entry, dict):
        yield _no_object(what, entry, pointer)
        return
    if section in _TYPED and not (isinstance(entry.get("Type"), str) and entry["Type"]):
        yield Finding(f"{what} has no Type", pointer, "give it one: a string")
    if section == "Resources" and not isinstance(entry.get("Properties", {}), dict):
        yield _no_object(f"Properties of {quoted(name)}", entry["Properties"], f"{pointer}/Properties")


def malformed_configuration(view: StackView) -> Iterator[Finding]:
    """Find a configuration that CodePipeline does not take: every value must be a string."""
    where = Place(view.file("configuration.json"))
    configuration = read(view.rendered.configuration).value
    if not isinstance(configuration, dict):
        yield _no_object("the configuration", configuration, where=where)
        return
    yield from _unknown_keys("the configuration", configuration, ("Parameters", "Tags", "StackPolicy"), where)
    for section in ("Parameters", "Tags"):
        yield from _wrong_values(section, configuration.get(section, {}), where)


def _wrong_values(section: str, values: Any, where: Place) -> Iterator[Finding]:
    if not isinstance(values, dict):
        yield _no_object(section, values, f"/{section}", where)
        return
    for name, value in values.items():
        if not isinstance(value, str):
            message = f"{quoted(name)} in {section} must be a string, not {kind(value)}"
            yield Finding(message, below(f"/{section}", name), _RENDER, where)


def malformed_protection(view: StackView) -> Iterator[Finding]:
    """Find a protection whose outline is wrong: it says `StackPolicy` and `TerminationProtection`."""
    if view.rendered.protection is None:
        return
    where = Place(view.file("protection.json"))
    protection = read(view.rendered.protection).value
    if not isinstance(protection, dict):
        yield _no_object("the protection", protection, where=where)
        return
    yield from _unknown_keys("the protection", protection, ("StackPolicy", "TerminationProtection"), where)
    policy = protection.get("StackPolicy", {})
    if not isinstance(policy, dict):
        yield _no_object("StackPolicy", policy, "/StackPolicy", where)
    termination = protection.get("TerminationProtection", False)
    if not isinstance(termination, bool):
        message = f"TerminationProtection must be true or false, not {kind(termination)}"
        yield Finding(message, "/TerminationProtection", _RENDER, where)


def _unknown_keys(
    what: str, value: Mapping[str, Any], known: Collection[str], where: Place
) -> Iterator[Finding]:
    for key in value:
        if key not in known:
            yield Finding(
                f"{what} has the unknown key {quoted(key)}", below("", key), choice(key, known), where
            )


def _no_object(what: str, value: Any, pointer: str = "", where: Place | None = None) -> Finding:
    hint = _RENDER if where else "write an object"
    return Finding(f"{what} must be an object, not {kind(value)}", pointer, hint, where)


SHAPE_RULES = (unreadable_json, malformed_template, malformed_configuration, malformed_protection)
