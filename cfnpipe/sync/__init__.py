"""From committed files to bundles in S3, so that nothing is lost and nothing is fired twice.

stacks/*.json ──▶ committed ─┐
                             ├──▶ plan ──▶ apply ──▶ S3 bundle
S3 ──▶ preflight ──▶ look ───┘

`committed` needs no network; `prepare` takes the other steps up to the plan, and only reads; `plan` is pure;
`apply` writes each changed bundle once, and deletes last. docs/sync.md says what that guarantees.
"""

from cfnpipe.sync.apply import apply
from cfnpipe.sync.local import Committed, committed
from cfnpipe.sync.plan import plan
from cfnpipe.sync.prepare import Prepared, prepare
from cfnpipe.sync.report import exit_code, finished, planned

__all__ = [
    "Committed",
    "Prepared",
    "apply",
    "committed",
    "exit_code",
    "finished",
    "plan",
    "planned",
    "prepare",
]
