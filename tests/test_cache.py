from __future__ import annotations

import os
import shutil
import stat
import time
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfnpipe.validate.cache import Cache, open_cache
from cfnpipe.validate.workers import spread

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 60 * 60
RESULT = [{"rule": "E3012", "message": "é"}]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return opened(tmp_path / "caches" / "cfnpipe")


def opened(directory: Path | None, rules: bytes = b"") -> Cache:
    found = open_cache(directory, rules)
    assert found is not None
    return found


def entries(cache: Cache) -> list[Path]:
    return sorted(path for path in cache.directory.iterdir() if path.name != "pruned")


def age(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(results=st.dictionaries(st.tuples(st.text(st.characters()), st.text()), st.lists(st.integers())))
def test_every_text_and_region_has_its_own_result(
    cache: Cache, results: dict[tuple[str, str], list[int]]
) -> None:
    for subject, result in results.items():
        cache.put(*subject, result)

    assert {subject: cache.get(*subject) for subject in results} == results


def test_what_was_not_put_is_not_found(cache: Cache) -> None:
    cache.put("{}", "us-east-1", RESULT)

    assert cache.get("{}", "us-east-1") == RESULT
    assert cache.get("{}", "us-east-2") is None
    assert cache.get("{} ", "us-east-1") is None


def test_text_and_region_are_told_apart(cache: Cache) -> None:
    cache.put("{}us", "-east-1", RESULT)

    assert cache.get("{}", "us-east-1") is None


def test_other_settings_find_nothing(tmp_path: Path) -> None:
    opened(tmp_path, b"ignore_checks: [E3012]").put("{}", "us-east-1", RESULT)

    assert opened(tmp_path).get("{}", "us-east-1") is None
    assert opened(tmp_path, b"ignore_checks: [E3012]").get("{}", "us-east-1") == RESULT


def test_the_versions_of_what_decides_are_part_of_the_key(cache: Cache) -> None:
    for name in ("cfn-lint", "networkx", "sympy", "regex"):
        assert f'"{name} {metadata.version(name)}"' in cache.circumstances


def test_newer_schemas_in_the_users_cache_are_part_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    opened(None).put("{}", "us-east-1", RESULT)
    for caches in (tmp_path, tmp_path / "Library/Caches"):
        schemas = caches / "aws/cfn-lint/schemas"
        schemas.mkdir(parents=True)
        (schemas / "version.json").write_bytes(b'{"schema_date": "2099-01-01"}\xff')

    assert opened(None).get("{}", "us-east-1") is None


@pytest.mark.parametrize("key", ["append_rules", "custom_rules", "override_spec", "registry_schemas"])
def test_nothing_is_kept_where_the_rules_are_in_other_files(tmp_path: Path, key: str) -> None:
    assert open_cache(tmp_path, f"{key}: [rules]\n".encode()) is None


def test_it_is_below_xdg_cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))

    assert opened(None).directory == tmp_path / "xdg/cfnpipe/lint"


@pytest.mark.parametrize("relative", ["", "caches", "./caches"])
def test_else_it_is_below_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert opened(None).directory == tmp_path / ".cache/cfnpipe/lint"


def test_only_the_owner_can_read_it(cache: Cache) -> None:
    cache.put("{}", "us-east-1", RESULT)

    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in entries(cache)] == [0o600]


def test_a_directory_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "lint").mkdir()
    (tmp_path / "lint").chmod(0o777)

    assert open_cache(tmp_path, b"") is None


def test_a_file_in_the_place_of_the_directory_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cfnpipe").write_text("")

    assert open_cache(tmp_path / "cfnpipe", b"") is None


def test_a_directory_that_disappears_is_no_error(cache: Cache) -> None:
    cache.put("{}", "us-east-1", RESULT)
    shutil.rmtree(cache.directory)

    assert cache.get("{}", "us-east-1") is None
    cache.put("{}", "us-east-1", RESULT)
    assert cache.get("{}", "us-east-1") is None


@pytest.mark.parametrize("content", [b"", b"[", b"\x00" * 20, b"\xff\xfe", b'[{"rule": "E30'])
def test_a_damaged_entry_is_found_missing_and_replaced(cache: Cache, content: bytes) -> None:
    cache.put("{}", "us-east-1", RESULT)
    entries(cache)[0].write_bytes(content)

    assert cache.get("{}", "us-east-1") is None
    cache.put("{}", "us-east-1", RESULT)
    assert cache.get("{}", "us-east-1") == RESULT


def test_a_folder_in_the_place_of_an_entry_is_no_error(cache: Cache) -> None:
    cache.put("{}", "us-east-1", RESULT)
    entry = entries(cache)[0]
    entry.unlink()
    entry.mkdir()

    assert cache.get("{}", "us-east-1") is None
    cache.put("{}", "us-east-1", RESULT)
    assert cache.get("{}", "us-east-1") is None


def test_what_was_not_used_for_a_month_is_removed(cache: Cache) -> None:
    for text in ("unused", "used", "abandoned"):
        cache.put(text, "us-east-1", RESULT)
    for entry in entries(cache):
        age(entry, 31)
    assert cache.get("used", "us-east-1") == RESULT
    age(cache.directory / "pruned", 2)

    cache.put("new", "us-east-1", RESULT)

    assert cache.get("used", "us-east-1") == RESULT
    assert cache.get("unused", "us-east-1") is None
    assert len(entries(cache)) == 2


def test_it_is_looked_through_once_a_day_only(cache: Cache) -> None:
    cache.put("old", "us-east-1", RESULT)
    age(entries(cache)[0], 31)

    cache.put("new", "us-east-1", RESULT)

    assert len(entries(cache)) == 2


def test_runs_at_the_same_time_see_whole_entries(cache: Cache) -> None:
    result = RESULT * 2000

    def read_and_write(_: int) -> bool:
        seen = []
        for _ in range(50):
            cache.put("{}", "us-east-1", result)
            seen.append(cache.get("{}", "us-east-1") == result)
        return all(seen)

    assert dict(spread(read_and_write, range(4), jobs=4)) == dict.fromkeys(range(4), True)
    assert len(entries(cache)) == 1
