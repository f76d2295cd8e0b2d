"""Which definition is run, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """One definition of one repository."""

    root: str
    """The repository's absolute path."""
    definition: str
    """The definition's name."""

    @property
    def directory(self) -> str:
        """The absolute path of `templates/`."""
        return f"{self.root}/templates"

    @property
    def file(self) -> str:
        """The definition's absolute path."""
        return f"{self.directory}/{self.definition}.py"

    def relative(self, file: str) -> str:
        """Return a file's path in the repository."""
        return file.removeprefix(f"{self.root}/")
