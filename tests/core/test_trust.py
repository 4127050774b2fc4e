"""Where a secret may be sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotator.core import foreign_text, hosts, trust
from rotator.core.errors import ConfigurationError

NOBODY: frozenset[str] = frozenset()

SES_HOSTS = {
    "the ordinary endpoint": ("email-smtp.us-east-1.amazonaws.com", "us-east-1"),
    "its FIPS form": ("email-smtp-fips.us-west-2.amazonaws.com", "us-west-2"),
    "a VPC endpoint": ("vpce-0a1b2c3d4e5f6a7b8-wxyz1234.email-smtp.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
    "GovCloud": ("email-smtp.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    "China has its own suffix": ("email-smtp.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    "capitals are the same host": ("Email-SMTP.us-east-1.AmazonAWS.com", "us-east-1"),
    "a region nobody has heard of is left to DNS": ("email-smtp.zz-north-9.amazonaws.com", "zz-north-9"),
}

FOREIGN_HOSTS = {
    "another company": "smtp.example.com",
    "SES's name in front of another domain": "email-smtp.us-east-1.amazonaws.com.example.com",
    "SES's name behind a hyphen": "evil-email-smtp.us-east-1.amazonaws.com",
    "a host below SES's": "x.email-smtp.us-east-1.amazonaws.com",
    "another service of AWS": "s3.us-east-1.amazonaws.com",
    "a VPC name without vpce": "vpce-0a.email-smtp.us-east-1.amazonaws.com",
    "vpce without a VPC name": "email-smtp.us-east-1.vpce.amazonaws.com",
    "China's suffix elsewhere": "email-smtp.us-east-1.amazonaws.com.cn",
    "the newer suffix that nobody has confirmed": "email-smtp.us-east-1.api.aws",
    "loopback, unless the environment says so": "127.0.0.1",
    "letters that only look alike": "emаil-smtp.us-east-1.amazonaws.com",
    "a line end behind": "email-smtp.us-east-1.amazonaws.com\n",
}


@pytest.mark.parametrize(("host", "region"), SES_HOSTS.values(), ids=SES_HOSTS.keys())
def test_a_host_of_ses_for_the_region_is_trusted(host: str, region: str) -> None:
    """No setting is needed for SES itself."""
    assert trust.smtp_host_problem(host, region, NOBODY) is None


@pytest.mark.parametrize("host", FOREIGN_HOSTS.values(), ids=FOREIGN_HOSTS.keys())
def test_any_other_host_is_refused(host: str) -> None:
    """The message names the right host and the only way round."""
    problem = trust.smtp_host_problem(host, "us-east-1", NOBODY)
    assert problem is not None
    assert "email-smtp.us-east-1.amazonaws.com" in problem
    assert "ROTATOR_TRUST_HOSTS" in problem


def test_the_environment_can_name_another_host() -> None:
    """Whoever starts the program decides, not the file."""
    assert trust.smtp_host_problem("127.0.0.1", "us-east-1", frozenset({"127.0.0.1"})) is None


@pytest.mark.parametrize(
    "trusted", [NOBODY, frozenset({"email-smtp.eu-west-1.amazonaws.com"})], ids=["as is", "trusted"]
)
def test_ses_of_another_region_is_refused_even_if_trusted(trusted: frozenset[str]) -> None:
    """A password of one region is never right in another."""
    problem = trust.smtp_host_problem("email-smtp.eu-west-1.amazonaws.com", "us-east-1", trusted)
    assert problem is not None
    assert problem.startswith("is SES's host for eu-west-1, but the region here is us-east-1")
    assert "535" in problem


def test_an_inbound_endpoint_is_recognised_even_if_trusted() -> None:
    """Mail Manager says 250 and may drop the mail: worse than a refusal."""
    host = "abc123.def.mail-manager-smtp.amazonaws.com"
    problem = trust.smtp_host_problem(host, "us-east-1", frozenset({host}))
    assert problem is not None
    assert "Mail Manager" in problem


@given(st.text(max_size=60))
def test_no_other_text_is_taken_for_ses(text: str) -> None:
    """Whatever stands in the file, only SES's own forms pass."""
    if trust.smtp_host_problem(text, "us-east-1", NOBODY) is None:
        assert text.lower().endswith(".us-east-1.amazonaws.com")


GOOGLE = {
    "Gmail itself": ("https://gmail.googleapis.com", True),
    "the token endpoint": ("https://oauth2.googleapis.com/token", True),
    "where a person signs in": ("https://accounts.google.com/o/oauth2/auth", True),
    "plain http to Google": ("http://gmail.googleapis.com", False),
    "another host": ("https://gmail.example.com", False),
    "Google's name in front": ("https://gmail.googleapis.com.example.com", False),
    "Google's name as a user": ("https://gmail.googleapis.com@example.com", False),
    "a name that ends alike": ("https://evilgoogleapis.com", False),
    "a backslash, read in two ways": ("https://example.com\\.googleapis.com", False),
    "a query": ("https://gmail.googleapis.com?x=.googleapis.com", False),
    "another scheme": ("ftp://gmail.googleapis.com", False),
    "no scheme": ("gmail.googleapis.com", False),
    "no port number": ("https://gmail.googleapis.com:x", False),
    "a line end": ("https://gmail.googleapis.com\r\nHost: x", False),
    "loopback, not named": ("http://127.0.0.1:8080", False),
}


@pytest.mark.parametrize(("url", "good"), GOOGLE.values(), ids=GOOGLE.keys())
def test_tokens_go_to_google_by_https_alone(url: str, good: bool) -> None:
    """Nothing else without the environment's word."""
    assert (trust.google_url_problem(url, NOBODY) is None) is good


def test_plain_http_is_for_loopback_alone() -> None:
    """Even a host that the environment names gets no token in clear text."""
    trusted = frozenset({"127.0.0.1", "gmail.lan"})
    assert trust.google_url_problem("http://127.0.0.1:8080", trusted) is None
    assert trust.google_url_problem("https://gmail.lan", trusted) is None
    problem = trust.google_url_problem("http://gmail.lan", trusted)
    assert problem is not None
    assert "https" in problem


def test_the_environment_lists_hosts_with_commas() -> None:
    """Blanks and capitals do not matter."""
    assert trust.trusted_hosts({"ROTATOR_TRUST_HOSTS": " 127.0.0.1, LocalHost ,"}) == {"127.0.0.1", "localhost"}
    assert trust.trusted_hosts({}) == NOBODY


def test_a_trusted_host_must_be_a_host() -> None:
    """A slip there is told, not ignored."""
    with pytest.raises(ConfigurationError, match="ROTATOR_TRUST_HOSTS"):
        trust.trusted_hosts({"ROTATOR_TRUST_HOSTS": "https://127.0.0.1"})


def test_redirections_are_named_so_that_every_command_can_shout() -> None:
    """All of AWS's variables count, empty ones do not."""
    environ = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:2",
        "AWS_REGION": "x",
    }
    assert trust.redirections(environ | {"ROTATOR_TRUST_HOSTS": ""}) == ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM")
    assert trust.redirections({"ROTATOR_TRUST_HOSTS": "127.0.0.1"}) == ("ROTATOR_TRUST_HOSTS",)


def test_proxies_and_other_authorities_are_named_without_their_password() -> None:
    """Whoever is between us and AWS could read a new secret."""
    environ = {"https_proxy": "http://me:pw@proxy.lan:3128", "AWS_CA_BUNDLE": "/ca.pem", "HTTP_PROXY": "", "PATH": "/"}
    assert trust.byways(environ) == ("AWS_CA_BUNDLE=/ca.pem", "https_proxy=proxy.lan:3128")


@pytest.mark.parametrize("url", ["http://10.0.0.7:5000", "file:///etc/passwd", "127.0.0.1:5000"])
def test_aws_is_not_redirected_in_plain_http_beyond_loopback(url: str) -> None:
    """A new secret comes back in that reply."""
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL_IAM"):
        trust.check_redirections({"AWS_ENDPOINT_URL_IAM": url})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "https://vpce.lan"]
)
def test_aws_may_be_redirected_to_loopback_or_by_https(url: str) -> None:
    """The environment's word is enough for that."""
    trust.check_redirections({"AWS_ENDPOINT_URL": url})


ADDRESSES = {
    "a plain address": ("admin@queenofsandiego.com", True),
    "dots and a plus": ("first.last+tag@example.com", True),
    "no domain": ("admin", False),
    "no local part": ("@example.com", False),
    "two": ("a@b.com, c@d.com", False),
    "a display name": ("Admin <admin@example.com>", False),
    "an address that ends a command": ("a@b.com\r\nRCPT TO:<x@y.com>", False),
    "a quoted local part": ('"a b"@example.com', False),
    "a local part outside ASCII": ("ädmin@example.com", False),
    "a hidden direction mark": ("admin@example.com\u202e", False),
    "two dots in a row": ("a..b@example.com", False),
}


@pytest.mark.parametrize(("address", "good"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_an_address_is_one_bare_mailbox(address: str, good: bool) -> None:
    """Nothing that a header or an SMTP command could be continued with."""
    assert (hosts.address_problem(address) is None) is good


@given(st.text(max_size=8), st.sampled_from("\x00\t\n\r\x1b\x7f\x85\u200b\u2028\u2066\ufeff"), st.text(max_size=8))
def test_control_characters_are_seen_wherever_they_stand(before: str, control: str, after: str) -> None:
    """In hosts, addresses and every other text."""
    text = before + control + after
    assert foreign_text.has_control(text)
    assert hosts.host_problem(text) is not None
    assert hosts.address_problem(f"a@b.com{text}") is not None


def test_partitions_follow_from_the_region() -> None:
    """An ARN of the wrong partition matches nobody."""
    regions = ("us-east-1", "cn-northwest-1", "us-gov-east-1")
    assert [hosts.partition_of(region) for region in regions] == ["aws", "aws-cn", "aws-us-gov"]


@pytest.mark.parametrize(
    ("region", "hint"), [("us-east-1a", "availability zone"), ("Ireland", "us-east-1"), ("", "us-east-1")]
)
def test_a_region_has_the_form_of_one(region: str, hint: str) -> None:
    """Known or not; an availability zone is told apart."""
    problem = hosts.region_problem(region)
    assert problem is not None
    assert hint in problem
    assert hosts.region_problem("ap-southeast-3") is None
