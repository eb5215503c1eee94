"""The file of own prices: read, refused with the place and what to write instead, written again."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_prices import any_own, day_ns, own

from spanglass_cli.price_changes import changes
from spanglass_cli.price_file import FIELDS, prices_from_toml, toml_from_prices
from spanglass_store.file_problems import FileRefused
from spanglass_store.prices import OwnPrice

FILE = """
# what our cluster costs
[[prices]]
model = "llama-3.3-70b*"
provider = "vllm"
project = "shop"
starts = 2026-11-01
ends = 2027-01-01T12:30:00+01:00
input_usd = 0.20
output_usd = 1
cache_read_usd = 0.000000001
comment = "ours"

[[ prices ]]
model = "rerank"
request_usd = 2e-3
"""


def problems(text: str) -> list[str]:
    with pytest.raises(FileRefused) as refused:
        prices_from_toml(text)
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return str(refused.value).splitlines()


def test_a_file_is_read_exactly() -> None:
    llama, rerank = prices_from_toml(FILE)
    assert llama == OwnPrice(
        "shop",
        "llama-3.3-70b*",
        day_ns("2026-11-01"),
        "vllm",
        day_ns("2027-01-01T11:30"),
        Decimal("0.20"),
        Decimal(1),
        Decimal("1e-9"),
        comment="ours",
    )
    assert rerank == OwnPrice("", "rerank", 0, request_usd=Decimal("0.002"))
    assert prices_from_toml("") == []


@given(st.lists(any_own, max_size=4, unique_by=lambda price: price.key))
def test_what_is_written_is_read_again(prices: list[OwnPrice]) -> None:
    assert prices_from_toml(toml_from_prices(prices)) == prices


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('[[prices]]\nmodell = "m"\ninput_usd = 1', "line 2, modell: There is no such field. Is model meant?"),
        ('[[prices]]\nmodel = "m"\nxyzzy = 1', "line 3, xyzzy: There is no such field. There are model, provider, "),
        ("[[prices]]\nmodel = 7\ninput_usd = 1", 'line 2, model: Write a text, such as "7".'),
        ('[[prices]]\nmodel = "m"\nstarts = "soon"', "line 3, starts: 'soon' is no time. Write 2026-11-01, or "),
        ('[[prices]]\nmodel = "m"\nstarts = 09:30:00', "line 3, starts: datetime.time(9, 30) is no time."),
        ('[[prices]]\nmodel = "m"\ninput_usd = "1"', "line 3, input_usd: '1' is no amount. Write US dollars as a "),
        ('[[prices]]\nmodel = "m"\ninput_usd = true', "line 3, input_usd: True is no amount."),
        ('[[prices]]\nmodel = "m"\ninput_usd = -1', "line 3, input_usd: An amount is a number from 0 to 100,000."),
        ('[[prices]]\nmodel = "m"\ninput_usd = nan', "line 3, input_usd: An amount is a number from 0 to 100,000."),
        ('[[prices]]\nmodel = "m"\ninput_usd = 1e-12', "line 3, input_usd: An amount has 9 decimals at most."),
        ('[[prices]]\nmodel = "m"\ninput_usd = 1\nends = 1960-01-01', "line 4, ends: A price ends after it begins."),
        ("[[prices]]\ninput_usd = 1", "line 1, model: A price needs a model: a name, or a pattern such as llama-*."),
        ('\n[[prices]]\nmodel = "m"', "line 2, input_usd: A price needs at least one amount; 0 says that it costs "),
        ('[[prices]]\nmodel = "m"\noutput_usd = 1', "line 1, input_usd: A price for tokens needs the amount for input;"),
        ("prices = 7", "prices: Write [[prices]] before each price."),
        ("prices = [7]", "prices: Write [[prices]] before each price."),
        ("price = []", "price: Nothing but [[prices]] can stand at the top of this file."),
        ('prices = [{model = "m"}]', "input_usd: A price needs at least one amount; 0 says that it costs nothing."),
        ("[[prices]]\nmodel = m", "line 2, column 9: This is no TOML: Invalid value."),
        ("[[prices", "This is no TOML: "),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_told_where_and_what_to_write(wrong: str, told: str) -> None:
    (line,) = problems(wrong)
    assert line.startswith(told)


def test_all_that_is_wrong_is_told_at_once_and_in_order() -> None:
    text = (
        FILE
        + '[[prices]]\nmodel = "llama-3.3-70b*"\nprovider = "vllm"\nproject = "shop"\nstarts = 2026-11-01T00:00:00\n'
    )
    assert problems(text + 'input_usd = 1\n[[prices]]\nmodel = "x"\ninputt_usd = 1') == [
        "line 17: The same model, provider, project and start stand at line 3.",
        "line 25, inputt_usd: There is no such field. Is input_usd meant?",
    ]


def test_the_file_in_the_documentation_can_be_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "prices.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert [price.model for price in prices_from_toml(example)] == ["llama-3.3-70b*", "rerank-*"]
    assert [name for name in FIELDS if name not in page] == []


def test_what_changes_is_told_line_by_line() -> None:
    same, old, gone = own("same"), own("old", "2026-11-01", provider="vllm"), own("gone", project="shop")
    cheaper = own("old", "2026-11-01", provider="vllm", input_usd=Decimal("0.5"), ends="2027-01-01", comment="now")
    new = own("new", request_usd=Decimal("0.01"))
    assert str(changes([same, old, gone], [new, cheaper, same], prune=True)).splitlines() == [
        "+ new: Input $1.00 · Output $2.00 for a million tokens · $0.01 a call",
        "~ old at vllm, from 2026-11-01: Input $1.00 · Output $2.00 for a million tokens",
        "                              > Input $0.50 · Output $2.00 for a million tokens, until 2027-01-01 (now)",
        "- gone, project shop: Input $1.00 · Output $2.00 for a million tokens",
        "1 new, 1 changed, 1 removed, 1 unchanged",
    ]
    kept = changes([same, gone], [new], prune=False)
    assert (kept.saved, kept.removed, kept.unchanged) == ((new,), (), 2)
    assert str(changes([], [], prune=True)) == "no prices"
