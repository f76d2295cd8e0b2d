"""What each bundle carries, beside its bytes, for the people who will approve it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from cfnpipe import __version__

if TYPE_CHECKING:
    from cfnpipe.model.execution import Revision

SUMMARY = "codepipeline-artifact-revision-summary"
"""The key that CodePipeline's S3 source shows as the revision's summary, of at most 2,048 characters
(API reference, SourceRevision). All metadata of an object together may have 2 KB."""
_LONGEST = 500
_SHORT = 12


def metadata(revision: Revision | None) -> dict[str, str]:
    """Return an object's metadata: the tool, and the commit with a line about it where they are known."""
    made = {"tool": f"cfnpipe/{__version__}"}
    if revision is None:
        return made
    return {**made, "commit": plain(revision.commit), SUMMARY: summary(revision)}


def summary(revision: Revision) -> str:
    """Return a line about a commit: `1a2b3c4d5e6f Add a queue (Ada Example)`."""
    subject = plain(revision.summary.strip().partition("\n")[0])
    author = plain(revision.author)[:100]
    ends = plain(revision.commit[:_SHORT]), f"({author})" if author else ""
    room = _LONGEST - sum(map(len, ends)) - 2
    if len(subject) > room:
        subject = subject[: room - 3].rstrip() + "..."
    return " ".join(part for part in (ends[0], subject, ends[1]) if part)


def plain(text: str) -> str:
    """Return a text as it can travel in an HTTP header: printable ASCII, without a space too many.

    Letters lose their accents; what has no such form becomes a question mark.
    """
    spaced = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", unicodedata.normalize("NFKD", text))
    letters = "".join(char for char in spaced if not unicodedata.combining(char))
    return " ".join(letters.split()).encode("ascii", "replace").decode()
