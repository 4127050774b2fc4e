"""The only module that touches moto's insides.

Moto keeps users, groups, roles and policies, and answers for the services that the sandbox does not
write itself (Secrets Manager, SSM, SNS, ...).  Access keys, signatures and SES are ours: moto is instantly
consistent there, and AWS is not.  Each `MotoAws` has backends of its own, so that two worlds in one
process share nothing.

Limitation: what moto answers is checked by action and signature only, never by resource.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from moto.backends import get_backend
from moto.core import base_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.iam import access_control
from moto.iam import models as iam_models
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from rotator.sandbox.moto_values import (
    AlarmState,
    IamRole,
    IamUser,
    Published,
    RoleSession,
    StoredSecret,
    Subscriber,
    parsed_policy,
)

PARTITION = "aws"
PENDING = "PendingConfirmation"
DEFAULT_SSM_KEY = "alias/aws/ssm"
StartResponse = Callable[..., Any]
_here: ContextVar[MotoAws | None] = ContextVar("sandbox_world", default=None)


class MotoAws:
    """One account in moto, with the sandbox's clock for the dates of its users."""

    def __init__(self, account: str, now: Callable[[], datetime], new_user_id: Callable[[], str]) -> None:
        _install()
        self.account, self.now, self.new_user_id = account, now, new_user_id
        self.backends: dict[tuple[str, str], AccountSpecificBackend[Any]] = {}
        self._application = DomainDispatcherApplication(create_backend_app)

    def answer(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Let moto answer a WSGI request."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account
        with self._inside():
            return list(self._application(environ, start_response))

    def create_user(self, name: str, path: str, created: datetime, tags: dict[str, str] | None = None) -> None:
        """Make a user, born at `created`; raises moto's EntityAlreadyExists."""
        with self._iam() as iam:
            user = iam.create_user("us-east-1", name, path, [{"Key": k, "Value": v} for k, v in (tags or {}).items()])
            user.create_date = created.replace(tzinfo=None)

    def put_user_policy(self, name: str, policy: dict[str, Any]) -> None:
        """Give the user an inline policy."""
        with self._iam() as iam:
            iam.put_user_policy(name, "inline", json.dumps(policy))

    def delete_user(self, name: str) -> None:
        """Delete the user with its policies; keys are not moto's business here."""
        with self._iam() as iam:
            iam.users[name].policies.clear()
            iam.delete_user(name)

    def user(self, name: str) -> IamUser | None:
        """The user, or None."""
        with self._iam() as iam:
            found = iam.users.get(name)
            if found is None:
                return None
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(name)}
            return IamUser(name, found.id, found.arn, found.path, found.create_date.replace(tzinfo=UTC), tags)

    def user_policies(self, name: str) -> list[dict[str, Any]]:
        """Every policy that counts for the user: inline, attached, and those of its groups."""
        with self._iam() as iam:
            groups = iam.get_groups_for_user(name)
            inline = [iam.users[name].policies, *(group.policies for group in groups)]
            attached = [iam.users[name].managed_policies, *(group.managed_policies for group in groups)]
            documents = [document for policies in inline for document in policies.values()]
            documents += [policy.document for policies in attached for policy in policies.values()]
        return [parsed_policy(document) for document in documents]

    def role_session(self, access_key_id: str, headers: dict[str, str]) -> RoleSession | None:
        """The session that the temporary key belongs to; None for an unknown key or a wrong token."""
        signed = {"X-Amz-Security-Token": headers.get("x-amz-security-token", "")}
        with self._inside():
            try:
                key = access_control.AssumedRoleAccessKey(self.account, PARTITION, access_key_id, signed)
            except access_control.CreateAccessKeyFailure:
                return None
            name = key.arn.split("/")[1]
        role = self.role(name)
        return None if role is None else RoleSession(
            key.create_credentials().secret_key, key.arn, role.policies, role.arn
        )  # fmt: skip

    def role(self, name: str) -> IamRole | None:
        """The role with every policy that counts for it, or None."""
        with self._iam() as iam:
            found = next((one for one in iam.get_roles() if one.name == name), None)
            if found is None:
                return None
            managed = [policy.document for policy in found.managed_policies.values()]
            return IamRole(found.arn, [parsed_policy(policy) for policy in (*found.policies.values(), *managed)])

    def secret(self, region: str, secret_id: str) -> StoredSecret | None:
        """The secret of that name or ARN, or None; a replica counts for none."""
        with self._backend("secretsmanager", region) as backend:
            found = backend.secrets.get(secret_id) if secret_id in backend.secrets else None
            if found is None or not hasattr(found, "deleted_date"):
                return None
            versions = found.versions
            texts = {version: one.get("secret_string") for version, one in versions.items()}
            stages = {version: list(one["version_stages"]) for version, one in versions.items()}
            key = "" if found.kms_key_id == backend.DEFAULT_KMS_KEY_ALIAS else str(found.kms_key_id or "")
            tags = tuple((one["Key"], one["Value"]) for one in found.tags or [])
            return StoredSecret(found.arn, found.name, found.is_deleted(), texts, stages, key, found.policy or "", tags)

    def keep_labels(self, region: str, before: StoredSecret) -> None:
        """After a put: a version loses only the labels that the new one took; moto takes all of the old current's."""
        with self._backend("secretsmanager", region) as backend:
            versions = backend.secrets[before.arn].versions
            now = {name: one["version_stages"] for name, one in versions.items()}
            for version, labels in before.stages.items():
                taken = {label for other, found in now.items() if other != version for label in found}
                now[version] += [one for one in labels if one not in taken and one not in now[version]]

    def follow_current(self, region: str, arn: str) -> None:
        """After a put or a move: what moto takes for the current version is the one with AWSCURRENT."""
        with self._backend("secretsmanager", region) as backend:
            secret = backend.secrets[arn]
            current = [name for name, one in secret.versions.items() if "AWSCURRENT" in one["version_stages"]]
            secret.set_default_version_id(current[0] if current else None)

    def parameter(self, region: str, name: str) -> tuple[str, str] | None:
        """The type of an SSM parameter and the customer's key that encrypts it, or None if there is none."""
        with self._backend("ssm", region) as backend:
            found = backend.get_parameter(name)
            key = str(found.keyid or "") if found is not None else ""
            return None if found is None else (str(found.parameter_type), "" if key == DEFAULT_SSM_KEY else key)

    def create_topic(self, region: str, name: str) -> str:
        """Make an SNS topic; its ARN."""
        with self._backend("sns", region) as backend:
            return str(backend.create_topic(name, {}, {}).arn)

    def published(self, region: str, topic: str) -> list[Published]:
        """What was published to the topic, oldest first."""
        with self._backend("sns", region) as backend:
            return [
                Published(subject or "", message, {name: one["Value"] for name, one in (attributes or {}).items()})
                for _, message, subject, attributes, _ in backend.topics[topic].sent_notifications
            ]

    def alarms(self, region: str) -> list[AlarmState]:
        """Every metric alarm of the region."""
        with self._backend("cloudwatch", region) as backend:
            return [
                AlarmState(
                    one.name, one.description or "", one.state_value, one.state_reason or "",
                    tuple(one.alarm_actions) if one.actions_enabled else (),
                )
                for one in backend.alarms.values()
            ]  # fmt: skip

    def metrics(self, region: str, namespace: str) -> list[tuple[str, dict[str, str], float]]:
        """What was published there: (name, dimensions, value), oldest first."""
        with self._backend("cloudwatch", region) as backend:
            data = [one for one in backend.metric_data if one.namespace == namespace]
            return [(one.name, {d.name: d.value for d in one.dimensions}, float(one.value)) for one in data]

    def subscribers(self, topic: str) -> list[Subscriber]:
        """Everybody subscribed to a topic."""
        with self._backend("sns", topic.split(":")[3]) as backend:
            found = [one for one in backend.subscriptions.values() if one.topic.arn == topic]
            return [Subscriber(one.protocol, one.endpoint, one.arn != PENDING) for one in found]

    def set_confirmed(self, address: str, *, confirmed: bool) -> None:
        """An e-mail subscription's state in every region: SNS shows PendingConfirmation in place of its ARN."""
        with self._inside():
            for backend in get_backend("sns")[self.account].values():
                for arn, one in backend.subscriptions.items():
                    if one.protocol == "email" and one.endpoint == address:
                        one.arn = arn if confirmed else PENDING

    def publish(self, topic: str, subject: str, message: str) -> None:
        """A message from AWS itself; moto hands it to queues."""
        with self._backend("sns", topic.split(":")[3]) as backend:
            backend.publish(message=message, arn=topic, subject=subject)

    @contextmanager
    def _backend(self, service: str, region: str) -> Iterator[Any]:
        with self._inside():
            yield get_backend(service)[self.account][region]  # type: ignore[call-overload]

    @contextmanager
    def _inside(self) -> Iterator[None]:
        token = _here.set(self)
        try:
            yield
        finally:
            _here.reset(token)

    @contextmanager
    def _iam(self) -> Iterator[Any]:
        with self._inside():
            yield iam_models.iam_backends[self.account][PARTITION]


class HttpServer:
    """A WSGI application on 127.0.0.1 behind werkzeug's threads, with `date` for its Date header.

    A ConnectionError raised by the application closes the connection without a reply.
    """

    def __init__(
        self, application: Callable[[dict[str, Any], StartResponse], Iterable[bytes]], date: Callable[[], str]
    ) -> None:
        class Handler(MotoRequestHandler):
            """Moto's request handler with the sandbox's time, and silent."""

            def date_time_string(self, timestamp: float | None = None) -> str:
                """The Date header."""
                return date()

            def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
                """No reply: hang up too, or the client would wait for one."""
                self.close_connection = True

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                """The sandbox has a record of its own."""

        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._server.block_on_close = False  # type: ignore[attr-defined]
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox-aws", daemon=True
        )

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _install() -> None:
    """Give moto one set of backends a world, and the world's time and user ids.  Once a process."""
    if BackendDict.__getitem__.__module__ == __name__:
        return
    plain = BackendDict.__getitem__

    def of_this_world(self: BackendDict[Any], account: str) -> AccountSpecificBackend[Any]:
        world = _here.get()
        if world is None:
            return plain(self, account)
        with base_backend.backend_lock:
            known = world.backends.get((self.service_name, account))
            if known is None:
                known = AccountSpecificBackend(
                    self.service_name, account, self.backend, self._use_boto3_regions, self._additional_regions
                )
                world.backends[self.service_name, account] = known
            return known

    BackendDict.__getitem__ = of_this_world  # type: ignore[method-assign]
    insides: Any = iam_models
    moto_now: Callable[[], datetime] = insides.utcnow
    moto_id: Callable[[int], str] = insides.random_resource_id

    def now() -> datetime:
        world = _here.get()
        return moto_now() if world is None else world.now().replace(tzinfo=None)

    def resource_id(size: int = 20) -> str:
        world = _here.get()
        return moto_id(size) if world is None else world.new_user_id()

    insides.utcnow, insides.random_resource_id = now, resource_id
