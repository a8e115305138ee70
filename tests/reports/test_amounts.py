"""Amounts as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.reports.amounts import (
    basis_points,
    brief_dollars,
    count,
    dollars,
    percent,
    plain,
    short_dollars,
    with_minus,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("1234.5"), "$1,234"),
        (Decimal("-1234.51"), "\u2212$1,235"),
        (Decimal("-0.3"), "$0"),
        (None, ""),
    ],
)
def test_dollars(amount: Decimal | None, text: str) -> None:
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (999_499, "$999,499"),
        (1_236_000, "$1.24 million"),
        (-36_200_000, "\u2212$36.2 million"),
        (794_400_000, "$794 million"),
        (2.5e9, "$2.50 billion"),
        (1.2e15, "$1,200 trillion"),
    ],
)
def test_short_dollars(amount: float, text: str) -> None:
    assert short_dollars(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, ""),
        (0, "$0"),
        (999.4, "$999"),
        (999.6, "$1.00k"),
        (46_767, "$46.8k"),
        (-46_767, "\u2212$46.8k"),
        (999_600, "$1.00m"),
        (4_585_236, "$4.59m"),
        (2.5e12, "$2,500b"),
    ],
)
def test_brief_dollars_fit_a_narrow_column(amount: float | None, text: str) -> None:
    assert brief_dollars(amount) == text


def test_basis_points_say_small_gaps_without_exponents() -> None:
    assert [basis_points(x) for x in (12.34, 0.0, -0.05, 0.0034, 2e-5, None)] == [
        "12.3 bp",
        "0.0 bp",
        "\u22120.05 bp",
        "0.0034 bp",
        "under 0.0001 bp",
        "",
    ]


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ("-1.5 / -2 bp", "\u22121.5 / \u22122 bp"),
        ("-$5", "\u2212$5"),
        ("2019-03-02", "2019-03-02"),
        ("10-20", "10-20"),
        ("risk-3", "risk-3"),
    ],
)
def test_figures_get_a_minus_sign_and_nothing_else_does(figure: str, text: str) -> None:
    assert with_minus(figure) == text


def test_percent_and_count() -> None:
    assert percent(0.01875) == "1.88%"
    assert percent(-0.01) == "\u22121.00%"
    assert percent(None) == ""
    assert count(1, "trade") == "1 trade"
    assert count(1_200, "trade") == "1,200 trades"


@given(st.text(), st.integers(1, 50))
def test_plain_text_is_printable_short_and_stable(text: str, most: int) -> None:
    result = plain(text, most)
    assert len(result) <= most
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in result)
    assert plain(result, most) == result
