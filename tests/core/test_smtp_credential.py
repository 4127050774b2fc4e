"""The SMTP password: published answers, an independent oracle, and what is refused."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from botocore.auth import SigV4Auth
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret
from rotator.core.smtp_credential import NotDerivable, Shape, derive, derive_password, shape_of

# hashicorp/terraform-provider-aws, internal/service/iam/access_key_test.go, TestSESSMTPPasswordFromSecretKeySigV4
PUBLISHED = {
    ("some+secret+key", "eu-central-1"): "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2",
    ("another+secret+key", "eu-central-1"): "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh",
    ("some+secret+key", "us-west-1"): "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj",
    ("another+secret+key", "us-west-1"): "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF",
}
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # AWS's documentation; 40 characters, as IAM's are
EXAMPLE_V2 = "An60U4ZD3sd4fg+FvXUjayOipTt8LO4rUUmhpdX6ctDy"  # its version 2 password, which SES refuses today
REGIONS = st.from_regex(r"[a-z]{2}(-gov)?-[a-z]{4,9}-[1-9]", fullmatch=True)
SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=60)


def plain(secret: str, region: str) -> str:
    """The password as text."""
    return derive_password(Secret(secret), region).reveal()


def botocore_signature(secret: str, region: str) -> bytes:
    """Other people's code for the same chain of HMACs: botocore's request signer, fed the fixed date of SES."""
    signer = SigV4Auth(Credentials(KeyId("AKIAEXAMPLE"), secret), "ses", region)
    request = SimpleNamespace(context={"timestamp": "11111111T000000Z"})
    return bytes.fromhex(signer.signature("SendRawEmail", request))


@pytest.mark.parametrize(("secret", "region"), PUBLISHED)
def test_the_published_answers_come_out(secret: str, region: str) -> None:
    """Secret and region give exactly the password that others have published for them."""
    assert plain(secret, region) == PUBLISHED[secret, region]


@given(secret=SECRETS, region=REGIONS)
def test_botocores_own_signer_agrees(secret: str, region: str) -> None:
    """For any secret and region the password is the signature that botocore's signer makes, behind the version byte."""
    if shape_of(Secret(secret)) in {Shape.V4_PASSWORD, Shape.V2_PASSWORD}:
        return
    password = plain(secret, region)
    assert base64.b64decode(password) == b"\x04" + botocore_signature(secret, region)
    assert len(password) == 44
    assert "=" not in password
    assert shape_of(Secret(password)) is Shape.V4_PASSWORD


@given(secret=SECRETS, region=REGIONS)
def test_version_two_is_never_made(secret: str, region: str) -> None:
    """No input gives a password of the old form, which SES refuses since credentials are bound to a region."""
    if shape_of(Secret(secret)) in {Shape.V4_PASSWORD, Shape.V2_PASSWORD}:
        return
    assert shape_of(derive_password(Secret(secret), region)) is not Shape.V2_PASSWORD


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-west-1"])
def test_the_documented_version_two_password_does_not_come_back(region: str) -> None:
    """AWS's example secret does not give the version 2 password that old pages print for it."""
    assert plain(EXAMPLE_SECRET, region) != EXAMPLE_V2


def test_one_secret_has_one_password_per_region() -> None:
    """A password of one region is not the password of another."""
    assert plain(EXAMPLE_SECRET, "us-east-1") != plain(EXAMPLE_SECRET, "eu-west-1")


SHAPES = {
    "a password of today": (PUBLISHED["some+secret+key", "us-west-1"], Shape.V4_PASSWORD),
    "a password of before 2019": (EXAMPLE_V2, Shape.V2_PASSWORD),
    "a secret access key": (EXAMPLE_SECRET, Shape.SECRET_KEY),
    "a secret cut short by the paste": (EXAMPLE_SECRET[:-1], Shape.UNKNOWN),
    "a password with a trailing blank": (PUBLISHED["some+secret+key", "us-west-1"] + " ", Shape.UNKNOWN),
    "a password with a line end": (PUBLISHED["some+secret+key", "us-west-1"] + "\n", Shape.UNKNOWN),
    "an access key id": ("AKIAIOSFODNN7EXAMPLE", Shape.UNKNOWN),
}


@pytest.mark.parametrize("case", SHAPES)
def test_what_was_pasted_is_told_by_its_shape(case: str) -> None:
    """Secret key, password and old password are told apart without trying them."""
    text, shape = SHAPES[case]
    assert shape_of(Secret(text)) is shape


REFUSED = {
    "a password is no secret": (PUBLISHED["some+secret+key", "us-west-1"], "us-west-1", r"already.*version 4"),
    "nor is an old password": (EXAMPLE_V2, "us-east-1", r"already.*version 2"),
    "no region": (EXAMPLE_SECRET, "", "region"),
    "a blank region": (EXAMPLE_SECRET, "  ", "region"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_never_work_is_refused_without_quoting_it(case: str) -> None:
    """A password given as a secret, or no region, is refused in words that do not show the secret."""
    secret, region, words = REFUSED[case]
    with pytest.raises(NotDerivable, match=words) as refusal:
        derive_password(Secret(secret), region)
    assert secret not in str(refusal.value)


def test_an_empty_secret_is_refused() -> None:
    """There is no password of nothing."""
    with pytest.raises(ValueError, match="empty"):
        derive_password(Secret(""), "us-east-1")


def test_temporary_keys_are_refused() -> None:
    """SES takes no temporary credentials, so none is ever derived from an ASIA key."""
    with pytest.raises(NotDerivable, match="temporary"):
        derive(KeyId("ASIAIOSFODNN7EXAMPLE"), Secret(EXAMPLE_SECRET), "us-east-1")


def test_user_name_and_password_are_one_value() -> None:
    """The credential carries the key id as user name beside the password of that key."""
    credential = derive(KeyId("AKIAIOSFODNN7EXAMPLE"), Secret("some+secret+key"), "us-west-1")
    assert credential.key == "AKIAIOSFODNN7EXAMPLE"
    assert credential.password == Secret(PUBLISHED["some+secret+key", "us-west-1"])
