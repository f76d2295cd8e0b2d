"""TemplatePath and TemplateConfiguration: a template and its values from input artifacts."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfnpipe.rehearsal.codepipeline.faults import ActionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cfnpipe.rehearsal.codepipeline.actions.job import Job

_KEYS = {"Parameters", "Tags", "StackPolicy"}


@dataclass(frozen=True)
class Bundle:
    """What a stack is made from."""

    template: bytes
    """The template's text."""
    parameters: Mapping[str, str]
    """Values by parameter."""
    tags: Mapping[str, str]
    """The stack's tags."""
    policy: Mapping[str, Any] | None
    """The stack's policy, of which only the mode CREATE_UPDATE takes notice."""


def read(job: Job) -> Bundle:
    """Return what the action's input artifacts have. Raise `ActionFailed` if it is missing or wrong."""
    template = _file(job, job.settings["TemplatePath"])
    path = job.settings.get("TemplateConfiguration")
    found = _configuration(_file(job, path), path) if path else {}
    values = found.get("Parameters", {})
    _check_declared(template, values)
    return Bundle(template, values, found.get("Tags", {}), found.get("StackPolicy"))


def _file(job: Job, path: str) -> bytes:
    artifact, _, name = path.partition("::")
    with zipfile.ZipFile(io.BytesIO(job.fetch(artifact))) as archive:
        try:
            return archive.read(name)
        except KeyError:
            text = f"File [{name}] does not exist in artifact [{artifact}]"
            raise ActionFailed("InvalidActionConfiguration", text) from None


def _configuration(content: bytes, path: str) -> dict[str, Any]:
    """Return a template configuration: JSON of strings only, as the guide shows it; numbers are refused."""
    try:
        found = json.loads(content)
    except ValueError as error:
        raise _wrong(path, f"it is no JSON: {error}") from error
    if not isinstance(found, dict) or set(found) - _KEYS:
        raise _wrong(path, f"it may have {', '.join(sorted(_KEYS))} only")
    for key in ("Parameters", "Tags"):
        part = found.get(key, {})
        if not isinstance(part, dict):
            raise _wrong(path, f"Value of property {key} must be an object")
        for name, value in part.items():
            if not isinstance(value, str):
                raise _wrong(path, f"Value of property {key} must be a string: {name} is {json.dumps(value)}")
    return found


def _wrong(path: str, text: str) -> ActionFailed:
    return ActionFailed("InvalidActionConfiguration", f"Template configuration {path} is not valid: {text}")


def _check_declared(template: bytes, values: Mapping[str, str]) -> None:
    """Refuse values for parameters that are not declared, as CreateChangeSet does."""
    try:
        declared = json.loads(template).get("Parameters", {})
    except ValueError as error:
        raise ActionFailed("JobFailed", f"Template format error: JSON not well-formed. ({error})") from error
    unknown = sorted(set(values) - set(declared))
    if unknown:
        text = f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        raise ActionFailed("JobFailed", text)
