"""Where AWS requests may go, whoever says so: the environment, or a file that botocore reads by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rotator.core.errors import AccessError
from rotator.core.ports import Deadline, Refused
from rotator.core.secret import Secret
from rotator.services.aws import AwsSession
from rotator.services.parameter_store import SECURE, ParameterStore

Configure = Callable[[str], None]
EVERYTHING = "[default]\nendpoint_url = {}\n"
ONE_SERVICE = "[default]\nservices = here\n[services here]\nssm =\n  endpoint_url = {}\n"


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Writes ~/.aws/config."""

    def write(text: str) -> None:
        file = tmp_path / "config"
        file.write_text(text)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(file))

    return write


@pytest.mark.parametrize("form", [EVERYTHING, ONE_SERVICE], ids=["for all", "for one service"])
@pytest.mark.parametrize("url", ["http://10.0.0.7:4566", "https://aws.example.com", "http://127.0.0.1:4566"])
def test_a_file_alone_redirects_nothing(configure: Configure, form: str, url: str) -> None:
    """A line in ~/.aws/config sends no secret elsewhere, neither in plain http nor to another house."""
    configure(form.format(url))
    with pytest.raises(AccessError, match="ssm would be asked at") as caught:
        AwsSession().client("ssm", "us-east-1")
    assert "~/.aws/config" in caught.value.fix
    answer = ParameterStore(session=AwsSession(), region="us-east-1").write(
        "/p", Secret("a-secret"), SECURE, Deadline.after(5)
    )
    assert isinstance(answer, Refused)
    assert "a-secret" not in str(answer)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566", "https://aws.example.com"])
def test_the_environment_may(configure: Configure, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Whoever starts the program decides, and every command shouts about it."""
    configure(EVERYTHING.format(url))
    monkeypatch.setenv("ROTATOR_TRUST_HOSTS", "127.0.0.1,aws.example.com")
    assert AwsSession().client("ssm", "us-east-1").meta.endpoint_url == url


def test_the_environment_names_hosts_not_a_licence(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another service's AWS_ENDPOINT_URL_* does not let a file send this one wherever it likes."""
    configure(ONE_SERVICE.format("https://aws.example.com"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example.com")
    with pytest.raises(AccessError, match="ssm would be asked at"):
        AwsSession().client("ssm", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://aws.example.com/s3")
    assert AwsSession().client("ssm", "us-east-1")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_aws_itself_is_fine(region: str) -> None:
    """Every service that is asked, in every partition, also by its FIPS and dual-stack names."""
    for service in ("iam", "sts", "ssm", "secretsmanager", "kms", "sesv2"):
        assert AwsSession().client(service, region)
