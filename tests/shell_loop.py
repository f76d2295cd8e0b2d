"""The shell loop that teams use to carry files from Git to S3, request by request, for comparison.

`aws s3 sync` fetches the whole bucket; then, for each file that differs, `aws s3 cp` of the file and
`aws s3 cp` of the zip that the pipeline watches; last, `aws s3 rm` of both for each file that is gone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.memory_s3 import MemoryBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.memory_s3 import Fault, MemoryS3


class _Shell(MemoryBucket):
    """The AWS CLI on the bucket: it writes without conditions."""

    def fetch(self) -> dict[str, bytes]:
        listed = self._request("list", "", lambda: list(self.server.contents()))
        return {key: self._request("get", key, lambda key=key: self._content(key)) for key in listed}

    def _content(self, key: str) -> bytes:
        version = self.server.current(key)
        return (version and version.content) or b""

    def copy(self, key: str, content: bytes) -> None:
        self._request("put", key, lambda: self.server.put(key, content, {}))

    def remove(self, key: str) -> None:
        self._request("delete", key, lambda: self.server.add(key, None))


def run(server: MemoryS3, tree: Mapping[str, str], faults: Callable[[int, str, str], Fault | None]) -> None:
    """Carry the stacks of a tree; raise `Crash` where the faults say so."""
    shell = _Shell(server, faults)
    there = shell.fetch()
    for stack, text in sorted(tree.items()):
        file = _file(stack)
        if there.get(file) != text.encode():
            shell.copy(file, text.encode())
            shell.copy(f"{file}.zip", _zip(text))
    for file in sorted(there):
        if file.endswith(".json") and file not in map(_file, tree):
            shell.remove(file)
            shell.remove(f"{file}.zip")


def carried(server: MemoryS3, stack: str) -> bytes | None:
    """What a stack's pipeline would take."""
    version = server.current(f"{_file(stack)}.zip")
    return version and version.content


def _file(stack: str) -> str:
    return f"stacks/{stack}.json"


def _zip(text: str) -> bytes:
    """What stands for the zip here; its bytes matter only as another object's."""
    return b"zip of " + hashlib.sha256(text.encode()).digest()
