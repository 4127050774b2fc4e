"""Every value in force and where it came from, for `rotator config show`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rotator.config.forms import Section
from rotator.config.model import Configuration, UserConfiguration
from rotator.config.schema import User
from rotator.core.durations import format_duration
from rotator.core.trust import TRUST_VARIABLE

DEFAULT, FILE, DEFAULTS_OF_FILE = "default", "file", "file (defaults)"
TIMES = ("max_age", "rotate_at", "grace", "quiet", "watch")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value as it is written in the file.  The origin says who decided: nobody, the file, the environment."""

    path: str
    value: str
    origin: str


def effective(configuration: Configuration) -> tuple[Setting, ...]:
    """Every value in force, in the order of the schema; `auto` and left-out names are resolved.  Holds no secret."""
    return (*_common(configuration), *_users(configuration))


def _common(configuration: Configuration) -> Iterator[Setting]:
    file = configuration.file
    yield Setting("state", configuration.state, _origin(file, "state"))
    yield Setting("seal.key_file", configuration.seal_key_file, _origin(file, "seal", "key_file"))
    yield Setting("seal.kms_key", _shown(configuration.seal_kms_key), _origin(file, "seal", "kms_key"))
    for key in ("profile", "assume_role", "user_path"):
        yield Setting(f"aws.{key}", _shown(getattr(configuration.aws, key)), _origin(file, "aws", key))
    yield Setting(
        "google.api_endpoint", _shown(configuration.google_api_endpoint), _origin(file, "google", "api_endpoint")
    )
    for key in ("nameservers", "port"):
        yield Setting(f"dns.{key}", _shown(getattr(configuration.dns, key)), _origin(file, "dns", key))
    for index, domain in enumerate(configuration.domains):
        for key in ("name", "mail_from", "region"):
            yield Setting(f"domains.{index}.{key}", _shown(getattr(domain, key)), _origin(domain, key))
    yield from _around(configuration)
    for key in ("regions", "alert_on"):
        yield Setting(
            f"suppression.{key}", _shown(getattr(configuration.suppression, key)), _origin(file, "suppression", key)
        )
    retain = format_duration(configuration.suppression.retain)
    yield Setting("suppression.retain", retain, _origin(file, "suppression", "retain"))
    yield from _audit(configuration)
    if configuration.trusted_hosts:
        yield Setting(
            "(trusted hosts)", ", ".join(sorted(configuration.trusted_hosts)), f"environment {TRUST_VARIABLE}"
        )


def _audit(configuration: Configuration) -> Iterator[Setting]:
    audit, file = configuration.audit, configuration.file
    yield Setting("audit.mail_to", _shown(audit.mail_to), _origin(file, "audit", "mail_to"))
    yield Setting("audit.arrival", _shown(audit.arrival), _origin(file, "audit", "arrival"))
    yield Setting("audit.timeout", format_duration(audit.timeout), _origin(file, "audit", "timeout"))
    yield Setting("alarms", _shown(configuration.alarms), _origin(file, "alarms"))


def _around(configuration: Configuration) -> Iterator[Setting]:
    """What surrounds the commands.  Who knows a ping's path can speak for us, so only its host is shown."""
    file, notify = configuration.file, configuration.notify
    for key in ("mail_to", "mail_from", "sns_topic", "apprise_file"):
        yield Setting(f"notify.{key}", _shown(getattr(notify, key)), _origin(file, "notify", key))
    for key in ("remind", "open_alarm"):
        yield Setting(f"notify.{key}", format_duration(getattr(notify, key)), _origin(file, "notify", key))
    for key in ("rotate", "audit", "suppression"):
        url = getattr(configuration.ping, key)
        shown = "null" if url is None else "/".join([*url.split("/")[:3], "***"])
        yield Setting(f"ping.{key}", shown, _origin(file, "ping", key))
    yield Setting("metrics.textfile", _shown(configuration.metrics_file), _origin(file, "metrics", "textfile"))


def _users(configuration: Configuration) -> Iterator[Setting]:
    for index, (written, user) in enumerate(zip(configuration.file.users, configuration.users, strict=True)):
        at = f"users.{index}"
        for key in ("name", "account", "region", "sole_creator"):
            yield Setting(f"{at}.{key}", _shown(getattr(user, key)), _origin(written, key))
        for key in TIMES:
            yield Setting(
                f"{at}.{key}", format_duration(getattr(user, f"{key}_s")), _time_origin(configuration, written, key)
            )
        origins = [_verify_origin(configuration, written, key) for key in ("deadline", "successes")]
        yield Setting(f"{at}.verify.deadline", format_duration(user.verify_deadline_s), origins[0])
        yield Setting(f"{at}.verify.successes", str(user.verify_successes), origins[1])
        yield from _endpoints(written, user, at)
        yield from _consumers(written, user, at)


def _endpoints(written: User, user: UserConfiguration, at: str) -> Iterator[Setting]:
    for index, endpoint in enumerate(user.endpoints):
        for key in ("name", "region", "host", "port", "security", "ca_file"):
            origin = _origin(written.endpoints[index], key) if written.endpoints else DEFAULT
            yield Setting(f"{at}.endpoints.{index}.{key}", _shown(getattr(endpoint, key)), origin)


def _consumers(written: User, user: UserConfiguration, at: str) -> Iterator[Setting]:
    for index, (as_written, consumer) in enumerate(zip(written.consumers, user.consumers, strict=True)):
        for key in type(consumer).model_fields:
            value = getattr(consumer, key)
            yield Setting(f"{at}.consumers.{index}.{key}", _shown(value), _origin(as_written, key))


def _origin(section: Section, *keys: str) -> str:
    for key in keys[:-1]:
        if key not in section.model_fields_set:
            return DEFAULT
        section = getattr(section, key)
    return FILE if keys[-1] in section.model_fields_set else DEFAULT


def _time_origin(configuration: Configuration, user: User, key: str) -> str:
    """A user's own time, else the file's default, else ours; `rotate_at` says when it followed from the consumers."""
    for section, name in ((user, FILE), (configuration.file.defaults, DEFAULTS_OF_FILE)):
        if key in section.model_fields_set:
            auto = key == "rotate_at" and section.rotate_at is None
            return f"{name} (auto)" if auto else name
    return f"{DEFAULT} (auto)" if key == "rotate_at" else DEFAULT


def _verify_origin(configuration: Configuration, user: User, key: str) -> str:
    """`verify` of a user replaces the file's default as a whole."""
    if user.verify is not None:
        return _origin(user.verify, key)
    return DEFAULTS_OF_FILE if _origin(configuration.file.defaults, "verify", key) == FILE else DEFAULT


def _shown(value: object) -> str:
    """As YAML writes it, without quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, Section):
        parts = {key: getattr(value, key) for key in value.model_fields_set}
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in sorted(parts.items()))}}}"
    return str(value)
