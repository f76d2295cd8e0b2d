"""YAML text becomes a tree.

The tree is built from the parser's events, so that nothing is guessed on the way: a key stays what
was written (`no` is a name, not a boolean), a second key of the same name is seen, and aliases, which
can make a small file huge, are refused before they are followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from cfnpipe.config.files import FORBIDDEN
from cfnpipe.config.nodes import Entry, Mapping, Scalar, Sequence
from cfnpipe.errors import ProblemsFound
from cfnpipe.model import Place, Problem
from cfnpipe.wording import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfnpipe.config.nodes import Node

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml is twenty times as fast, and part of every PyYAML wheel."""

_DEEPEST = 20
"""Levels of nesting. The format has five."""

_PLAIN = (None, "")
_REUSE = "write the value out, or share it between files with `extends`"
_TAB = "a tab stands where only spaces can"
_IN_WORDS = {
    "could not find expected ':'": "a key without `:`",
    "did not find expected ',' or ']'": "a `[` without its `]`, or a comma is missing",
    "did not find expected ',' or '}'": "a `{` without its `}`, or a comma is missing",
    "did not find expected node content": "a value is missing, or the end of a `[` or `{`",
    "did not find expected key": "a line that does not belong here: its indentation fits no line above",
    "did not find expected '-' indicator": "a line without `-` in a list",
    "found a tab character that violates indentation": _TAB,
    "found character that cannot start any token": "a value cannot begin with this character",
    "found unexpected end of stream": "a quote without its end",
    "found unknown escape character": "an escape that YAML does not know",
    "mapping values are not allowed in this context": "a second `: ` in a line, or too deep an indentation",
}
"""What libyaml says most often, for people who have not written a parser."""


def parse(text: str, path: str) -> Mapping:
    """Return the tree of a file. `path`: for places and messages. Raise `ProblemsFound` with all problems."""
    reader = _Reader(text, path)
    root = reader.document()
    if isinstance(root, Mapping) and not reader.problems:
        return root
    empty = Problem(
        Place(path, 1, 1), "bad-yaml", f"{path} holds no keys and values", "begin with `environment:`"
    )
    raise ProblemsFound(reader.problems or [empty], bad_input=True)


class _Reader:
    """Turns events into nodes, and remembers what was wrong on the way."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.lines = text.splitlines()
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node | None:
        """Return the root of the only document; None if the file has none."""
        try:
            next(self.events)
            first = next(self.events)
            if isinstance(first, yaml.StreamEndEvent):
                return None
            root = self.node(next(self.events), depth=1)
            next(self.events)
            after = next(self.events)
        except yaml.YAMLError as error:
            self.syntax(error)
            return None
        if isinstance(after, yaml.DocumentStartEvent):
            self.complain(after, "bad-yaml", "a second document begins here", "delete the line `---`")
        return root

    def node(self, event: yaml.Event, depth: int) -> Node:
        """Return the node that begins with `event`."""
        if depth > _DEEPEST:
            self.complain(event, "bad-yaml", f"nested deeper than {_DEEPEST} levels", "check the brackets")
            raise ProblemsFound(self.problems, bad_input=True)
        self.refuse_reuse(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self.node(item, depth + 1) for item in self.until(yaml.SequenceEndEvent))
            return Sequence(self.place(event), items)
        return self.scalar(event)

    def until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        """Yield the first event of each part, up to the event that ends them."""
        while not isinstance(event := next(self.events), end):
            yield event

    def mapping(self, start: yaml.Event, depth: int) -> Mapping:
        """Return the mapping that begins with `start`, without keys that cannot be used."""
        entries: dict[str, Entry] = {}
        for event in self.until(yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if name := self.name(event, key, entries):
                entries[name] = Entry(key.where, value)
        return Mapping(self.place(start), entries)

    def name(self, event: yaml.Event, key: Node, entries: dict[str, Entry]) -> str:
        """Return the name that a key is; empty, with a complaint, if it cannot be one."""
        if not isinstance(key, Scalar) or not key.text:
            self.complain(event, "bad-yaml", "a key must be a name", "write `name: value`")
            return ""
        if key.text == "<<" and not key.quoted:
            self.complain(event, "bad-yaml", "merge keys are not supported", _REUSE)
            return ""
        if first := entries.get(key.text):
            message = f"the key {quoted(key.text)} is there twice, first in line {first.where.line}"
            self.complain(event, "duplicate-key", message, "keep one of them")
            return ""
        return key.text

    def scalar(self, event: yaml.Event) -> Scalar:
        """Return the value that an event is; an alias, which was complained about, is an empty text."""
        if not isinstance(event, yaml.ScalarEvent):
            return Scalar(self.place(event), "", quoted=True)
        if event.style == '"' and (odd := FORBIDDEN.search(event.value)):
            message = f"an escape stands for the character U+{ord(odd.group()):04X}"
            self.complain(event, "bad-yaml", message, "delete it")
        return Scalar(self.place(event), event.value, quoted=event.style not in _PLAIN)

    def refuse_reuse(self, event: yaml.Event) -> None:
        """Complain about tags, anchors and aliases."""
        if getattr(event, "anchor", None):
            self.complain(event, "bad-yaml", "anchors and aliases are not supported", _REUSE)
        elif tag := getattr(event, "tag", None):
            short_tag = tag.replace("tag:yaml.org,2002:", "!!")
            message = f"the tag {quoted(short_tag)} is not supported"
            self.complain(event, "bad-yaml", message, "write a plain value, in quotes if it is text")

    def syntax(self, error: yaml.YAMLError) -> None:
        """Complain about text that is not YAML, where it begins to be wrong.

        What is never closed is noticed on a later line, or after the last; then its beginning is shown.
        """
        problem, context = (str(getattr(error, part, error)) for part in ("problem", "context"))
        marks: list[Any] = [getattr(error, part, None) for part in ("problem_mark", "context_mark")]
        if all(marks) and ("flow" in context or "quoted" in context) and marks[0].line > marks[1].line:
            marks.reverse()
        mark = next((mark for mark in marks if mark and mark.line < len(self.lines)), None)
        end = Place(self.path, max(len(self.lines), 1), 1)
        where = Place(self.path, mark.line + 1, mark.column + 1) if mark else end
        tab = mark and self.lines[mark.line][mark.column : mark.column + 1] == "\t"
        words = _TAB if tab else _IN_WORDS.get(problem, printable(problem))
        hint = (
            "indent with spaces"
            if words == _TAB
            else "fix it, or put a value with special characters in quotes"
        )
        self.problems.append(Problem(where, "bad-yaml", f"this is not YAML: {words}", hint))

    def complain(self, event: yaml.Event, rule: str, message: str, hint: str) -> None:
        """Remember a problem at the place of an event."""
        self.problems.append(Problem(self.place(event), rule, message, hint))

    def place(self, event: yaml.Event) -> Place:
        """Return where an event begins."""
        mark: Any = event.start_mark
        return Place(self.path, mark.line + 1, mark.column + 1)
