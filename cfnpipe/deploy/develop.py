"""`deploy`: an engineer's own stacks, changed directly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cfnpipe.deploy.bring import Order, bring_all
from cfnpipe.deploy.submission import INLINE, size, submission
from cfnpipe.errors import BadInput, Refused
from cfnpipe.model import INIT_STACKS
from cfnpipe.wording import choice, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cfnpipe.aws import Bucket
    from cfnpipe.deploy.dialogue import Dialogue
    from cfnpipe.deploy.operation import Cloud
    from cfnpipe.model import Environment, Project, RenderedStack
    from cfnpipe.model.deployment import Brought, Submission


@dataclass(frozen=True)
class Development:
    """What one run of `deploy` is asked to do."""

    environment: Environment
    rendered: Mapping[str, RenderedStack]
    """The chosen stacks by name."""
    ranks: Mapping[str, int]
    """Which of them come first; see `validate.dependencies`."""
    bucket: Bucket | None = None
    """Where templates go that are too long to be sent along."""
    dry_run: bool = False
    execute: bool = True


def choose(project: Project, name: str, stacks: Sequence[str]) -> tuple[str, ...]:
    """Return the stacks that are meant in the environment `name`; none means all.

    Raise `Refused` for a protected environment, `BadInput` for a stack that there is not, or that belongs to
    the process.
    """
    environment = project.environments[name]
    if environment.protected:
        raise Refused(
            f"{environment.name} is protected: only its pipelines change it",
            where=project.where(environment.name, "protected"),
            hint="merge the change, and approve it; `protected: false` is for an engineer's own environment",
        )
    ordinary = [name for name in environment.stacks if name not in INIT_STACKS]
    for stack in stacks:
        if stack not in ordinary:
            raise BadInput(f"there is no stack {quoted(stack)} to deploy", hint=choice(stack, ordinary))
    return tuple(dict.fromkeys(stacks or sorted(ordinary)))


def develop(asked: Development, cloud: Cloud, dialogue: Dialogue) -> Iterator[Brought]:
    """Bring stacks to what was rendered, those first that others need; yield what came of each.

    Raise what `bring` raises, after which the remaining ones are not touched; before anything is changed,
    `Refused` with the count if a template can only be read from a bucket and there is none.
    """
    wanted = {
        name: submission(stack, asked.environment.stacks[name]) for name, stack in asked.rendered.items()
    }
    if asked.bucket is None:
        _refuse_oversized(wanted.values())
    return bring_all(cloud, _orders(asked, wanted, cloud.credentials), dialogue)


def _orders(asked: Development, wanted: Mapping[str, Submission], options: str) -> Iterator[Order]:
    """Yield how each stack is deployed. `options`: what the command needs to be given again."""
    if asked.bucket:
        options += f" --bucket {asked.bucket.name}"
    for name in sorted(wanted, key=lambda name: (asked.ranks.get(name, 0), name)):
        yield Order(
            wanted=_carried(wanted[name], asked),
            lines=asked.rendered[name].lines,
            again=f"cfnpipe deploy {asked.environment.name} {name}{options}",
            dry_run=asked.dry_run,
            execute=asked.execute,
        )


def _refuse_oversized(wanted: Iterable[Submission]) -> None:
    for each in wanted:
        if size(each) > INLINE:
            raise Refused(
                f"the template of {each.stack} has {size(each):,} bytes; {INLINE:,} can be sent along",
                hint="add --bucket NAME: a bucket of yours, in the same region, to read it from",
            )


def _carried(wanted: Submission, asked: Development) -> Submission:
    """Put a template into the bucket if it is too long to be sent along."""
    if asked.bucket is None or size(wanted) <= INLINE:
        return wanted
    content = wanted.template.encode()
    key = f"cfnpipe/{wanted.stack}/{hashlib.sha256(content).hexdigest()}.json"
    return replace(wanted, url=asked.bucket.upload(key, content))
