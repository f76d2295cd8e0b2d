"""The form of dynamic references: `{{resolve:service:name:version}}`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfnpipe.validate.document import below
from cfnpipe.validate.resolve import VARIABLE
from cfnpipe.validate.subject import Finding
from cfnpipe.wording import meant, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.validate.subject import StackView

_START = "{{resolve:"
_WHOLE = re.compile(r"\{\{resolve:([^{}]*)\}\}")
_NAME = r"[A-Za-z0-9_./-]+"
_ARN = r"arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:"
_FORMS = {
    "ssm": re.compile(rf"{_NAME}(:[0-9]+)?"),
    "ssm-secure": re.compile(rf"{_NAME}(:[0-9]+)?"),
    "secretsmanager": re.compile(rf"({_ARN})?[^:]+(:(SecretString)?(:[^:]*(:[^:]*(:[^:]*)?)?)?)?"),
}
_HINTS = {
    "ssm": "write {{resolve:ssm:NAME:VERSION}}",
    "ssm-secure": "write {{resolve:ssm-secure:NAME:VERSION}}",
    "secretsmanager": "write {{resolve:secretsmanager:NAME:SecretString:KEY}}",
}


def dynamic_reference(view: StackView) -> Iterator[Finding]:
    """Find a dynamic reference that CloudFormation would not understand."""
    for pointer, node in view.document.nodes:
        if isinstance(node, str) and _START in node:
            joined = "/Fn::Join/" in pointer  # A reference may be put together of several parts.
            for message, hint in _wrong(node, whole=not joined):
                yield Finding(message, pointer, hint)
    for name, value in view.configuration.get("Parameters", {}).items():
        for message, hint in _wrong(value, whole=True):
            yield Finding(message, below("/Parameters", name), hint, view.configured("parameters", name))


def _wrong(text: str, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield message and hint for each reference in a text; `whole`: none may be cut off."""
    plain = VARIABLE.sub("1", text)
    for found in _WHOLE.finditer(plain):
        service, _, rest = found[1].partition(":")
        if service not in _FORMS:
            hint = meant(service, _FORMS) or "use ssm, ssm-secure or secretsmanager"
            yield f"a dynamic reference to the unknown service {quoted(service)}", hint
        elif not _FORMS[service].fullmatch(rest):
            yield f"the dynamic reference {quoted(found[0])} is not understood", _HINTS[service]
    if whole and plain.count(_START) > len(_WHOLE.findall(plain)):
        yield "a dynamic reference does not end", "close it with }}"
