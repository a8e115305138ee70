"""Exact units: every product, split, reading and writing of them agrees with integers and decimals of any size."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lotwise.kernels import kernel
from lotwise.money import (
    DOLLAR,
    FULL_RATE,
    OVERFLOW,
    SHARE,
    at_half_rate,
    at_rate,
    exact_mul_div,
    format_money,
    format_shares,
    mul_div,
    parse_decimal,
    price_of_shares,
    split_by_largest_remainder,
    to_dollars,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
POSITIVE = st.integers(1, 2**63 - 1)
MONEY = st.integers(-(10**16), 10**16)


def half_even(value: Fraction) -> int:
    """Python's own rounding of an exact fraction: to the nearest, ties to even."""
    return round(value)


@given(INT64, INT64, POSITIVE)
@example(2**63 - 1, 2**63 - 1, 2**63 - 1)
@example(-(2**63), 1, 1)
@example(-(2**63), -1, 1)
@example(2**62, 2, 1)
@example(1, 1, 2)
@example(3, 1, 2)
@example(-1, 1, 2)
@example(-3, 1, 2)
@example(9_049_533_800_698_755_157, 8_376_756_598_287_508_638, 4_109_437_506_886_003_155)
def test_the_compiled_product_agrees_with_integers_of_any_size(a: int, b: int, c: int) -> None:
    assert exact_mul_div(a, b, c) == half_even(Fraction(a * b, c))
    expected = exact_mul_div(a, b, c)
    if -(2**63) < expected < 2**63:
        assert mul_div(a, b, c) == expected
    else:
        assert mul_div(a, b, c) == OVERFLOW


@given(st.integers(-(2**31), 2**31), st.integers(0, 2**30), st.integers(1, 2**30))
def test_ties_round_to_the_even_neighbour(half: int, whole: int, divisor: int) -> None:
    odd = 2 * half + 1
    result = mul_div(odd, divisor, 2 * divisor)
    assert result % 2 == 0
    assert abs(2 * result - odd) == 1
    assert mul_div(whole, divisor, divisor) == whole


@given(INT64, INT64, st.integers(-(2**63), 0))
def test_a_divisor_that_is_not_positive_is_an_overflow_or_an_error(a: int, b: int, c: int) -> None:
    assert mul_div(a, b, c) == OVERFLOW
    with pytest.raises(ValueError, match="must be positive"):
        exact_mul_div(a, b, c)


# Numbers of every magnitude: uniform ones of 64 bits hardly ever have a product that fits.
SIZED = st.integers(0, 63).flatmap(lambda bits: st.integers(-(2**bits), 2**bits - 1))


@kernel
def _by_known_divisors(a: int, b: int) -> tuple[int, int, int]:
    return price_of_shares(a, b), at_rate(a, b), at_half_rate(a, b)


@given(SIZED, SIZED)
@example(2**31, 2**31)
@example(2**32 - 1, 2**31 - 1)
@example(3 * 2**31 - 1, 2**30)
@example(2**33 - 1, 2**30)
@example(2**33, 2**30)
@example(-(2**33), 2**30)
@example(2**31 - 1, 2**31)
@example(-(2**31), 2**31)
@example(SHARE // 2, 1)
@example(3 * SHARE // 2, -1)
@example(-FULL_RATE, 1)
@example(3 * FULL_RATE, -1)
@example(FULL_RATE // 2, 5)
@example(-(2**63), -(2**63))
@example(-(2**63), -1)
@example(2**63 - 1, 1)
def test_known_divisors_give_what_any_divisor_gives(a: int, b: int) -> None:
    for form in (_by_known_divisors, by_known_divisors_in_python):
        for got, divisor in zip(form(a, b), (SHARE, FULL_RATE, 2 * FULL_RATE), strict=True):
            assert got == mul_div(a, b, divisor)
            expected = exact_mul_div(a, b, divisor)
            assert got == (expected if -(2**63) < expected < 2**63 else OVERFLOW)


def by_known_divisors_in_python(a: int, b: int) -> tuple[int, int, int]:
    """The same without being compiled, as reports call them."""
    return price_of_shares(a, b), at_rate(a, b), at_half_rate(a, b)


def test_everyday_products_beyond_64_bits() -> None:
    """A million shares at a thousand dollars: the product of the units is 1e19, more than 64 bits hold."""
    shares, price = 1_000_000 * SHARE, 1_000 * DOLLAR
    assert shares * price > 2**63
    assert mul_div(shares, price, SHARE) == 1_000_000_000 * DOLLAR
    assert mul_div(-shares, price, SHARE) == -1_000_000_000 * DOLLAR


@given(MONEY, st.lists(st.integers(0, 2**62), min_size=1, max_size=12))
def test_a_split_adds_up_and_each_part_is_within_one_unit(total: int, weights: list[int]) -> None:
    assume(sum(weights) > 0)
    parts = split_by_largest_remainder(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total * weight, sum(weights))) < 1
        if weight == 0:
            assert part == 0


def test_a_split_gives_what_is_left_to_the_largest_remainders_first_of_equals_first() -> None:
    assert split_by_largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert split_by_largest_remainder(10, [55, 25, 20]) == [6, 2, 2]
    assert split_by_largest_remainder(-100, [1, 1, 1]) == [-33, -33, -34]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [3, -1]])
def test_a_split_needs_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="non-negative and not all zero"):
        split_by_largest_remainder(100, weights)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
    st.sampled_from([SHARE, DOLLAR, FULL_RATE]),
)
@example(Decimal("0.00000050000000000000000000000000000001"), SHARE)
@example(Decimal("0.00005"), DOLLAR)
@example(Decimal("0.00015"), DOLLAR)
@example(Decimal("-0.00015"), DOLLAR)
def test_a_decimal_is_read_exactly(value: Decimal, unit: int) -> None:
    assert parse_decimal(str(value), unit) == half_even(Fraction(value) * unit)
    assert parse_decimal(f"  {value}\t", unit) == parse_decimal(str(value), unit)


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1,000", "$5", "nan", "sNaN", "inf", "-Infinity", "1e99", "--1", "0x10"]
)
def test_what_is_not_a_finite_decimal_number_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a (finite )?decimal number") as refused:
        parse_decimal(text, DOLLAR)
    assert repr(text) in str(refused.value)


def test_the_largest_that_can_be_read() -> None:
    assert parse_decimal("4611686018427.387903", SHARE) == 2**62 - 1
    with pytest.raises(ValueError, match="2\\^62"):
        parse_decimal("4611686018427.387904", SHARE)


@given(INT64)
def test_shares_are_written_so_that_they_can_be_read_back(shares: int) -> None:
    text = format_shares(shares)
    assert Fraction(text) == Fraction(shares, SHARE)
    assert "." not in text or text[-1] not in "0."
    if abs(shares) < 2**62:
        assert parse_decimal(text, SHARE) == shares


@given(INT64)
def test_money_is_written_in_whole_cents(money: int) -> None:
    text = format_money(money)
    cents = half_even(Fraction(money, DOLLAR // 100))
    assert Fraction(text.replace("$", "").replace(",", "")) == Fraction(cents, 100)
    assert text.startswith("-$") == (cents < 0)
    assert text[-3] == "."


def test_money_and_shares_as_a_person_reads_them() -> None:
    assert format_money(12_345_678_912) == "$1,234,567.89"
    assert format_money(-5_000) == "-$0.50"
    assert format_money(-1) == "$0.00"
    assert format_shares(1_500_000) == "1.5"
    assert format_shares(100 * SHARE) == "100"


@given(INT64)
def test_dollars_are_exact(money: int) -> None:
    dollars = to_dollars(money)
    assert Fraction(dollars) == Fraction(money, DOLLAR)
    assert dollars == dollars.quantize(Decimal("0.0001"), ROUND_HALF_EVEN, Context(prec=40))
