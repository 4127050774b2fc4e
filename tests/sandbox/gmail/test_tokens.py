"""The token endpoint gives tokens to whom Google would, and to nobody else."""

from __future__ import annotations

import base64
import json
import stat
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from google.auth import crypt, jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from google_auth_oauthlib.flow import InstalledAppFlow

from rotator.sandbox.gmail import CONSUMER_SCOPES, WORKSPACE_SCOPES
from tests.sandbox.gmail.conftest import MakeOffice
from tests.sandbox.gmail.office import ADMIN, JADA, OPS, Office, send_as, user_credentials

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FULL_ACCESS = ("https://mail.google.com/",)


def token(office: Office, **form: str) -> tuple[int, Any]:
    """One request to the token endpoint."""
    status, answer, _ = office.http("POST", "/token", body=urlencode(form))
    return status, answer


def claims(path: Path, **changed: Any) -> dict[str, Any]:
    """The claims of a good assertion, changed; None takes a claim away."""
    now = int(time.time())
    good = {
        "iss": json.loads(path.read_text())["client_email"],
        "sub": OPS,
        "scope": " ".join(WORKSPACE_SCOPES),
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def signed(path: Path, payload: dict[str, Any], key_file: Path | None = None) -> str:
    """An assertion signed with the key in `key_file`."""
    signer: Any = crypt.RSASigner.from_service_account_file(str(key_file or path))
    encoded: bytes = jwt.encode(signer, payload)
    return encoded.decode()


def test_a_delegated_service_account_acts_for_a_user(counter: Office) -> None:
    """The signed assertion of an authorised service account opens the user's mailbox."""
    assert counter.delegated().getProfile(userId="me").execute()["emailAddress"] == OPS


BAD_CLAIMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "an account that Google does not know": ({"iss": "x@nowhere.iam.gserviceaccount.com"}, 400, "account not found"),
    "another audience": ({"aud": "https://example.com/token"}, 400, "audience"),
    "longer than an hour": ({"exp": int(time.time()) + 7200}, 400, "short-lived"),
    "issued in the future": ({"iat": int(time.time()) + 3000, "exp": int(time.time()) + 6000}, 400, "short-lived"),
    "expired": ({"iat": int(time.time()) - 7000, "exp": int(time.time()) - 3500}, 400, "short-lived"),
    "without times": ({"iat": None, "exp": None}, 400, "short-lived"),
    "a user that is not there": ({"sub": "nobody@queenofsandiego.com"}, 400, "Invalid email or User ID"),
    "a user of no workspace": ({"sub": JADA}, 401, "Client is unauthorized"),
    "a domain of somebody else": ({"sub": "a@example.com"}, 401, "Client is unauthorized"),
    "one scope that is not authorised": (
        {"scope": " ".join((*WORKSPACE_SCOPES, *FULL_ACCESS))},
        401,
        "not authorized for any of the scopes requested",
    ),
    "no scope": ({"scope": None}, 400, "missing scope"),
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_wrong_assertion_gets_no_token(counter: Office, case: str) -> None:
    """Each claim is checked, and the error is the one that Google gives."""
    changed, status, words = BAD_CLAIMS[case]
    path = counter.key_files["rotator"]
    found, answer = token(counter, grant_type=JWT_BEARER, assertion=signed(path, claims(path, **changed)))
    assert (found, answer["error"]) == (status, {400: "invalid_grant", 401: "unauthorized_client"}[status]) or (
        case == "no scope" and answer["error"] == "invalid_scope"
    )
    assert words in answer["error_description"]


def test_a_signature_by_another_key_gets_no_token(office: Office) -> None:
    """Whoever does not hold the account's private key is not the account."""
    ours, theirs = (office.gmail.add_service_account(name) for name in ("ours", "theirs"))
    status, answer = token(office, grant_type=JWT_BEARER, assertion=signed(ours, claims(ours), theirs))
    assert (status, answer) == (400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "e30.e30.e30", "W10.W10.W10"])
def test_nonsense_is_no_assertion(counter: Office, assertion: str) -> None:
    """What is not a signed token is answered, not stumbled over."""
    status, answer = token(counter, grant_type=JWT_BEARER, assertion=assertion)
    assert (status, answer["error"]) == (400, "invalid_grant")


def test_an_unsigned_assertion_gets_no_token(counter: Office) -> None:
    """The algorithm "none" is not a signature."""
    path = counter.key_files["rotator"]
    parts = [{"alg": "none", "typ": "JWT"}, claims(path)]
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    assert token(counter, grant_type=JWT_BEARER, assertion=f"{head}.{body}.")[0] == 400


def test_a_service_account_authorised_elsewhere_is_refused_here(office: Office) -> None:
    """An administrator authorises a client for the own domain only."""
    office.gmail.add_workspace("elsewhere.example")
    path = office.gmail.add_service_account("elsewhere", domains=("elsewhere.example",))
    users = office.client(office.service_credentials(path, OPS))
    with pytest.raises(RefreshError, match="unauthorized_client: Client is unauthorized to retrieve access tokens"):
        users.getProfile(userId="me").execute()


def test_days_ahead_in_the_sandbox_the_machine_s_time_still_counts(office: Office) -> None:
    """A client stamps its assertion with the machine's clock, which the sandbox's clock has left behind."""
    office.wait(80 * 86400)
    assert office.delegated().getProfile(userId="me").execute()["emailAddress"] == OPS


def test_a_refresh_token_opens_the_person_s_mailbox(office: Office) -> None:
    """The user's file is all that a client needs."""
    assert office.personal().getProfile(userId="me").execute()["emailAddress"] == JADA


def test_an_app_in_testing_is_forgotten_after_seven_days(make_office: MakeOffice) -> None:
    """Refresh tokens of an app in "Testing" live a week of the sandbox's time, others go on."""
    testing, published = make_office(oauth_testing=True), make_office()
    for office in (testing, published):
        users = office.personal()
        office.wait(6 * 86400)
        users.getProfile(userId="me").execute()
        office.gmail.expire_access_tokens()
        office.wait(86400)
    assert published.personal().getProfile(userId="me").execute()["emailAddress"] == JADA
    with pytest.raises(RefreshError, match="invalid_grant: Token has been expired or revoked."):
        users_of_old_token(testing).getProfile(userId="me").execute()


def users_of_old_token(office: Office) -> Any:
    """A client with the first token file that was handed out."""
    return office.client(user_credentials(office.world.place.directory / f"authorized-user-{JADA}.json"))


def test_a_person_who_changes_the_password_ends_every_token(office: Office) -> None:
    """Revoked tokens are dead: the access token at the API, the refresh token at the token endpoint."""
    users = office.personal()
    users.getProfile(userId="me").execute()
    office.gmail.revoke(JADA)
    with pytest.raises(RefreshError) as failure:
        users.getProfile(userId="me").execute()
    assert failure.value.retryable is False


def test_an_expired_access_token_is_renewed_by_the_client(office: Office) -> None:
    """A 401 makes Google's client fetch a new token and ask again."""
    users = office.personal()
    send_as(users).list(userId="me").execute()
    office.gmail.expire_access_tokens()
    assert send_as(users).get(userId="me", sendAsEmail=ADMIN).execute()["sendAsEmail"] == ADMIN
    seen = [(entry.name, entry.outcome) for entry in office.world.record.entries()][-3:]
    assert seen == [("sendAs.get", "401 authError"), ("refresh_token", "200"), ("sendAs.get", "200")]


REFRESH_ERRORS = {
    "another client": ({"client_id": "x"}, 401, "invalid_client"),
    "a wrong client secret": ({"client_secret": "x"}, 401, "invalid_client"),
    "a token that never was": ({"refresh_token": "1//0x"}, 400, "invalid_grant"),
    "more than was granted": ({"scope": WORKSPACE_SCOPES[0]}, 400, "invalid_scope"),
    "another grant": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
}


@pytest.mark.parametrize("case", REFRESH_ERRORS)
def test_a_wrong_refresh_gets_no_token(counter: Office, case: str) -> None:
    """Client, secret, token and scopes must all be right."""
    changed, status, error = REFRESH_ERRORS[case]
    held = json.loads(counter.gmail.add_refresh_token(JADA).read_text())
    form = {
        "grant_type": "refresh_token",
        **{name: held[name] for name in ("client_id", "client_secret", "refresh_token")},
    }
    found, answer = token(counter, **(form | changed))
    assert (found, answer["error"]) == (status, error)


def test_an_installed_app_logs_in_through_the_browser(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent, redirect, code, PKCE and token exchange work with Google's own flow."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib's switch for plain http
    flow = InstalledAppFlow.from_client_secrets_file(str(office.gmail.client_secrets()), scopes=list(CONSUMER_SCOPES))
    flow.redirect_uri = "http://127.0.0.1:8080/"
    url, state = flow.authorization_url(login_hint=JADA)
    status, _, headers = office.http("GET", url.removeprefix(office.gmail.url))
    answer = parse_qs(urlsplit(headers["Location"]).query)
    assert (status, answer["state"]) == (302, [state])
    flow.fetch_token(code=answer["code"][0])
    flow.oauth2session.close()
    assert office.client(flow.credentials).getProfile(userId="me").execute()["emailAddress"] == JADA


CONSENT_ERRORS = {
    "a redirect to somebody else's host": ({"redirect_uri": "http://example.com/"}, 400),
    "another client": ({"client_id": "x"}, 401),
    "no scope": ({"scope": ""}, 400),
    "a person without an account": ({"login_hint": "nobody@gmail.com"}, 400),
    "an unhashed challenge": ({"code_challenge": "x", "code_challenge_method": "plain"}, 400),
    "another kind of answer": ({"response_type": "token"}, 400),
}


@pytest.mark.parametrize("case", CONSENT_ERRORS)
def test_a_wrong_consent_request_is_not_redirected(counter: Office, case: str) -> None:
    """No code leaves for an app or an address that Google does not know."""
    changed, status = CONSENT_ERRORS[case]
    assert counter.http("GET", "/o/oauth2/auth?" + urlencode(consent_query(counter) | changed))[0] == status


def test_a_code_is_good_once_and_only_with_its_verifier(office: Office) -> None:
    """A stolen code is worth nothing without the verifier, and nothing after its use."""
    form = consent_query(office)
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    outcomes = []
    for tried in ("wrong", verifier):
        query = urlencode(form | {"code_challenge": challenge, "code_challenge_method": "S256"})
        _, _, headers = office.http("GET", f"/o/oauth2/auth?{query}")
        code = parse_qs(urlsplit(headers["Location"]).query)["code"][0]
        exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": form["redirect_uri"]}
        exchange |= {"client_id": form["client_id"], "client_secret": secret_of(office), "code_verifier": tried}
        outcomes += [token(office, **exchange)[0], token(office, **exchange)[0]]
    assert outcomes == [400, 400, 200, 400]


def consent_query(office: Office) -> dict[str, str]:
    """A good request for the consent page."""
    client = json.loads(office.gmail.client_secrets().read_text())["installed"]["client_id"]
    return {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": "http://localhost:1/",
        "scope": " ".join(CONSUMER_SCOPES),
    }


def secret_of(office: Office) -> str:
    """The installed app's secret."""
    return str(json.loads(office.gmail.client_secrets().read_text())["installed"]["client_secret"])


def test_every_file_is_born_private(office: Office) -> None:
    """Keys and tokens can be read by their owner only, and are never written over another one."""
    gmail = office.gmail
    files = [gmail.add_service_account("a"), gmail.add_service_account("a"), gmail.add_refresh_token(JADA)]
    files += [gmail.add_refresh_token(JADA), gmail.client_secrets()]
    assert len(set(files)) == len(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_google_s_own_transport_accepts_the_key_file(office: Office) -> None:
    """The token comes back in the form that google-auth over requests reads too."""
    path = office.gmail.add_service_account("rotator")
    made: Any = service_account.Credentials
    held = made.from_service_account_file(str(path), scopes=list(WORKSPACE_SCOPES), subject=OPS)
    transport: Any = Request()
    held.refresh(transport)
    transport.session.close()
    assert held.valid
    assert held.token in office.gmail.secrets()
