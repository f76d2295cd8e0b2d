"""cfn-lint over many templates: rules built once, work spread over the cores, results kept.

Where every result is kept from an earlier run, cfn-lint is not even imported.
"""

from __future__ import annotations

import signal
import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cfnpipe.errors import BadInput
from cfnpipe.machine import cores
from cfnpipe.model import Place
from cfnpipe.validate.cache import open_cache
from cfnpipe.validate.linter import CRASH, Match, Subject, linter, settings_file
from cfnpipe.validate.workers import Died, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cfnpipe.validate.cache import Cache

__all__ = ["Match", "lint"]


def lint(
    subjects: Sequence[Subject],
    *,
    root: Path,
    jobs: int | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[tuple[Match, ...]]:
    """Return what cfn-lint finds in each text for its region, in the order of the subjects.

    `root`: the repository, where `.cfnlintrc` is. `jobs`: how many processes; default: one for each core.
    `cache`: a directory to use instead of the user's. `progress` hears how many are done, and of how many;
    equal subjects count once. No other thread may be alive, since processes are forked. Raise `BadInput` for
    settings that cfn-lint does not take.
    """
    tell = progress or (lambda _done, _of: None)
    kept = open_cache(cache, _settings(root))
    different = list(dict.fromkeys(subjects))
    found = {subject: matches for subject in different if (matches := _kept(kept, subject)) is not None}
    tell(len(found), len(different))
    missing = [subject for subject in different if subject not in found]
    for subject, matches in _run(missing, root, jobs or cores()):
        found[subject] = matches
        _keep(kept, subject, matches)
        tell(len(found), len(different))
    return [found[subject] for subject in subjects]


def _settings(root: Path) -> bytes:
    file = settings_file(root)
    try:
        return file.read_bytes() if file.is_file() else b""
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=Place(file.name)) from error


def _kept(cache: Cache | None, subject: Subject) -> tuple[Match, ...] | None:
    rows = cache.get(*subject) if cache else None
    try:
        return tuple(Match(**row) for row in rows) if isinstance(rows, list) else None
    except TypeError:
        return None


def _keep(cache: Cache | None, subject: Subject, matches: Iterable[Match]) -> None:
    if cache and all(match.rule != CRASH for match in matches):
        cache.put(*subject, [asdict(match) for match in matches])


def _run(subjects: Sequence[Subject], root: Path, jobs: int) -> Iterator[tuple[Subject, tuple[Match, ...]]]:
    """Yield each subject with what is found in it, in the order in which they are done."""
    if not subjects:
        return
    longest_first = sorted(subjects, key=lambda subject: len(subject[0]), reverse=True)
    with tempfile.TemporaryDirectory(prefix="cfnpipe-") as scratch:
        work = linter(root, (region for _, region in subjects), Path(scratch))
        with closing(spread(work, longest_first, jobs=jobs)) as results:
            for subject, result in results:
                yield subject, (_died(result),) if isinstance(result, Died) else result


def _died(died: Died) -> Match:
    reason = ", as the system does where memory runs out" if died.exit_code == -signal.SIGKILL else ""
    return Match(CRASH, f"cfn-lint did not finish: its process {died}{reason}")
