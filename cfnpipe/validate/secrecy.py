"""What a secret in plain text looks like.

Tuned for few false alarms: a name must end in a word for a secret, so that `SecretArn` and
`PasswordLength` do not count, and its value must be a text that could be one.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cfnpipe.validate.document import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

_CERTAIN = re.compile(
    r"(password|passwd|passphrase|api[_-]?key([_-]?value)?|private[_-]?key|secret[_-]?(access[_-]?)?key)$",
    re.IGNORECASE,
)
_LIKELY = re.compile(r"(secret|secret[_-]?string|token)$", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(service|event_?source|client|request|creation|idempotency|next|task|continuation)[_-]?token$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"/?[a-z_.]+([/-][a-z_.]+)+")
"""A name or a path, such as `production/database`."""
_NO_VALUE = re.compile(
    r"\{\{|\$|<|arn:|/[\w./-]*$|(true|false|none|null|seconds|minutes|hours|days)$", re.IGNORECASE
)
"""What is not a secret itself: a dynamic reference, a variable, a placeholder, a path, a setting."""
_PAIRS = (
    ("Name", "Value"),
    ("Key", "Value"),
    ("OptionName", "Value"),
    ("HeaderName", "HeaderValue"),
    ("name", "value"),
    ("key", "value"),
)
_VALUES = frozenset(value for _, value in _PAIRS)

_TOKENS = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)(?![A-Z0-9]*EXAMPLE\b)[A-Z0-9]{16}\b"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----"),
    "an address with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@?#]+:(?![${<*])[^\s:/@?#]+@"),
}
_ANY_TOKEN = re.compile("|".join(pattern.pattern for pattern in _TOKENS.values()))


@lru_cache(maxsize=4_096)
def named(name: str) -> bool:
    """Tell whether the thing of that name would be a secret."""
    return bool(_CERTAIN.search(name) or (_LIKELY.search(name) and not _HARMLESS.search(name)))


def plain(name: str, value: Any) -> bool:
    """Tell whether a value of that name is a secret in plain text."""
    if not (isinstance(value, str) and named(name) and value.strip()) or _NO_VALUE.match(value):
        return False
    return bool(_CERTAIN.search(name)) or not _WORDS.fullmatch(value)


def token(text: str) -> str:
    """Return what sort of credential a text contains, `a GitHub token`; nothing if it contains none."""
    if not _ANY_TOKEN.search(text):
        return ""
    return next(what for what, pattern in _TOKENS.items() if pattern.search(text))


def inside(text: str) -> Iterator[str]:
    """Yield the names of the secrets in a text that is itself a JSON object."""
    if text.lstrip().startswith("{"):
        try:
            nodes = list(walk(json.loads(text)))
        except (ValueError, RecursionError):
            return
        for _, node in nodes:
            yield from (name for name, _ in held(node))


def held(node: Any) -> Iterator[tuple[str, str]]:
    """Yield name and key of the secrets that a JSON object holds: `{"Password": "..."}`, or as a pair.

    Pairs are `{"Name": "DB_PASSWORD", "Value": "..."}` and its like; those whose `Type` says that the
    value is only the name of a secret are none.
    """
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if plain(key, value) or (isinstance(value, list) and any(_plain_entries(key, value))):
            yield key, key
    if _VALUES.isdisjoint(node):  # as nearly always, and this is asked of every object
        return
    if node.get("Type") not in ("SECRETS_MANAGER", "PARAMETER_STORE"):
        for name_key, value_key in _PAIRS:
            name = node.get(name_key) if value_key in node else None
            if isinstance(name, str) and plain(name, node[value_key]):
                yield name, value_key


def _plain_entries(key: str, values: list[Any]) -> Iterator[bool]:
    """Yield for each entry of `Passwords` or its like whether it is in plain text."""
    one = key.removesuffix("s")
    return (one != key and bool(_CERTAIN.search(one)) and plain(one, value) for value in values)
