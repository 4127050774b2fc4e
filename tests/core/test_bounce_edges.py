"""Bounces that are built differently: by other kinds of reports, in HTML, in charsets that nobody knows."""

from __future__ import annotations

import pytest

from rotator.core.mail.bounce import Verdict, read_bounce
from tests.core.test_bounce import ANCHOR, BAD_LOGIN, FILLED, TOKEN, VOUCHED, notice, prose


def test_what_is_no_bounce_says_nothing_at_all() -> None:
    """No verdict comes with no reply, no token and no voucher."""
    bounce = read_bounce(b"")
    assert (bounce.verdict, bounce.reply, bounce.authentic, bounce.canary) == (Verdict.NONE, "", False, "")


def test_a_notice_without_the_original_names_no_canary() -> None:
    """A notice that carries no headers of ours is about a mail of somebody else."""
    raw = notice(prose(BAD_LOGIN)).replace(f"X-Rotator-Canary: {TOKEN}\r\n".encode(), b"")
    assert read_bounce(raw).canary == ""


def test_the_original_may_be_carried_as_headers_alone() -> None:
    """Some notices carry the original's headers only."""
    raw = notice(prose(BAD_LOGIN)).replace(b"message/rfc822", b"text/rfc822-headers")
    assert read_bounce(raw).canary == TOKEN


def test_a_charset_that_nobody_knows_does_not_hide_the_reply() -> None:
    """The words of a server are ASCII in every charset."""
    raw = notice(prose(BAD_LOGIN)).replace(b'charset="UTF-8"', b'charset="x-klingon"')
    bounce = read_bounce(raw)
    assert (bounce.verdict, bounce.reply) == (Verdict.LOGIN, BAD_LOGIN)


def test_only_an_smtp_diagnosis_is_a_servers_reply() -> None:
    """A report may hold the words of another kind of program, or none: then the text is read."""
    local = FILLED.replace("smtp;", "x-local;").format("451 4.3.0 our own queue is full")
    assert read_bounce(notice(prose(BAD_LOGIN), status=local)).reply == BAD_LOGIN
    assert read_bounce(notice(prose(BAD_LOGIN), status=FILLED.format(" "))).reply == BAD_LOGIN


HTML = {
    "paragraphs": f"<p>{ANCHOR}</p><p>The response was:</p><p>{BAD_LOGIN}</p><p>Have a nice day</p>",
    "lines": f"{ANCHOR}<br>The response was:<br><br>{BAD_LOGIN}<p>Have a nice day</p>",
    "cells": f"<div>{ANCHOR}</div><table><tr><td>The response was:</td></tr></table><p>{BAD_LOGIN}<p>Have a nice day",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML.keys())
def test_a_reply_in_html_ends_where_its_paragraph_ends(html: str) -> None:
    """What stands in the next paragraph is not the server's word."""
    bounce = read_bounce(notice("PLACE", html=True).replace(b"<html><body><p>PLACE</p></body></html>", html.encode()))
    assert (bounce.verdict, bounce.reply) == (Verdict.LOGIN, BAD_LOGIN)


def test_html_may_stop_anywhere_and_writes_some_characters_otherwise() -> None:
    """A character reference is the character it stands for; text at the very end is read too."""
    html = f"<a href='{ANCHOR}'>here</a><p>The response was:<p>535 Username &amp; password &#119;rong &am"
    bounce = read_bounce(notice("PLACE", html=True).replace(b"<html><body><p>PLACE</p></body></html>", html.encode()))
    assert bounce.reply == "535 Username & password wrong &am"


def test_the_link_counts_where_a_link_stands() -> None:
    """The address in another attribute is decoration, and a link without an address is none."""
    html = f"<p class='{ANCHOR}'><a href>The response was:</a><p>550 5.1.1 no such user"
    bounce = read_bounce(notice("PLACE", html=True).replace(b"<html><body><p>PLACE</p></body></html>", html.encode()))
    assert bounce.verdict is Verdict.RECIPIENT


def test_the_servers_name_may_carry_a_version() -> None:
    """RFC 8601 allows a version after the name of the server that checked."""
    raw = notice(prose(BAD_LOGIN), results=VOUCHED.replace("mx.google.com;", "mx.google.com 1;"))
    assert read_bounce(raw).authentic
