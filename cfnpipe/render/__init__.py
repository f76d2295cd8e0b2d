"""From `config/` and `templates/` to `stacks/`: the whole way, in order.

config/*.yaml ──▶ Project ─┐
templates/*.py ──▶ definitions ──▶ Template ──▶ text ──▶ validate ──▶ [Problem]
                                                  │ none
                             stacks/*.json ◀──────┘
"""

from cfnpipe.render.checking import check
from cfnpipe.render.rendering import Options, Rendering, Run, begin, render

__all__ = ["Options", "Rendering", "Run", "begin", "check", "render"]
