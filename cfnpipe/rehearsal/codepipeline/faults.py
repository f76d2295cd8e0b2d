"""What CodePipeline refuses, and how an action fails."""

from __future__ import annotations


class Fault(Exception):
    """A call that is refused: CodePipeline's code, such as `PipelineNotFoundException`, and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ActionFailed(Exception):
    """An action that fails.

    `code`: as `errorDetails` has it: `JobFailed`, `ConfigurationError`, `PermissionError`. `summary`: what
    the action had to say before; `external`: the id of what it started, such as a build.
    """

    def __init__(self, code: str, message: str, *, external: str = "", url: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.external = external
        self.url = url
