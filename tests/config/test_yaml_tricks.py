"""YAML has surprises; this file has none."""

from __future__ import annotations

import pytest

from tests.config.samples import NINE_LINES, SECRET, load, problems

REFUSED = {
    "an alias bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "1:4", "anchors and aliases"),
    "an alias alone": ("a: *b\n", "1:4", "anchors and aliases"),
    "a merge": ("a: &x {b: 1}\nc:\n  <<: *x\n", "1:4", "anchors and aliases"),
    "a Python object": ("a: !!python/object/apply:os.system [id]\n", "1:4", "tags"),
    "a Python name as a key": ("!!python/name:os.system : 1\n", "1:1", "tags"),
    "a tag of one's own": ("a: !secret b\n", "1:4", "tags"),
    "a plain tag": ('a: !!str "b"\n', "1:4", "tags"),
    "a text that looks like an alias": (f"a: *{SECRET}\n", "1:4", "quote a text that begins so"),
    "nesting without end": ("a: " + "[" * 5000 + "]" * 5000, "1:15", "nested more than 12 deep"),
    "two documents": (f"{NINE_LINES}---\n{NINE_LINES}", "10:1", "not YAML"),
    "a tab for indentation": ("users:\n\t- a\n", "2:1", "not YAML"),
    "a bracket that is not closed": ("users: [a\n", "2:1", "not YAML"),
    "a colon too many": ("notify: mail_to: a@b.com\n", "1:16", "not YAML"),
    "an escape that is none": ('a: "\\q"\n', "1:6", "not YAML"),
    "a key that is a list": ("? [a, b]\n: c\n", "1:3", "a key must be a single word"),
    "a raw control character": ("a: b\nc: \x07\n", "2:4", "U+0007 is not allowed"),
    "a byte order mark inside": ("a: b\nc: d\ufeff\n", "2:5", "U+FEFF is not allowed"),
    "nothing": ("", "1:1", "the file is empty"),
    "comments alone": ("# version: 1\n", "1:1", "the file is empty"),
    "null": ("null\n", "1:1", "the file is empty"),
    "an empty document": ("---\n", "1:1", "the file is empty"),
    "a list": ("- version: 1\n", "1:1", "must be a mapping"),
    "a word": (f"{SECRET}\n", "1:1", "must be a mapping"),
}


@pytest.mark.parametrize(("text", "place", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_trick_is_refused_where_it_stands(text: str, place: str, words: str) -> None:
    """With a sentence, without its content."""
    found = problems(text)
    assert [f"{one.line}:{one.column}" for one in found if words in one.message] == [place], found
    assert SECRET not in "".join(map(str, found))


def test_a_name_may_be_a_word_that_yaml_1_1_takes_for_false() -> None:
    """`no` is the word no."""
    assert load(NINE_LINES.replace("name: jada-ses-smtp", "name: no")).user(None).name == "no"


def test_an_account_with_a_leading_zero_is_no_octal_number() -> None:
    """The digits are kept as they stand."""
    assert load(NINE_LINES.replace("123456789012", "012345670123")).user(None).account == "012345670123"


def test_a_name_of_digits_is_text_in_quotes() -> None:
    """Quotes make a text of anything."""
    assert load(NINE_LINES.replace("name: jada-ses-smtp", "name: '123'")).user(None).name == "123"


def test_comments_blank_lines_and_dos_line_ends_are_fine() -> None:
    """Only content counts."""
    text = "# a comment\n\n" + NINE_LINES.replace("\n", "  # why\n\n")
    assert load(text.replace("\n", "\r\n")).user(None).name == "jada-ses-smtp"


SHOWN = {
    "a value": (f"seal: {SECRET}", "seal: ***"),
    "a value in quotes": (f'seal: "{SECRET}"', "seal: ***"),
    "a list of values": (f"seal: [{SECRET}, {SECRET}]", "seal: [***, ***]"),
    "a comment": (f"seal: 1 # {SECRET}", "seal: ***"),
    "a comment right behind a bracket": (f"seal: []#{SECRET}", "seal: []"),
    "a key that is not one of ours": (f"seal: {{{SECRET}: 1}}", "seal: {***: ***}"),
    "a key with blanks": (f'"a {SECRET}": 1\nseal: 1', "seal: ***"),
}


@pytest.mark.parametrize(("line", "shown"), SHOWN.values(), ids=SHOWN.keys())
def test_a_shown_line_has_keys_and_no_values(line: str, shown: str) -> None:
    """Masked exactly, since every value's place is known."""
    found = [one for one in problems(f"{NINE_LINES}{line}\n") if one.path.startswith("seal")]
    assert [one.source for one in found] == [shown]
    assert SECRET not in str(found[0])


NO_KEYS = {
    "a whole consumer becomes a key": (f"  ? - {{mailbox: {SECRET}, alias: b}}", "  ? - {***: ***, ***: ***}"),
    "a list becomes a key": (f"  ? [{SECRET}, {SECRET}]", "  ? [***, ***]"),
    "a mapping inside a list becomes a key": (f"  ? - a: [{SECRET}]", "  ? - ***: [***]"),
    "the value of such a key": (f"  {{[a]: {SECRET}}}: {SECRET}", "  {[***]: ***}: ***"),
    "a mapping as the value of such a key": (f"  [a]: {{b: [{SECRET}], c: x}}", "  [***]: {***: [***], ***: ***}"),
    "such a key inside braces": (f"  {{b: {SECRET}}}: c", "  {***: ***}: ***"),
    "a comment behind such a key": (f"  ? [a] # {SECRET}", "  ? [***]"),
}


@pytest.mark.parametrize(("line", "shown"), NO_KEYS.values(), ids=NO_KEYS.keys())
def test_what_cannot_be_a_key_is_masked_with_its_value(line: str, shown: str) -> None:
    """Such an entry is in no data, so that nothing of it is known to be harmless."""
    found = [one for one in problems(f"{NINE_LINES}seal:\n{line}\n") if one.message == "a key must be a single word"]
    assert [one.source for one in found] == [shown]
    assert SECRET not in str(found[0])


def test_the_header_of_a_block_that_is_a_key_is_masked() -> None:
    """The word inside may be shown; the comment beside its header may not."""
    found = problems(f"{NINE_LINES}? |- # {SECRET}\n  zzz\n: 1\n")
    assert [one.source for one in found if one.path == "zzz"] == ["? ***"]


def test_a_directive_is_masked() -> None:
    """It is neither key nor value."""
    found = problems(f"%{SECRET} {SECRET}\n---\n- a\n")
    assert SECRET not in "".join(map(str, found))


def test_every_line_of_a_long_value_is_masked() -> None:
    """A block scalar has lines of its own."""
    text = f"{NINE_LINES}seal: |\n  {SECRET}\n  key: {SECRET}\nstate: x\n"
    found = problems(text)
    assert [one.path for one in found] == ["seal", "state"]
    assert SECRET not in "".join(map(str, found))


def test_a_line_that_is_no_yaml_shows_its_first_key_alone() -> None:
    """Where the text cannot be read, nothing else is known to be harmless."""
    (found,) = problems(f"{NINE_LINES}seal: key: {SECRET}\n")
    assert found.source == "seal: ***"


def test_a_long_line_is_shown_around_the_mistake() -> None:
    """No wider than a screen, the caret below the place."""
    line = "aws: {profile: null, " + "assume_role: null, " * 20 + "nonsense: 1}"
    found = [one for one in problems(f"{NINE_LINES}{line}\n") if "nonsense" in one.message]
    assert len(found[0].source) < 130
    assert found[0].source[found[0].caret :].startswith("nonsense: ***")
