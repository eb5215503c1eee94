"""Patterns of masking: what each finds, what it leaves alone, and which expressions are refused."""

from __future__ import annotations

import pytest

from spanglass import mask
from spanglass.mask_patterns import BUILT_IN


def masking(*patterns: str) -> mask.Mask:
    made = mask.from_settings(patterns, (), None)
    assert made is not None
    return made


FOUND = {
    "email": [
        ("write to ada.lovelace+x@mail.example.co.uk, please", "write to {}, please"),
        ("<müller@bücher.de>", "<{}>"),
        ("mailto:a@b.io;c@d.io", "mailto:{};{}"),
    ],
    "credit_card": [
        ("4111 1111 1111 1111 123", "{} 123"),
        ("card 5500000000000004.", "card {}."),
        ("3782-822463-10005", "{}"),
        ("6011000990139424", "{}"),
    ],
    "phone": [
        ("call +49 (0)30 1234-567 now", "call {} now"),
        ("(415) 555-2671, 415-555-2671", "{}, {}"),
        ("0171/1234567", "{}"),
    ],
    "ip": [("from 10.0.0.1 or 2001:db8::1", "from {} or {}"), ("http://192.168.1.9:8080/", "http://{}:8080/")],
    "iban": [
        ("GB29NWBK60161331926819", "{}"),
        ("AT61 1904 3002 3457 3201 THIS month", "{} THIS month"),
        ("de89 3704 0044 0532 0130 00.", "{}."),
    ],
    "api_key": [
        ("key=sk-proj-abc123def456ghi789jkl", "key={}"),
        ("AKIAIOSFODNN7EXAMPLE", "{}"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "{}"),
        ("sg_c2VjcmV0LXNlY3JldC1zZWNyZXQ", "{}"),
    ],
    "bearer": [("Authorization: Bearer abcdefghijklmnop", "Authorization: {}")],
    "jwt": [("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_ t", "t {} t")],
    "private_key": [("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a {} b")],
    "url_password": [("postgres://ada:pw@db/x", "postgres://{}@db/x")],
    "us_ssn": [("ssn 123-45-6789", "ssn {}")],
}

LEFT_ALONE = [
    "a @mention, user@localhost and x@",
    "4111 1111 1111 1112",  # wrong check digit
    "9999999999999995",  # right check digit, nobody's number
    "0.4111111111111111",
    "1700000000000000000 2024-05-12 10:20:30 05-12-2024 100 200 300",
    "550e8400-e29b-41d4-a716-446655440000",
    "256.1.1.1 std::vector a::b 12:30:45",
    "GB28NWBK60161331926819",
    "sk-learn-is-a-nice-library-of-many-words",
    "666-12-3456 bearer of bad news",
    "https://example.org/@ada",
]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_pattern_finds_what_it_is_for(name: str) -> None:
    made = masking(name)
    for said, expected in FOUND[name]:
        assert made.text(said) == expected.replace("{}", f"[masked:{name}]")


@pytest.mark.parametrize("said", LEFT_ALONE)
def test_what_only_looks_similar_stays(said: str) -> None:
    assert masking(*BUILT_IN).text(said) == said


def test_an_expression_of_ones_own_with_and_without_a_label() -> None:
    assert masking(r"A-\d{6}").text("order A-123456") == "order [masked]"
    assert masking(r"(?P<order>A-\d{6})").text("order A-123456") == "order [masked:order]"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("(", "no regular expression"),
        ("emial", "known are api_key"),
        ("", "known are api_key"),
        ("(a+)+", "repeats a repetition"),
        (r"^(\w+\s?)*$", "repeats a repetition"),
        (r"x(y|(?:z*))*", "repeats a repetition"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_told_at_once(source: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        mask.from_settings([source], [], None)


@pytest.mark.parametrize("source", [r"(?:\w+\.)+com", r"(?>a+)+", r"(?:[a-z]{1,3})+", r"(?:a*b)*", r"(\d+)-\1+"])
def test_a_repetition_with_something_in_between_may_be_used(source: str) -> None:
    assert mask.from_settings([source], [], None) is not None


@pytest.mark.parametrize("unit", ["1", "1 ", "1-", "a.", "a@", "+1 ", ":", "a:", "://", "sk-", "eyJ", "AA11 ", "(12)"])
def test_a_long_text_made_to_almost_match_is_got_through(unit: str) -> None:
    said = unit * (50_000 // len(unit)) + " ada@x.org"  # a quadratic search would run into the test's time limit
    assert masking(*BUILT_IN).text(said).endswith(" [masked:email]")
