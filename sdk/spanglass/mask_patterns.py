"""What is recognised in a text without knowing where it stands: e-mail addresses, card numbers, keys. Pure.

Expressions are written so that a long text costs no more than its length: each begins only where a word begins, and
what it repeats is bounded. A look ahead at the first letter, which asks for nothing new, lets the search skip all
others. Where the form alone would find too much, a check looks at the digits.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from spanglass.mask_regex import compiled

Check = Callable[[str], int]
"""How many of the first characters of what looks right are right; 0 when it is something else."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One thing to look for. ``label`` stands in the mark that takes its place."""

    label: str
    regex: re.Pattern[str]
    help: str = ""
    check: Check = len
    needs: str = ""  # a text without it holds none


def named(source: str) -> Pattern:
    r"""The built-in pattern of this name, or one made of a regular expression.

    The name of a group in the expression becomes its label: ``(?P<order>A-\d{6})``. ``ValueError`` with a sentence for
    a name that is not known and for an expression that cannot be used.
    """
    if source in BUILT_IN:
        return BUILT_IN[source]
    if not source or re.fullmatch(r"[A-Za-z]\w*", source):
        known = ", ".join(sorted(BUILT_IN))
        message = f"{source!r} is no pattern to mask by; known are {known}, and regular expressions: \\b{source}\\b"
        raise ValueError(message)
    regex = compiled(source)
    return Pattern(next(iter(regex.groupindex), ""), regex)


def _digits(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdigit())


def _luhn(text: str) -> int:
    """https://en.wikipedia.org/wiki/Luhn_algorithm; and it must begin as the numbers of the large networks do."""
    digits = _digits(text)
    if not _ISSUED.fullmatch(digits):
        return 0
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return 0 if sum(number - 9 if number > 9 else number for number in doubled) % 10 else len(text)


_ISSUED: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|(?:5[1-5]|2[2-7])\d{14}"  # Mastercard
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro, Discover, UnionPay, RuPay
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners
    r"|35\d{14}"  # JCB
)


def _iban(text: str) -> int:
    """ISO 13616: moved four places around and read as a number, it leaves 1 over 97. Words after it may be caught."""
    ends = [place for place in range(len(text), 14, -1) if place == len(text) or text[place] == " "]
    for end in ends:
        compact = text[:end].replace(" ", "")
        if int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1:
            return end
    return 0


def _address(text: str) -> int:
    if not any(character.isdigit() for character in text):  # std::, a::b
        return 0
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return 0
    return len(text)


def _phone(text: str) -> int:
    return len(text) if 7 <= len(_digits(text)) <= 15 else 0


_GAP: Final = "[ \u00a0.-]{1,3}"

_TABLE: Final = (
    Pattern(
        "private_key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        "Private keys in PEM form, to their end or to the end of the text.",
        needs="PRIVATE KEY",
    ),
    Pattern(
        "jwt",
        re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
        "JSON Web Tokens.",
        needs="eyJ",
    ),
    Pattern(
        "api_key",
        re.compile(
            r"(?<![A-Za-z0-9])(?:"
            r"(?:sk|pk|rk)[-_](?=[\w-]{0,60}\d)[\w-]{16,}"  # OpenAI, Anthropic, OpenRouter, DeepSeek, Stripe, Langfuse
            r"|(?:(?:gsk|hf|sg|npm|fw|dop_v1|lsv2_pt|lsv2_sk)_|(?:tvly|xai|pplx)-)[\w-]{20,}"
            r"|gh[opsur]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|pypi-[\w-]{40,}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])|AIza[\w-]{30,}|ya29\.[\w-]{20,}"
            r"|xox[abeoprs]-[\w-]{10,}|SG\.[\w-]{16,}\.[\w-]{16,}"
            r")"
        ),
        "Keys with a known beginning: of model providers, GitHub, GitLab, AWS, Google, Slack, Stripe and others.",
    ),
    Pattern(
        "bearer",
        re.compile(r"\b(?:bearer|basic)\s{1,4}[\w.~+/=-]{12,}", re.IGNORECASE),
        "What follows `Bearer` or `Basic` in a header.",
    ),
    Pattern(
        "url_password",
        re.compile(r"(?<=://)[^\s/:@]{0,128}:[^\s/@]{1,256}(?=@)"),
        "User and password in an address: `postgres://user:password@host`.",
        needs="://",
    ),
    Pattern(
        "email",
        re.compile(r"(?<![\w.%+-])[\w.%+-]{1,256}@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}"),
        "E-mail addresses.",
        needs="@",
    ),
    Pattern(
        "iban",
        re.compile(
            r"(?<![^\W_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![^\W_])", re.IGNORECASE | re.ASCII
        ),
        "International bank account numbers whose check digits are right.",
        check=_iban,
    ),
    Pattern(
        "credit_card",
        re.compile(
            rf"(?=\d)(?<!\d)(?<!\d\.)(?:\d{{13,19}}|\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{1,7}}|\d{{4}}{_GAP}\d{{6}}{_GAP}\d{{4,5}})(?!\d)"
        ),
        "Card numbers whose check digit is right (Luhn).",
        check=_luhn,
    ),
    Pattern(
        "us_ssn",
        re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"),
        "Social security numbers of the United States, `123-45-6789`.",
        needs="-",
    ),
    Pattern(
        "ip",
        re.compile(
            r"(?=\d)(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)"
            r"|(?=[\d:A-Fa-f])(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])"
        ),
        "Addresses of IP version 4 and 6; version numbers of four parts are taken for one.",
        check=_address,
    ),
    Pattern(
        "phone",
        re.compile(
            r"(?=[+(\d])(?<![\w+])(?<!\d[.-])(?:"
            "\\+\\d(?:[ \u00a0./()-]{0,2}\\d){6,14}"
            r"|\(\d{2,5}\)(?:[ ./-]?\d){5,11}"
            r"|\d{3}[ .-]\d{3}[ .-]\d{4}"
            r"|0\d{2,5}[ /-](?:\d[ -]?){4,9}\d"
            r")(?!\w|[.-]\d)"
        ),
        "Telephone numbers written as such: with `+`, brackets, or in groups; bare digits are not taken for one.",
        check=_phone,
    ),
)

BUILT_IN: Final = {pattern.label: pattern for pattern in _TABLE}
"""By name, in the order in which they are best looked for."""
