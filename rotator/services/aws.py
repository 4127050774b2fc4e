"""AWS sessions and clients: built when first used, one attempt per request, no request older than 20 seconds.

boto3 re-sends CreateAccessKey when a reply is lost, in every retry mode but one attempt (measured), so every
client here has exactly one; reads are repeated by `read`, and only when they were throttled.
`AWS_ENDPOINT_URL*` redirects all of it to a sandbox, by botocore itself.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from rotator.core.errors import AccessError, RemoteFault
from rotator.core.policy import REQUEST_DEADLINE_S
from rotator.core.trust import aws_url_problem
from rotator.services.aws_errors import NEW_CREDENTIALS, NotSent, failures, is_throttled, translate
from rotator.services.quiet import quiet_libraries

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
# A request that has not gone out by then would outlive REQUEST_DEADLINE_S: signing may have waited for a role.
LONGEST_REQUEST_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S
LATEST_SEND_S = REQUEST_DEADLINE_S - LONGEST_REQUEST_S
BUDGETS_S = (LONGEST_REQUEST_S, 8.0, 4.0, 2.0, 1.0, 0.5)  # botocore fixes time-outs per client: a few clients, not many
THROTTLED_PAUSES_S = (0.5, 1.5)  # reads only

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class AssumeRole:
    """The role to act in.  `session_name` is what CloudTrail shows: the run id, or the program's name."""

    arn: str
    external_id: str | None = None
    session_name: str = "rotator"


class AwsSession:
    """One set of AWS credentials.  Nothing is imported, read or connected before the first `client`."""

    def __init__(
        self,
        *,
        profile: str | None = None,
        assume_role: AssumeRole | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember whose credentials to use; None, None is boto3's own chain (environment, file, instance)."""
        self._profile, self._role = profile, assume_role
        self._sleep, self._monotonic = sleep, monotonic
        self._session: Any = None
        self._clients: dict[tuple[str, str, float], Any] = {}
        self._begun = threading.local()
        self._building = threading.Lock()  # boto3 sessions are not safe to use from several threads, clients are

    @property
    def role_arn(self) -> str:
        """The role that we were told to act in; empty if the credentials are used as they are."""
        return self._role.arn if self._role else ""

    def client(self, service: str, region: str, budget_s: float = LONGEST_REQUEST_S) -> Any:
        """The boto3 client of `service` in `region`, made once for each of BUDGETS_S: how long a request may take.

        Raises AccessError for an unknown profile, and for an address that requests may not go to.
        """
        with self._building:
            if (service, region, budget_s) not in self._clients:
                self._clients[service, region, budget_s] = self._build(service, region, budget_s)
            return self._clients[service, region, budget_s]

    def read(self, what: str, ask: Callable[[], Answer]) -> Answer:
        """The answer of a read, asked again while throttled.  Raises AccessError or RemoteFault, nothing else."""
        for pause in (*THROTTLED_PAUSES_S, None):
            self.begin()
            try:
                return ask()
            except failures() as error:
                if pause is None or not is_throttled(error):
                    raise translate(error, what) from None  # botocore's own texts may hold what was sent
                self._sleep(pause)
        raise RemoteFault(f"{what}: throttled")

    def begin(self, latest_s: float = LATEST_SEND_S) -> None:
        """Start the clock of the next request of this thread: it goes out within `latest_s` or not at all."""
        self._begun.until = self._monotonic() + latest_s

    def _build(self, service: str, region: str, budget_s: float) -> Any:
        from botocore.exceptions import BotoCoreError

        try:
            client = self._opened(region).client(service, region_name=region, config=_config(budget_s))
        except BotoCoreError as error:  # ProfileNotFound, ConfigParseError, PartialCredentialsError, ...
            raise AccessError(f"AWS credentials: {error}", fix="correct aws.profile, or ~/.aws/config") from None
        _check_endpoint(client)
        client.meta.events.register("before-send", self._still_in_time)
        quiet_libraries()
        return client

    def _still_in_time(self, **_: Any) -> None:
        until = getattr(self._begun, "until", None)
        if until is not None and self._monotonic() > until:
            raise NotSent("signing the request took too long, so it was not sent")

    def _opened(self, region: str) -> Any:
        if self._session is None:
            import boto3

            quiet_libraries()
            session = boto3.Session(profile_name=self._profile)
            self._session = session if self._role is None else _in_role(session, self._role, region)
            _read_times_in_utc(self._session)
        return self._session


def _read_times_in_utc(session: Any) -> None:
    """Times in replies are UTC; botocore makes them local ones, which takes half of the time that a long page costs."""
    from botocore.utils import parse_timestamp

    def parse(value: Any) -> datetime:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        read: datetime = parse_timestamp(value)
        return read

    core = session._session  # noqa: SLF001 - boto3 has no public way to it
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse)


def _check_endpoint(client: Any) -> None:
    """Raise AccessError if a client would send to a place that nobody may send AWS requests to."""
    url = str(client.meta.endpoint_url)
    if (problem := aws_url_problem(url, os.environ)) is not None:
        name = client.meta.service_model.service_name
        fix = f"take endpoint_url of {name} out of ~/.aws/config, and AWS_ENDPOINT_URL* out of the environment"
        seen, why = f"{name} would be asked at {url}, which {problem}", "whoever answers there sees what is sent"
        raise AccessError(seen, why=why, fix=fix, id="aws-endpoint", runbook="runbooks/configuration.md")


def _config(budget_s: float) -> Any:
    from botocore.config import Config

    connect_s = min(CONNECT_TIMEOUT_S, budget_s / 4)
    return Config(
        connect_timeout=connect_s,
        read_timeout=budget_s - connect_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra="rotator",
    )


def _in_role(session: Any, role: AssumeRole, region: str) -> Any:
    """A session whose credentials are the role's, fetched at first use and again before they expire."""
    import boto3
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    if session.get_credentials() is None:
        raise AccessError("AWS credentials: none were found to assume the role with", fix=NEW_CREDENTIALS)
    source = session._session  # noqa: SLF001 - boto3 has no public way to it, nor to a role that renews itself
    extra = {"RoleSessionName": role.session_name} | ({"ExternalId": role.external_id} if role.external_id else {})

    def client_creator(service: str, **arguments: Any) -> Any:
        client = source.create_client(service, region_name=region, config=_config(LONGEST_REQUEST_S), **arguments)
        _check_endpoint(client)
        return client

    fetcher = AssumeRoleCredentialFetcher(client_creator, source.get_credentials(), role.arn, extra_args=extra)
    acting = botocore.session.get_session()
    acting._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # noqa: SLF001
    return boto3.Session(botocore_session=acting)
