"""Secrets in plain text, which everybody with the repository, the stack or the bundle could read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cfnpipe.validate import secrecy
from cfnpipe.validate.document import below, last
from cfnpipe.validate.given import given
from cfnpipe.validate.subject import Finding, hidden
from cfnpipe.validate.wording import MASK
from cfnpipe.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.model import Place
    from cfnpipe.validate.subject import StackView

_MANAGER = "keep it in Secrets Manager and write {{resolve:secretsmanager:NAME:SecretString:KEY}}"


def plaintext_secret(view: StackView) -> Iterator[Finding]:
    """Find a password, token or key that stands in the template or the configuration."""
    for pointer, node in view.document.nodes:
        yield from _in_template(pointer, node)
    for name, declared in view.section("Parameters").items():
        text = not hidden(declared) and _takes_text(declared)
        if text and secrecy.plain(name, declared.get("Default")):
            yield _named(name, below("/Parameters", name, "Default"))
    for section in ("Parameters", "Tags"):
        for name, value in view.configuration.get(section, {}).items():
            declared = view.section("Parameters").get(name, {}) if section == "Parameters" else {}
            if not hidden(declared) and _takes_text(declared):
                yield from _in_configuration(name, value, view.configured(section.lower(), name))


def _in_template(pointer: str, node: Any) -> Iterator[Finding]:
    if isinstance(node, str):
        if what := secrecy.token(node):
            yield _credential(what, pointer)
        for name in secrecy.inside(node):
            yield _named(name, pointer)
    elif isinstance(node, dict):
        for name, key in secrecy.held(node):
            yield _named(name, below(pointer, key))


def _in_configuration(name: str, value: str, where: Place) -> Iterator[Finding]:
    if what := secrecy.token(value):
        yield _credential(what, where=where)
    elif secrecy.plain(name, value):
        yield _named(name, where=where)


def _takes_text(declared: Any) -> bool:
    """Tell whether a value may be the secret itself: not where it is the name of an SSM parameter."""
    return not str(declared.get("Type", "")).startswith(("AWS::", "List<"))


def _named(name: str, pointer: str = "", where: Place | None = None) -> Finding:
    return Finding(f"{quoted(name)} is a secret in plain text: {MASK}", pointer, _MANAGER, where)


def _credential(what: str, pointer: str = "", where: Place | None = None) -> Finding:
    place = f" in {quoted(last(pointer))}" if pointer else ""
    return Finding(f"{what} stands in plain text{place}", pointer, f"revoke it; then {_MANAGER}", where)


def noecho_value(view: StackView) -> Iterator[Finding]:
    """Find a NoEcho parameter with a plain value, which the committed configuration would show."""
    for each in given(view):
        if each.where and _shows(each.value) and each.hidden and _takes_text(each.declared):
            yield Finding(
                f"{quoted(each.name)} is NoEcho, and its value stands in plain text: {MASK}",
                each.pointer,
                _MANAGER,
                each.where,
            )


def noecho_default(view: StackView) -> Iterator[Finding]:
    """Find a NoEcho parameter with a plain default, which the template shows to everybody."""
    for name, declared in view.section("Parameters").items():
        default = declared.get("Default")
        if hidden(declared) and isinstance(default, str) and _shows(default):
            yield Finding(
                f"{quoted(name)} is NoEcho, and its default stands in plain text: {MASK}",
                below("/Parameters", name, "Default"),
                "take the default away",
            )


def _shows(value: str) -> bool:
    return bool(value.strip()) and "{{resolve:" not in value
