"""`config/*.yaml` becomes a `Project`: text is kept, bases merge, and everything has its place."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cfnpipe import config
from cfnpipe.config.files import FORBIDDEN
from cfnpipe.config.merge import merge
from cfnpipe.config.nodes import Entry, Mapping, Scalar, Sequence
from cfnpipe.config.reader import parse
from cfnpipe.errors import BadInput, ProblemsFound
from cfnpipe.model import ConnectionSource, Place, Project, Protection
from tests.conftest import ROOT, Golden, Repository

HEAD = "environment: test\nregion: us-east-1\n"
SOURCE = """\
environment: test
region: us-east-1
account: "111122223333"
review: [owners]
notify: [infrastructure@example.com]
source:
  provider: github
  connection: arn:aws:codeconnections:us-east-1:111122223333:connection/0aaa
  repository: example/infrastructure
  branch: main
"""
DEFINITIONS = ("network", "access", "sync", "pipelines")


def project(files: dict[str, str | bytes]) -> Project:
    """Load a repository that has these files in `config/`, and four definitions."""
    with tempfile.TemporaryDirectory() as folder:
        made = Repository(Path(folder) / "repository")
        for name in DEFINITIONS:
            made.write(f"templates/{name}.py", "")
        for name, text in files.items():
            made.write(f"config/{name}", text)
        return config.load(made.root)


def lines(files: dict[str, str | bytes]) -> list[str]:
    """What is wrong with these files, as a reader sees it; nothing if they can be loaded."""
    try:
        project(files)
    except ProblemsFound as error:
        found = error.problems
    else:
        found = ()
    return [
        line
        for problem in found
        for line in (f"{problem.where}: {problem.rule}: {problem.message}", f"  hint: {problem.hint}")
    ]


def test_an_environment_says_what_its_file_says() -> None:
    loaded = project({"test.yaml": SOURCE + "stacks:\n  network:\n    tags: {Owner: platform}\n"})
    assert list(loaded.environments) == ["test"]
    environment = loaded.environments["test"]
    assert (environment.name, environment.region, environment.account) == (
        "test",
        "us-east-1",
        "111122223333",
    )
    assert isinstance(environment.source, ConnectionSource)
    assert environment.source.repository == "example/infrastructure"
    assert environment.stacks["network"].template == "network"
    assert environment.stacks["network"].tags == {"Owner": "platform"}


def test_init_stacks_are_there_wherever_there_is_a_source() -> None:
    entry = "stacks:\n  sync: {tags: {Owner: platform}, ignore: {E3012: known}}\n"
    stacks = project({"test.yaml": SOURCE + entry}).environments["test"].stacks
    assert sorted(stacks) == ["access", "pipelines", "sync"]
    assert stacks["access"].capabilities == ("CAPABILITY_NAMED_IAM",)
    marked = {"Owner": "platform", "cfnpipe:init-stack": "sync"}
    assert (stacks["sync"].template, stacks["sync"].tags) == ("sync", marked)
    assert {stack.protection for stack in stacks.values()} == {Protection(termination=True)}
    assert project({"test.yaml": HEAD}).environments["test"].stacks == {}


def test_environments_are_sorted_and_other_files_are_no_environments() -> None:
    files: dict[str, str | bytes] = {
        "b.yaml": HEAD.replace("test", "b"),
        "a.yaml": HEAD.replace("test", "a"),
        "_base.yaml": "nonsense: true",
        ".hidden.yaml": "nonsense: true",
        "README.md": "about",
        "shared/c.yaml": "nonsense: true",
    }
    assert list(project(files).environments) == ["a", "b"]


def test_every_value_has_the_place_of_its_key() -> None:
    base = "stacks:\n  network:\n    tags: {Owner: platform}\n    parameters:\n      Zones: 2\n"
    over = "extends: _base.yaml\n" + HEAD + "stacks:\n  network:\n    parameters: {A: x, List: [b, c]}\n"
    loaded = project({"test.yaml": over, "shared/_x.yaml": "", "_base.yaml": base})
    assert loaded.where("test") == Place("config/test.yaml", 1, 1)
    assert loaded.where("test", "region") == Place("config/test.yaml", 3, 1)
    assert loaded.where("test", "stacks", "network") == Place("config/test.yaml", 5, 3)
    assert loaded.where("test", "stacks", "network", "tags", "Owner") == Place("config/_base.yaml", 3, 12)
    parameters = ("stacks", "network", "parameters")
    assert loaded.where("test", *parameters, "Zones") == Place("config/_base.yaml", 5, 7)
    assert loaded.where("test", *parameters, "List") == Place("config/test.yaml", 6, 24)
    assert loaded.where("test", *parameters, "List", "1") == Place("config/test.yaml", 6, 34)


@pytest.mark.parametrize(
    "text",
    [
        *("2", "010", "1.10", "no", "yes", "on", "Off", "true", "1_000", "12:30:45", "2026-01-31", "0x1F"),
        *("1e3", ".inf", "-1", "+1", "0b1", "10.0.0.0/16", "2001:db8::1", "2026-01-31T12:00:00Z", "="),
    ],
)
def test_parameters_and_tags_keep_the_text_of_the_file(text: str) -> None:
    stack = (
        f"stacks:\n  network:\n    parameters: {{A: {text}, B: [{text}, x]}}\n    tags:\n      C: {text}\n"
    )
    read = project({"test.yaml": HEAD + stack}).environments["test"].stacks["network"]
    assert read.parameters == {"A": text, "B": (text, "x")}
    assert read.tags == {"C": text}


def test_keys_keep_the_text_of_the_file() -> None:
    stack = "stacks:\n  network:\n    parameters: {no: a, 010: b}\n    tags: {yes: c, 2026-01-31: d, ~: e}\n"
    read = project({"test.yaml": HEAD + stack}).environments["test"].stacks["network"]
    assert read.parameters == {"no": "a", "010": "b"}
    assert read.tags == {"yes": "c", "2026-01-31": "d", "~": "e"}


def test_blocks_and_quotes_are_text() -> None:
    block = "B: |\n        one\n        two\n"
    stack = f'stacks:\n  network:\n    parameters:\n      A: ""\n      {block}      C: "~"\n'
    read = project({"test.yaml": HEAD + stack}).environments["test"].stacks["network"]
    assert read.parameters == {"A": "", "B": "one\ntwo\n", "C": "~"}


PLAIN = st.from_regex(r"[A-Za-z0-9_.+/-]([A-Za-z0-9_.:+/%@=-]*[A-Za-z0-9_])?", fullmatch=True)
ANY = st.text(st.characters(codec="utf-8")).filter(lambda text: not FORBIDDEN.search(text))


@given(PLAIN.filter(lambda text: text.lower() != "null" and text not in ("-", "---", "...")))
def test_any_plain_text_survives(text: str) -> None:
    stack = f"stacks:\n  network:\n    parameters:\n      A: {text}\n"
    read = project({"test.yaml": HEAD + stack}).environments["test"].stacks["network"]
    assert read.parameters == {"A": text}


@given(ANY)
def test_any_quoted_text_survives(text: str) -> None:
    stack = "stacks: {network: {parameters: {A: " + json.dumps(text, ensure_ascii=False) + "}}}\n"
    read = project({"test.yaml": HEAD + stack}).environments["test"].stacks["network"]
    assert read.parameters == {"A": text}


def scalars(path: str) -> st.SearchStrategy[Scalar]:
    return st.builds(Scalar, st.just(Place(path, 1, 1)), st.sampled_from("xyz"))


def trees(path: str) -> st.SearchStrategy[Mapping]:
    """Mappings of which every place says which file they are from."""
    place = st.just(Place(path, 1, 1))
    nodes: st.SearchStrategy[Any] = st.recursive(
        scalars(path) | st.builds(Sequence, place, st.lists(scalars(path), max_size=2).map(tuple)),
        lambda inner: mappings(place, inner),
        max_leaves=8,
    )
    return mappings(place, nodes)


def mappings(place: st.SearchStrategy[Place], nodes: st.SearchStrategy[Any]) -> st.SearchStrategy[Mapping]:
    entries = st.dictionaries(st.sampled_from("abc"), st.builds(Entry, place, nodes), max_size=3)
    return st.builds(Mapping, place, entries)


@given(trees("base"), trees("over"))
def test_merging_keeps_what_is_not_said_again_and_takes_what_is(base: Mapping, over: Mapping) -> None:
    merged = merge(base, over)
    assert merged.entries.keys() == base.entries.keys() | over.entries.keys()
    for key, entry in merged.entries.items():
        both = [tree.entries[key].value for tree in (base, over) if key in tree.entries]
        if len(both) == 2 and all(isinstance(value, Mapping) for value in both):
            assert isinstance(both[0], Mapping)
            assert isinstance(both[1], Mapping)
            assert entry == Entry(Place("over", 1, 1), merge(both[0], both[1]))
        else:
            assert entry.value is both[-1]


@given(trees("base"))
def test_merging_nothing_or_the_same_changes_nothing(tree: Mapping) -> None:
    nothing = Mapping(tree.where)
    assert merge(tree, nothing) == merge(nothing, tree) == merge(tree, tree) == tree


@given(trees("base"), trees("over"))
def test_merging_twice_is_merging_once(base: Mapping, over: Mapping) -> None:
    assert merge(merge(base, over), over) == merge(base, over)


def test_bases_extend_bases_and_lists_replace_lists() -> None:
    files: dict[str, str | bytes] = {
        "test.yaml": HEAD + "extends: shared/_a.yaml\nreview: [operations]\nsource: null\n",
        "shared/_a.yaml": "extends: _b.yaml\nmax_delete: 2\nstacks: {network: {parameters: {Zones: 3}}}\n",
        "_b.yaml": SOURCE + "max_delete: 5\nstacks: {network: {parameters: {Zones: 2, Days: 7}}}\n",
    }
    environment = project(files).environments["test"]
    assert environment.max_delete == 2
    assert environment.review == ("operations",)
    assert environment.source is None
    assert environment.stacks["network"].parameters == {"Zones": "3", "Days": "7"}


def test_a_policy_is_read_once_for_all_stacks_that_name_it() -> None:
    stacks = """\
stacks:
  network: {protection: {policy: protection/all.json}}
  other: {template: network, protection: {policy: protection/all.json, termination: true}}
"""
    policy = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
    loaded = project({"test.yaml": HEAD + stacks, "protection/all.json": json.dumps(policy)})
    assert loaded.policies == {"protection/all.json": policy}


def test_the_repository_is_found_from_below(repository: Repository) -> None:
    below = repository.root / "templates/deep"
    below.mkdir()
    assert config.find(below) == repository.root.resolve()
    assert config.find(repository.root) == repository.root.resolve()


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        config.find(tmp_path)
    assert caught.value.message == f"there is no config/*.yaml in {tmp_path} or above it"
    assert caught.value.hint == "run cfnpipe in a repository that has config/ and templates/"


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda path: path.mkdir(), "is a folder, not a file", "rename it or move it away"),
        (os.mkfifo, "is not a regular file", "put a text file there"),
        (
            lambda path: path.symlink_to(sys.executable),
            "is a link to a place outside the repository",
            "put the file itself there",
        ),
        (
            lambda path: path.symlink_to("nowhere"),
            "cannot be read: No such file or directory",
            "check the file and its rights",
        ),
        (
            lambda path: path.symlink_to(path.name),
            "cannot be read: Too many levels of symbolic links",
            "check the file and its rights",
        ),
        (
            lambda path: path.write_bytes(b"#" * (1024 * 1024 + 1)),
            "is larger than 1,048,576 bytes",
            "split it with `extends`",
        ),
    ],
)
def test_what_is_no_file_of_the_repository(
    repository: Repository, make: Any, message: str, hint: str
) -> None:
    make(repository.root / "config/odd.yaml")
    with pytest.raises(ProblemsFound) as caught:
        config.load(repository.root)
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.rule, problem.message, problem.hint) == (
        "config/odd.yaml",
        "unreadable-file",
        f"config/odd.yaml {message}",
        hint,
    )
    assert caught.value.exit_code == 2


def test_a_link_inside_the_repository_is_followed(repository: Repository) -> None:
    repository.write("shared/base.yaml", "max_delete: 7\n")
    (repository.root / "config/_base.yaml").symlink_to("../shared/base.yaml")
    repository.write("config/test.yaml", HEAD + "extends: _base.yaml\n")
    assert config.load(repository.root).environments["test"].max_delete == 7


def test_names_that_cannot_be_shown(repository: Repository) -> None:
    repository.write("config/a\nb\x1b.yaml", HEAD)
    with pytest.raises(ProblemsFound) as caught:
        config.load(repository.root)
    (problem,) = caught.value.problems
    assert str(problem.where) == "config"
    assert problem.message == r"'a\nb\x1b.yaml' has a name that cannot be shown"


def test_a_definition_is_a_file_in_its_folder(repository: Repository) -> None:
    repository.write("shared/network.py", "")
    (repository.root / "templates/network.py").unlink()
    (repository.root / "templates/network.py").symlink_to("../shared/network.py")
    with pytest.raises(ProblemsFound) as caught:
        config.load(repository.root)
    (problem,) = caught.value.problems
    assert str(problem.where) == "config/test.yaml:4:3"
    assert problem.message == "stacks.network: templates/network.py is not a file inside templates/"


@pytest.mark.parametrize(
    "path", ["templates/network.py", "templates/_shared.py", "templates/_shared", "templates"]
)
def test_no_link_in_templates_leads_out_of_the_repository(repository: Repository, path: str) -> None:
    link = repository.root / path
    if path == "templates":
        link.rename(repository.root.parent / "elsewhere")
    link.unlink(missing_ok=True)
    link.symlink_to(repository.root.parent / "elsewhere")
    with pytest.raises(ProblemsFound) as caught:
        config.load(repository.root)
    (problem,) = caught.value.problems
    assert (str(problem.where), problem.rule, problem.message, problem.hint) == (
        path,
        "link-outside",
        f"{path} is a link to a place outside the repository",
        "put the file itself there",
    )


def test_a_helper_may_be_a_link_inside_the_repository(repository: Repository) -> None:
    repository.write("shared/names.py", "")
    (repository.root / "templates/_names.py").symlink_to("../shared/names.py")
    assert config.load(repository.root).environments["test"].name == "test"


def test_a_policy_leads_nowhere_else(repository: Repository) -> None:
    repository.write(
        "config/test.yaml", HEAD + "stacks: {network: {protection: {policy: protection/a.json}}}\n"
    )
    repository.write("elsewhere.json", "{}")
    (repository.root / "config/protection").mkdir()
    (repository.root / "config/protection/a.json").symlink_to("../../elsewhere.json")
    with pytest.raises(ProblemsFound) as caught:
        config.load(repository.root)
    (problem,) = caught.value.problems
    assert problem.message == "config/protection/a.json is a link to a place outside config"


MISTAKES: dict[str, dict[str, str]] = yaml.safe_load(
    (ROOT / "tests/data/config/mistakes.yaml").read_text("utf-8")
)
STARTS = {"whole": "", "more": HEAD, "source": SOURCE}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    says = MISTAKES[name]["says"]
    files: dict[str, str | bytes] = {
        "test.yaml" if key in STARTS else key: STARTS.get(key, "") + text
        for key, text in MISTAKES[name].items()
        if key != "says"
    }
    assert "\n".join(lines(files)) + "\n" == says


@pytest.mark.parametrize(
    ("data", "place", "message", "hint"),
    [
        (b"# \xe9\n", ":3:3", "is not UTF-8 here", "save the file as UTF-8"),
        ("é: x\x00\n".encode(), ":3:5", "holds the character U+0000", "delete it"),
        (b"a: \x1b[2J\n", ":3:4", "holds the character U+001B", "delete it"),
        ("a: x\u2028b: y\n".encode(), ":3:5", "holds the character U+2028", "delete it"),
        ("# a \u202e b\n".encode(), ":3:5", "holds the character U+202E", "delete it"),
        ("a: \ufeff\n".encode(), ":3:4", "holds the character U+FEFF", "delete it"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, place: str, message: str, hint: str) -> None:
    path = "config/test.yaml"
    expected = [f"{path}{place}: unreadable-file: {path} {message}", f"  hint: {hint}"]
    assert lines({"test.yaml": HEAD.encode() + data}) == expected


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (("\ufeff" + HEAD).encode(), "begins with a byte order mark", "save it as UTF-8 without BOM"),
        (HEAD.encode("utf-16"), "is not UTF-8 here", "save the file as UTF-8"),
    ],
)
def test_other_encodings(data: bytes, message: str, hint: str) -> None:
    expected = [f"config/test.yaml:1:1: unreadable-file: config/test.yaml {message}", f"  hint: {hint}"]
    assert lines({"test.yaml": data}) == expected


def test_more_than_aws_takes() -> None:
    tags = [f"T{number}: a" for number in range(49)] + ["k" * 129 + ": a", "Long: " + "v" * 257]
    blocks = "\n      ".join(["tags:", *tags])
    expected = f"expected a key of 1 to 128 characters, found '{'k' * 99}…'"
    assert lines({"test.yaml": HEAD + f"stacks:\n  network:\n    {blocks}\n"}) == [
        f"config/test.yaml:55:7: bad-value: stacks.network.tags: {expected}",
        "  hint: write it like: Owner",
    ]
    blocks = "\n      ".join(["tags:", *tags[:49], "U: a", "Long: " + "v" * 257])
    assert lines({"test.yaml": HEAD + f"stacks:\n  network:\n    {blocks}\n"}) == [
        "config/test.yaml:5:5: bad-tag: stacks.network.tags: there are 51, and AWS takes 50",
        "  hint: take some out",
        "config/test.yaml:56:7: bad-tag: stacks.network.tags.Long: 257 characters, and AWS takes 256",
        "  hint: shorten it",
    ]


def test_a_policy_without_an_end() -> None:
    stack = "stacks: {network: {protection: {policy: a.json}}}\n"
    for depth in (21, 500, 100_000):
        assert lines({"test.yaml": HEAD + stack, "a.json": "[" * depth + "]" * depth}) == [
            "config/a.json: bad-policy: config/a.json is nested deeper than 20 levels",
            "  hint: keep what is meant",
        ]


def test_a_small_file_cannot_grow() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghijklmnop"))
    assert_clean(found := lines({"test.yaml": bomb}))
    assert len(found) == 2 * (16 + 2 * 15)


def test_a_mistake_in_a_base_is_shown_once_and_all_files_are_read() -> None:
    files: dict[str, str | bytes] = {
        "_base.yaml": "regoin: x\n",
        "a.yaml": "extends: _base.yaml\nenvironment: a\nregion: us-east-1\n",
        "b.yaml": "extends: _base.yaml\nenvironment: b\nregion: us-east-1\naccount: 1\n",
        "c.yaml": "a: [",
    }
    assert [line.split(": ")[:2] for line in lines(files)[::2]] == [
        ["config/_base.yaml:1:1", "unknown-key"],
        ["config/b.yaml:4:10", "wrong-type"],
        ["config/c.yaml:1:1", "bad-yaml"],
    ]


CLEAN = re.compile(r"config/[^\n]+: [a-z-]+: [^\n]+|  hint: [^\n]+")
FOREIGN = re.compile(r"pydantic|Input should|valid (string|array|integer|boolean)|Traceback", re.IGNORECASE)


def assert_clean(found: list[str]) -> None:
    """Every message is one printable line with a place, a rule and a hint, in our own words."""
    for line in found:
        assert CLEAN.fullmatch(line), line
        assert line.isprintable(), line
        assert not FOREIGN.search(line), line


@given(
    st.binary(max_size=200) | st.text("ab:-[]{}#&*!|>'\"%@`? \n\t\r<.,0~é\x00\ufeff\u2028").map(str.encode)
)
def test_any_bytes_give_problems_and_nothing_else(data: bytes) -> None:
    assert_clean(lines({"test.yaml": HEAD.encode() + data}))
    assert_clean(lines({"test.yaml": data}))


VALUES = ("~", "5", "-5", "010", "1.5", "true", "no", "2026-01-31", "''", "x", "A b", "é", "[]", "[~]", "[5]")
MAPPINGS = ("{}", "{a: b}", "{a: ~}", "{a: {b: c}}", "{'é\\n': 1}", "[[a]]", "[{a: b}]", '["\\n"]')


def fields(schema: dict[str, Any], part: dict[str, Any], depth: int = 0) -> list[str]:
    """Every field of the format, as flow YAML with `@` in the place of its value."""
    part = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
    found = ["@"]
    for name, inner in (*part.get("properties", {}).items(), *part.get("patternProperties", {}).items()):
        key = "network" if name == "^[a-z][a-z0-9-]*$" else "Name" if name.startswith("^") else name
        found += [f"{{{key}: {text}}}" for text in fields(schema, inner, depth + 1)]
    for inner in (inner for key in ("anyOf", "oneOf") for inner in part.get(key, ())):
        found += fields(schema, inner, depth + 1)
    if isinstance(part.get("additionalProperties"), dict):
        found += [f"{{Name: {text}}}" for text in fields(schema, part["additionalProperties"], depth + 1)]
    return found


@pytest.mark.parametrize("text", sorted(set(fields(config.schema(), config.schema()))))
def test_any_value_of_any_field_gives_problems_and_nothing_else(text: str) -> None:
    for value in (*VALUES, *MAPPINGS):
        said = text.replace("@", value)
        for extra in ("", "provider: s3", "provider: github, branch: main", "provider: codecommit"):
            both = said.replace("{source: {", f"{{source: {{{extra}, ") if extra else said
            if both != said or not extra:
                assert_clean(lines({"_base.yaml": both, "test.yaml": HEAD + "extends: _base.yaml\n"}))


@pytest.mark.parametrize("value", ["{a: S}", "[S, ~]", "[S, [S]]", "[{a: S}]", '"S\\e"', "&a S", "S: S"])
def test_values_of_parameters_and_tags_are_never_shown(value: str) -> None:
    value = value.replace("S", "hunter2")
    for block in ("parameters", "tags"):
        stack = f"stacks:\n  network:\n    {block}:\n      A: {value}\n      {'x' * 300}: hunter2\n"
        found = lines({"test.yaml": HEAD + stack})
        assert found
        assert "hunter2" not in "".join(found)


def test_the_schema_is_current(golden: Golden) -> None:
    golden.check(ROOT / "docs/config.schema.json", json.dumps(config.schema(), indent=2) + "\n")


def test_the_schema_takes_what_is_right_and_finds_what_is_wrong() -> None:
    validator = jsonschema.Draft202012Validator(config.schema())
    validator.check_schema(config.schema())
    for path in sorted((ROOT / "config").glob("*.yaml")):
        assert list(validator.iter_errors(yaml.safe_load(path.read_text("utf-8")))) == []
    text = (
        "stacks: {network: {parameters: {A: 1, B: [no, 1.5], C: x}, tags: {D: 010}}}\nextends: shared/_x.yaml"
    )
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    for wrong in (
        "regoin: x",
        "account: 1",
        "stacks: {A_b: {}}",
        "source: {provider: x}",
        "extends: base.yaml",
    ):
        assert list(validator.iter_errors(yaml.safe_load(wrong))) != [], wrong


def names(part: Any) -> set[str]:
    """The names of all fields in a schema."""
    if isinstance(part, list):
        return set().union(*map(names, part))
    if not isinstance(part, dict):
        return set()
    return set(part.get("properties", {})) | set().union(*map(names, part.values()))


def test_the_reference_names_every_field_and_value() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert {name for name in names(config.schema()) if f"`{name}`" not in page} == set()
    values = re.findall(r'"enum": (\[.*?\])|"const": (".*?")', json.dumps(config.schema()))
    listed = {
        value for enum, const in values for value in (json.loads(enum) if enum else [json.loads(const)])
    }
    assert {value for value in listed if f"`{value}`" not in page and f": {value}`" not in page} == set()


def test_the_reference_lists_every_rule_and_every_rule_has_a_mistake() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \|", page.partition("## What can be wrong")[2], re.MULTILINE)
    says = "".join(mistake["says"] for mistake in MISTAKES.values())
    assert sorted(listed) == sorted(set(re.findall(r"^config[^ ]*: ([a-z-]+): ", says, re.MULTILINE)))


def test_the_examples_of_the_reference_can_be_loaded() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    whole, base, over = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert parse(whole, "whole").entries["environment"].where.line == 3
    files: dict[str, str | bytes] = {"_base.yaml": base, "production-us.yaml": over}
    stack = project(files).environments["production-us"].stacks["network"]
    assert (stack.parameters, stack.tags) == ({"Zones": "3", "FlowLogDays": "7"}, {"Owner": "platform"})
