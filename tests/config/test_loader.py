"""A bad file is told as sentences with their place, all of them at once."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rotator.config.loader import parse
from rotator.core.errors import ConfigurationError, Exit
from tests.config.bad_files import BAD_FILES
from tests.config.samples import (
    FULL,
    NINE_LINES,
    OTHER_PLACE,
    SECRET,
    TRUST,
    full,
    full_with,
    load,
    problems,
    texts_of,
    value_at,
)


@pytest.mark.parametrize(("old", "new", "place", "path", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_told_with_its_place(old: str, new: str, place: str, path: str, words: str) -> None:
    """File, line, column, path, and what to write instead."""
    assert old in NINE_LINES
    text = NINE_LINES.replace(old, new, 1)
    found = problems(text)
    (told,) = [one for one in found if words in one.message]
    line, what = place.split(" ", 1)
    assert (told.path, told.line) == (path, int(line))
    assert text.splitlines()[told.line - 1][told.column - 1 :].startswith(what)


def test_the_nine_lines_load() -> None:
    """The commonest file."""
    configuration = load(NINE_LINES)
    assert configuration.user(None).name == "jada-ses-smtp"
    assert configuration.notify.mail_to == "jadasailing@gmail.com"


def test_every_key_together_loads() -> None:
    """Every key of the schema, none a default."""
    configuration = load(full(), TRUST)
    user = configuration.user("jada-ses-smtp")
    assert (user.max_age_s, user.rotate_at_s, user.grace_s) == (80 * 86400, 40 * 86400, 48 * 3600)
    assert (user.verify_deadline_s, user.verify_successes) == (60, 2)
    assert configuration.trusted_hosts == {"127.0.0.1"}


def test_every_problem_is_told_at_once() -> None:
    """In the order of the file; one bad user does not hide what is wrong with the next."""
    human = "{type: human, name: h, instructions: x}"
    second = f"  - {{name: b, account: '123456789012', region: us-east-1, max_age: 30d, consumers: [{human}]}}\n"
    text = NINE_LINES.replace("region:", "regoin:").replace("mail_to: jadasailing@gmail.com", "mail_to: nobody")
    found = problems(text.replace("notify:", f"{second}extra: 1\nnotify:"))
    assert [one.path for one in found] == ["users.0", "users.0.regoin", "users.1.max_age", "extra", "notify.mail_to"]
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_an_unknown_key_does_not_hide_a_rule() -> None:
    """The commonest mistake is a slip of the pen; the rest is still looked at."""
    found = problems(NINE_LINES.replace("region:", "max_age: 30d\n    extra: 1\n    region:"))
    assert [one.path for one in found] == ["users.0.max_age", "users.0.extra"]


def test_a_problem_shows_its_line_with_the_value_masked_and_a_caret() -> None:
    """So that the mistake is seen and a secret is not."""
    with pytest.raises(ConfigurationError) as caught:
        load(NINE_LINES.replace("sole_creator: true", f"sole_creater: {SECRET} # {SECRET}"))
    assert str(caught.value) == (
        "config.yaml:6:5: users.0.sole_creater: unknown key 'sole_creater', did you mean 'sole_creator'?\n"
        "        sole_creater: ***\n"
        "        ^"
    )
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize("name", ["jada-ses-smtp", "b"])
def test_user_names_differ(name: str) -> None:
    """Commands name a user by its name alone."""
    user = FULL["users"][0]
    text = full(users=[user, user | OTHER_PLACE | {"name": name}])
    if name == "b":
        assert [one.name for one in load(text, TRUST).users] == ["jada-ses-smtp", "b"]
    else:
        assert [one.path for one in problems(text, TRUST)] == ["users.1.name"]


@given(st.sampled_from(sorted(texts_of(), key=str)), st.data())
def test_control_characters_are_refused_in_every_text(at: tuple[str | int, ...], data: st.DataObject) -> None:
    """Nothing configured can end a header, a command or a line."""
    controls = st.characters(categories=("Cc", "Cf", "Zl", "Zp", "Cs"))
    control = data.draw(controls.filter(lambda one: at[-1] != "instructions" or one != "\n"))
    good = value_at(at)
    cut = data.draw(st.integers(0, len(good)))
    with pytest.raises(ConfigurationError):
        load(full_with(at, good[:cut] + control + good[cut:]), TRUST)


@given(st.sampled_from(sorted(texts_of(), key=str)), st.text(max_size=4), st.text(max_size=4))
def test_a_secret_in_the_wrong_place_is_not_repeated(at: tuple[str | int, ...], before: str, after: str) -> None:
    """Whatever the message says, it does not say that value."""
    told = ""
    try:
        load(full_with(at, before + SECRET + after), TRUST)
    except ConfigurationError as error:
        told = f"{error} {error.why} {error.fix}"
    assert SECRET not in told


@given(st.one_of(st.text(), st.text(alphabet="ab:-#&*!|>'\"{}[],%@`?\n\t \\0x")))
def test_no_text_brings_the_loader_down(text: str) -> None:
    """Whatever the file holds, the answer is a sentence."""
    with pytest.raises(ConfigurationError):
        parse(text, "config.yaml", {})


DAMAGE = {
    "a question mark makes a key of a whole consumer": ("      - {type", "    ?  - {type"),
    "a question mark makes a key of a mapping": ("notify: {", "notify: ? {"),
    "brackets make a key of a list": ("notify: {mail_to", "[notify, jadasailing@gmail.com]: {mail_to"),
    "a brace that is not closed": ("com}\nnotify", "com\nnotify"),
    "a quote that is not closed": ("mailbox: ", "mailbox: '"),
    "a colon that is lost": ("mailbox: ", "mailbox "),
    "a colon too many": ("name: jada-ses-smtp", "name: a: jada-ses-smtp"),
    "a key and value on the line of another": ("name: jada-ses-smtp\n    account", "name: jada-ses-smtp account"),
    "an anchor before a value": ("name: jada", "name: &a jada"),
    "a tag before a value": ("name: jada", "name: !a jada"),
    "a tab for indentation": ("  - name", "\t- name"),
    "a control character": ("mailbox: ", "mailbox: \x07"),
}


@pytest.mark.parametrize(("old", "new"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_shows_no_value(old: str, new: str) -> None:
    """The slips of a pen that move values to where no value belongs."""
    assert old in NINE_LINES
    with pytest.raises(ConfigurationError) as caught:
        parse(_with_secrets(NINE_LINES.replace(old, new, 1)), "config.yaml", {})
    assert SECRET[:12] not in str(caught.value)
    assert SECRET[-12:] not in str(caught.value)


@given(st.integers(0, len(NINE_LINES)), st.text(alphabet="a:-#&*!|>'\"{}[],%@`?\n\t \\", max_size=6))
@example(161, "?")
def test_damage_anywhere_shows_no_value(position: int, damage: str) -> None:
    """Also where the text is no YAML any more and its lines can only be guessed at."""
    text = _with_secrets(NINE_LINES)
    with pytest.raises(ConfigurationError) as caught:
        parse(text[:position] + damage + text[position:], "config.yaml", {})
    assert SECRET[:12] not in str(caught.value)
    assert SECRET[-12:] not in str(caught.value)


def _with_secrets(text: str) -> str:
    return text.replace("jadasailing@gmail.com", SECRET).replace("jada-ses-smtp", SECRET)
