"""The regions that there are."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def regions() -> frozenset[str]:
    """Return the names of AWS's regions, in all partitions.

    Read from botocore's data, because importing botocore or cfn-lint for a list of names takes a
    fraction of a second.
    """
    spec = find_spec("botocore")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    partitions = json.loads((folder / "data" / "partitions.json").read_bytes())["partitions"]
    return frozenset(
        region
        for partition in partitions
        for region in partition["regions"]
        if not region.endswith("-global")  # Not a place, but where a partition's global services are.
    )
