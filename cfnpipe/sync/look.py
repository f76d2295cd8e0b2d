"""What is in S3: whose it is, and whether each bundle there is the one that belongs there. Only reads."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfnpipe import names
from cfnpipe.aws.beforehand import beforehand
from cfnpipe.aws.session import CONNECTIONS
from cfnpipe.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cfnpipe.aws.s3 import Bucket
    from cfnpipe.aws.session import Session
    from cfnpipe.model import Environment
    from cfnpipe.model.transfer import Bundle, Stored

PREFIX = "stacks/"
_KEY = re.compile(PREFIX + r"([a-z][a-z0-9-]*)/[a-z]+\.zip")


@dataclass(frozen=True)
class Remote:
    """Everything below `stacks/` in the source bucket."""

    stored: tuple[Stored, ...]
    """What sync made, or would make, sorted by key."""
    foreign: tuple[str, ...] = ()
    """The keys of what it would not, sorted; that is left alone."""


def preflight(environment: Environment, session: Session, bucket: Bucket) -> None:
    """Raise `Refused` unless the credentials and the bucket are the environment's, and versioning is on."""
    with ThreadPoolExecutor(3) as pool:
        identity, region, versioned = (
            pool.submit(session.identity),
            pool.submit(bucket.region),
            pool.submit(bucket.versioned),
        )
    with beforehand():
        caller = identity.result()
    if caller.account != environment.account:
        raise Refused(
            f"these credentials are of account {caller.account}; {environment.name} is {environment.account}",
            hint=f"use credentials of account {environment.account}; these are {caller.arn}",
        )
    with beforehand(f"the init stack `sync` of {environment.name} makes it; is that deployed?"):
        there, keeps = region.result(), versioned.result()
    if there != environment.region:
        raise Refused(
            f"s3://{bucket.name} is in {there}, {environment.name} is in {environment.region}",
            hint="CodePipeline needs it in its own region: remove it, and let the init stack `sync` make it",
        )
    if not keeps:
        raise Refused(
            f"s3://{bucket.name} keeps no versions, and CodePipeline takes only versions",
            hint="switch the bucket's versioning on",
        )


def look(
    bucket: Bucket,
    local: Sequence[Bundle],
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    *,
    jobs: int = CONNECTIONS,
) -> Remote:
    """Return what is stored: all of it, or raise `Refused`.

    What the listing's ETag tells is not asked again. Where it is not the MD5 of our bytes, because the
    object is encrypted with a KMS key, has changed or is to go, its checked SHA-256 and its commit are asked
    for, `jobs` objects at once.
    """
    with beforehand():
        listed = bucket.list(PREFIX)
        ours = {stored.key: stored for stored in listed if stack_of(stored.key)}
        here = {bundle.key: bundle for bundle in local}
        unsure = [key for key, stored in ours.items() if key not in here or not stored.holds(here[key])]
        with ThreadPoolExecutor(jobs) as pool:
            for number, (key, head) in enumerate(zip(unsure, pool.map(bucket.head, unsure), strict=True), 1):
                progress(number, len(unsure))
                if head is None:
                    del ours[key]
                else:
                    ours[key] = head
    foreign = (stored.key for stored in listed if not stack_of(stored.key))
    return Remote(tuple(ours.values()), tuple(foreign))


def stack_of(key: str) -> str:
    """Return the stack whose bundle is stored under a key; nothing for a key that sync does not make."""
    found = _KEY.fullmatch(key)
    makers = (names.bundle_key, names.template_key, names.configuration_key)
    return found[1] if found and any(key == maker(found[1]) for maker in makers) else ""
