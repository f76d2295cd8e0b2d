"""Measure, print ratios, keep them in docs/bench.json: `make bench`."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import project, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BIN = Path(sys.executable).parent
CFNPIPE = str(BIN / "cfnpipe")
RESULTS = Path(__file__).parents[2] / "docs/bench.json"
STACKS = 100


def seconds(command: Sequence[str], cwd: Path, **environment: str) -> float:
    """Run a command to its end and return how long it took. Raise `CalledProcessError` if it fails."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, check=True, capture_output=True)
    return time.perf_counter() - start


def medians(rounds: int, *runs: Callable[[], float]) -> list[float]:
    """Return the median of each run; the runs take turns, so that noise meets all of them."""
    taken = [[run() for run in runs] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def row(name: str, ours: float, other: str, theirs: float, target: float | None) -> dict[str, object]:
    """Print one ratio and return it."""
    ratio = ours / theirs
    wanted = f"target at most {target}" if target else "no target"
    print(f"{name}: {ours:.3f} s, {other}: {theirs:.3f} s, ratio {ratio:.2f} ({wanted})")
    return {"what": name, "seconds": ours, "against": other, "its_seconds": theirs, "ratio": ratio}


def help_text(folder: Path) -> dict[str, object]:
    """`cfnpipe --help` against an interpreter that does nothing."""
    ours, floor = medians(
        15,
        lambda: seconds([CFNPIPE, "--help"], folder),
        lambda: seconds([sys.executable, "-c", "pass"], folder),
    )
    return row("cfnpipe --help", ours, "python -c pass", floor, 6)


def cached(folder: Path, made: Path) -> dict[str, object]:
    """Render with every lint result cached, against one bare process.

    Neither keeps bytecode of definitions: a checkout in CI is always new. What was rendered before is
    moved away and not removed, because ext4 makes files slowly where many have just been removed.
    """
    (folder / "bare").mkdir()
    script = folder / "bare.py"
    script.write_text(project.BARE)
    cache = str(folder / "cache")
    seconds([CFNPIPE, "render"], made, XDG_CACHE_HOME=cache)
    (folder / "earlier").mkdir()

    def ours() -> float:
        (made / "stacks").rename(folder / "earlier" / str(time.monotonic_ns()))
        return seconds([CFNPIPE, "render"], made, XDG_CACHE_HOME=cache)

    bare = [sys.executable, "-B", str(script), str(made / "templates"), str(folder / "bare")]
    taken, floor = medians(7, ours, lambda: seconds(bare, folder))
    return row(f"render {STACKS} stacks, lint cached", taken, "one bare process", floor, 3)


def cold(folder: Path, made: Path) -> dict[str, object]:
    """Render with an empty cache, against the cfn-lint command on the same files."""
    files = sorted(str(path) for path in made.glob("stacks/*/*/template.json"))

    def ours() -> float:
        shutil.rmtree(folder / "cache")
        return seconds([CFNPIPE, "render"], made, XDG_CACHE_HOME=str(folder / "cache"))

    lint = [str(BIN / "cfn-lint"), "-r", "us-east-1", "-t", *files]
    taken, peer = medians(3, ours, lambda: seconds(lint, made))
    return row(f"render {STACKS} stacks, lint cold", taken, "cfn-lint", peer, 0.75)


def sceptre(folder: Path, made: Path, command: str) -> dict[str, object]:
    """Render against `sceptre generate`, which validates nothing."""
    project.make_sceptre(folder / "sceptre", made)
    cache = str(folder / "cache")
    taken, peer = medians(
        3,
        lambda: seconds([CFNPIPE, "render"], made, XDG_CACHE_HOME=cache),
        lambda: seconds([command, "generate", "."], folder / "sceptre"),
    )
    return row(f"render {STACKS} stacks, lint cached", taken, "sceptre generate", peer, None)


def memory(folder: Path) -> dict[str, object]:
    """Peak memory of the tool's own process for 100 and for 400 stacks, beside the text they make."""
    peaks, texts = [], []
    for stacks in (STACKS, 4 * STACKS):
        made = folder / f"memory-{stacks}"
        project.make(made, stacks)
        seconds([CFNPIPE, "render"], made, XDG_CACHE_HOME=str(folder / "cache"))
        peaks.append(_peak([CFNPIPE, "render"], made, str(folder / "cache")))
        texts.append(sum(path.stat().st_size for path in made.glob("stacks/*/*/*")) / 1e6)
    grown, text = peaks[1] - peaks[0], texts[1] - texts[0]
    print(f"memory: {grown:.1f} MB more for {text:.1f} MB more text, peak {peaks[1]:.0f} MB")
    return {"what": "memory", "megabytes_more": grown, "megabytes_of_text_more": text, "peaks": peaks}


def _peak(command: Sequence[str], cwd: Path, cache: str) -> float:
    """Return a command's own peak memory in MB, children not counted."""
    done = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, "XDG_CACHE_HOME": cache}, stdout=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(done.pid, 0)
    return usage.ru_maxrss / 1024


def main() -> None:
    """Measure everything that can be measured here."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = folder / "project"
        project.make(made, STACKS)
        results = [help_text(folder), cached(folder, made), cold(folder, made)]
        peer = shutil.which("sceptre", path=os.environ.get("PEERS", os.environ["PATH"]))
        if peer:
            results.append(sceptre(folder, made, peer))
        results.append(memory(folder))
        synced = sync.run(folder / "sync")
        sync.show(synced, RESULTS.with_name("sync.md"))
        results += synced
    limits = {"python": platform.python_version(), "cores": os.cpu_count()}
    RESULTS.write_text(json.dumps({"machine": limits, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
