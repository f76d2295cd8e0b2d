"""How things look: model objects in, text for a terminal, JSON or CI annotations out.

All knowledge of the terminal is here: colour (which never carries a meaning alone, and is left out
with `NO_COLOR`), width, progress.
"""

from cfnpipe.view import document
from cfnpipe.view.bootstrap import bootstrap_document, next_steps, show_next
from cfnpipe.view.changes import show_changes, show_diffs, show_summary
from cfnpipe.view.deployment import (
    brought_document,
    show_brought,
    show_change_set,
    show_event,
    show_note,
)
from cfnpipe.view.document import show_json
from cfnpipe.view.fleet import show_standings, standings_document
from cfnpipe.view.problems import github_annotations, show_error, show_problems, show_stale, show_verdict
from cfnpipe.view.rehearsal import show_activity, show_offer, show_positions, show_rehearsed
from cfnpipe.view.terminal import errors, output, progress
from cfnpipe.view.transfer import show_transfers, show_warnings, transfer_document

__all__ = [
    "bootstrap_document",
    "brought_document",
    "document",
    "errors",
    "github_annotations",
    "next_steps",
    "output",
    "progress",
    "show_activity",
    "show_brought",
    "show_change_set",
    "show_changes",
    "show_diffs",
    "show_error",
    "show_event",
    "show_json",
    "show_next",
    "show_note",
    "show_offer",
    "show_positions",
    "show_problems",
    "show_rehearsed",
    "show_stale",
    "show_standings",
    "show_summary",
    "show_transfers",
    "show_verdict",
    "show_warnings",
    "standings_document",
    "transfer_document",
]
