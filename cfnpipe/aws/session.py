"""Clients: who calls, from which region, how patiently."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cfnpipe import __version__
from cfnpipe.aws.errors import AwsError, expected
from cfnpipe.model.deployment import Identity

CONNECTIONS = 16
"""How many calls may run at once; more threads than that would wait for a connection."""


@dataclass(frozen=True)
class Access:
    """Credentials that are given, and the server that takes them."""

    endpoint: str
    """The address of a local server: `http://127.0.0.1:4599`."""
    key: str
    secret: str = field(repr=False)


class Session:
    """What every call to AWS shares: credentials, region and endpoint, found as the AWS CLI finds them.

    `AWS_ENDPOINT_URL` leads to a local server, and so does `access`, which then tells the credentials too.
    Clients are made when first needed, and may be used by several threads at once.
    """

    def __init__(self, region: str, profile: str | None = None, access: Access | None = None) -> None:
        self.region = region
        self._access = access
        self.profile = profile
        """The one that was named, if any."""
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def client(self, service: str) -> Any:
        """Return botocore's client of a service, made once.

        Wrap what is done with it in `expected`. Raise `AwsError` if the profile does not exist.
        """
        with self._making, expected("sts:GetCallerIdentity", "the profile"):
            if service not in self._clients:
                config = self._config(service)
                made = self._botocore.create_client(service, self.region, config=config, **self._given)
                self._clients[service] = made
            return self._clients[service]

    def identity(self) -> Identity:
        """Return who is calling. Raise `AwsError` if there are no credentials that AWS accepts."""
        with expected("sts:GetCallerIdentity", "the caller"):
            answer = self.client("sts").get_caller_identity()
        return Identity(answer["Account"], answer["Arn"])

    @property
    def partition(self) -> str:
        """How the ARNs of the session's region begin after `arn:`: `aws`, `aws-cn`.

        Raise `AwsError` if the region or the profile does not exist.
        """
        from botocore.exceptions import UnknownRegionError

        with expected("sts:GetCallerIdentity", "the profile"):
            try:
                return str(self._botocore.get_partition_for_region(self.region))
            except UnknownRegionError as error:
                hint = "correct `region`, or update botocore for one that is new"
                raise AwsError(f"no partition of AWS has a region {self.region}", hint=hint) from error

    @property
    def _given(self) -> dict[str, str]:
        if self._access is None:
            return {}
        return {
            "endpoint_url": self._access.endpoint,
            "aws_access_key_id": self._access.key,
            "aws_secret_access_key": self._access.secret,
        }

    @cached_property
    def _botocore(self) -> Any:
        import botocore.session

        return botocore.session.Session(profile=self.profile)

    def _config(self, service: str) -> Any:
        """How a client behaves: botocore's standard retries, and no waiting for ever.

        STS is asked who calls, before anything else: it is given seconds, so that whoever has no network, or
        the wrong address, learns it at once. All later calls are patient.
        """
        from botocore.config import Config

        first = service == "sts"
        return Config(
            retries={"mode": "standard", "total_max_attempts": 3 if first else 8},
            connect_timeout=3 if first else 10,
            read_timeout=20 if first else 60,
            max_pool_connections=CONNECTIONS,
            user_agent_extra=f"cfnpipe/{__version__}",
            proxies={} if self._access else None,  # nothing stands between here and a local server
        )
