"""Which words SQL of others may contain, in the form that the server gives it."""

from __future__ import annotations

import pytest

from spanglass_store.sql_words import names_from_rows, refusal

FUNCTIONS = [
    ("sum", "", "Aggregate Functions", "System"),
    ("quantile", "", "Aggregate Functions", "System"),
    ("lower", "", "String", "System"),
    ("CAST", "", "Type Conversion", "System"),
    ("lcase", "lower", "", "System"),
    ("format", "", "String Replacement", "System"),
    ("file", "", "Other", "System"),
    ("version", "", "Other", "System"),
    ("dictGet", "", "Dictionary", "System"),
    ("own", "", "String", "ExecutableUserDefined"),
]
NAMES = names_from_rows(
    [dict(zip(("name", "alias_to", "categories", "origin"), row, strict=True)) for row in FUNCTIONS],
    ["file", "format", "url", "numbers", "input"],
)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT lower(input), lcase(output) FROM spans",
        "SELECT sumIf(1, x), sumOrNullIf(1, x), quantile(0.5)(duration_ns) OVER (ORDER BY x ASC) FROM spans",
        "SELECT 'file(\\'/etc/passwd\\')', {what:String} AS version FROM numbers(3)",
        "WITH x AS (SELECT 1) SELECT input IN (1, 2), NULL, CAST(x, 'Decimal(10, 2)') FROM x",
        "(SELECT 1) UNION ALL SELECT 2",
    ],
)
def test_what_computes_is_allowed(text: str) -> None:
    assert refusal(text, NAMES) == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("SELECT file('/etc/passwd')", "file"),
        ("SELECT `file`('/etc/passwd')", "file"),
        ("SELECT `fi\\le`('/etc/passwd')", "file"),
        ("SELECT arrayMap(file, ['/etc/passwd'])", "arrayMap"),
        ("SELECT sum(file, ['/etc/passwd'])", "file"),
        ("SELECT * APPLY file FROM spans", "file"),
        ("SELECT format(JSONEachRow, 'x String DEFAULT file(1)', '{}')", "format"),
        ("SELECT 1 FROM url('http://x')", "url"),
        ("SELECT input('x Int')", "input"),
        ("SELECT own('x')", "own"),
        ("SELECT ownIf('x')", "ownIf"),
        ("SELECT If(1)", "If"),
        ("SELECT x.file('/etc/passwd')", "file"),
        ("SELECT `a'`, file('/etc/passwd'), 'x'", "file"),
        ("SELECT dictGet('d', 'a', 1)", "dictGet"),
    ],
)
def test_what_reaches_further_is_named(text: str, named: str) -> None:
    assert refusal(text, NAMES) == f"{named} is not among the functions that may be called here."


@pytest.mark.parametrize("text", ["INSERT INTO x SELECT 1", "EXPLAIN SELECT 1", "SHOW TABLES", "SELECTED", ""])
def test_only_a_select_is_answered(text: str) -> None:
    assert refusal(text, NAMES) == "One SELECT is answered, and nothing else."


@pytest.mark.parametrize("table", ["system.tables", "`system`.tables", "SYSTEM.one", "information_schema.tables"])
def test_the_servers_own_tables_are_not_read(table: str) -> None:
    assert "not to be read here" in refusal(f"SELECT * FROM {table}", NAMES)
    assert refusal("SELECT 1 AS system", NAMES) == ""


@pytest.mark.parametrize("name", ["b", "$a$", "a b", "A"])
def test_a_parameter_that_is_nowhere_is_named(name: str) -> None:
    assert refusal("SELECT {a:String}, '{b:String}', '$a$'", NAMES, ["a"]) == ""
    assert name in refusal("SELECT {a:String}, '{b:String}', '$a$'", NAMES, ["a", name])


def test_a_parameter_is_no_name() -> None:
    assert (
        refusal("SELECT {f:Identifier}('/etc/passwd')", NAMES) == "A parameter is a value; a name stands in the text."
    )
