"""botocore's clients of the local AWS, with the credentials of a role."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfnpipe.rehearsal.codepipeline.rights import Credentials

_MAKING = threading.Lock()


@cache
def _session() -> Any:
    """Return a session that reads the descriptions of services once."""
    import botocore.session

    return botocore.session.Session()


class Clients:
    """Clients of one role, made when needed. Used by one thread."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self._endpoint, self._region, self._credentials = endpoint, region, credentials
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._made:
            with _MAKING:
                self._made[service] = self._make(service)
        return self._made[service]

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        return _session().create_client(
            service,
            self._region,
            endpoint_url=self._endpoint,
            aws_access_key_id=self._credentials.key,
            aws_secret_access_key=self._credentials.secret,
            aws_session_token=self._credentials.token or None,
            config=Config(
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                connect_timeout=10,
                read_timeout=60,
                proxies={},
            ),
        )
