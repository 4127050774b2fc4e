"""The outside calls of a rotation and nothing else: what somebody would write in an afternoon, with no promise kept.

Reads a JSON object from standard input: `calls` (names as the sandbox records them, in order) and where things are.
It is the yardstick of the bench, so it uses the same libraries in the plainest way: two boto3 clients, one Gmail
client, one TLS context, one SMTP connection a login.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import ssl
import sys
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import boto3
import google_auth_httplib2
import httplib2
from google.oauth2 import service_account
from googleapiclient.discovery import build

from tests.bench.needed import TLS

SCOPES = [f"https://www.googleapis.com/auth/gmail.{name}" for name in ("settings.basic", "readonly", "send")]


class Bare:
    """The clients, what the calls so far have brought, and one plain call for each name."""

    def __init__(self, place: dict[str, Any]) -> None:
        self.place = place
        self.user = {"UserName": place["user"]}
        self.iam = boto3.client("iam", region_name=place["region"])
        self.sts = boto3.client("sts", region_name=place["region"])
        self.tls = ssl.create_default_context(cafile=place["ca_file"])
        self.google = service_account.Credentials.from_service_account_file(
            place["service_account"], scopes=SCOPES, subject=place["mailbox"]
        )
        http = google_auth_httplib2.AuthorizedHttp(self.google, http=httplib2.Http())
        options = {"api_endpoint": place["gmail_url"]}
        self.gmail = build("gmail", "v1", http=http, client_options=options, cache_discovery=False).users()
        self.send_as = self.gmail.settings().sendAs()
        self.arn = self.key = self.password = self.message = ""
        self.calls: dict[str, Callable[[], object]] = {
            TLS: lambda: self.connect().quit(),
            "iam:ListAccessKeys": lambda: self.iam.list_access_keys(**self.user),
            "sts:GetCallerIdentity": self.sts.get_caller_identity,
            "iam:GetUser": self.get_user,
            "iam:SimulatePrincipalPolicy": self.simulate,
            "jwt-bearer": lambda: self.google.refresh(google_auth_httplib2.Request(httplib2.Http())),
            "users.getProfile": lambda: self.gmail.getProfile(userId="me").execute(),
            "sendAs.get": lambda: self.send_as.get(userId="me", sendAsEmail=place["alias"]).execute(),
            "iam:CreateAccessKey": self.create,
            "AUTH": self.log_in,
            "sendAs.patch": self.patch,
            "messages.list": self.look,
            "messages.send": self.send,
            "messages.get": lambda: self.gmail.messages().get(userId="me", id=self.message, format="raw").execute(),
        }

    def get_user(self) -> None:
        """Remember the user's ARN for the simulation."""
        self.arn = self.iam.get_user(**self.user)["User"]["Arn"]

    def simulate(self) -> None:
        """Whether the user may send."""
        self.iam.simulate_principal_policy(PolicySourceArn=self.arn, ActionNames=["ses:SendRawEmail"])

    def create(self) -> None:
        """A new key and its SMTP password."""
        made = self.iam.create_access_key(**self.user)["AccessKey"]
        signature = f"AWS4{made['SecretAccessKey']}".encode()
        for part in ("11111111", self.place["region"], "ses", "aws4_request", "SendRawEmail"):
            signature = hmac.digest(signature, part.encode(), hashlib.sha256)
        self.key, self.password = made["AccessKeyId"], base64.b64encode(b"\x04" + signature).decode()

    def connect(self) -> smtplib.SMTP:
        """A connection with TLS."""
        smtp = smtplib.SMTP(self.place["host"], self.place["port"], local_hostname="[127.0.0.1]")
        smtp.starttls(context=self.tls)
        return smtp

    def log_in(self) -> None:
        """One login with the new key."""
        with self.connect() as smtp:
            smtp.login(self.key, self.password)

    def patch(self) -> None:
        """Gmail is given the new key."""
        msa = {"host": self.place["host"], "port": self.place["port"], "securityMode": "starttls"}
        msa |= {"username": self.key, "password": self.password}
        self.send_as.patch(userId="me", sendAsEmail=self.place["alias"], body={"smtpMsa": msa}).execute()

    def send(self) -> None:
        """A mail from the alias to its own mailbox."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.place["alias"], self.place["mailbox"], "bare"
        mail.set_content("A mail.\n")
        body = {"raw": base64.urlsafe_b64encode(mail.as_bytes()).decode()}
        self.message = self.gmail.messages().send(userId="me", body=body).execute()["id"]

    def look(self) -> None:
        """The inbox; its newest mail is the next that is fetched."""
        page = self.gmail.messages().list(userId="me", labelIds=["INBOX"]).execute()
        self.message = next((row["id"] for row in page.get("messages", [])), self.message)


def main() -> None:
    """Make the calls; KeyError for one that this script does not know."""
    asked = json.load(sys.stdin)
    bare = Bare(asked["place"])
    for name in asked["calls"]:
        bare.calls[name]()


if __name__ == "__main__":
    main()
