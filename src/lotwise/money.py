"""Exact units: shares, money and rates as 64-bit integers, and the one product of two of them.

| unit | type | one is |
|---|---|---|
| shares | `Shares` | 1,000,000 millionths of a share |
| money, and a price per share | `Money` | 10,000 ten-thousandths of a dollar |
| a rate or a fraction (tax rate, spread) | `Rate` | 1,000,000,000 billionths |

A product of two of these overflows 64 bits at everyday sizes (a million shares at a thousand dollars), and numba
wraps silently. So every product goes through `mul_div`, which carries 128 bits between multiplying and dividing, or
through one of its forms for one divisor, which do so only where 64 bits do not hold the product. All of them round half
to even, as IEEE 754 and most accounting systems do; all are tested against Python's integers.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import inlined_kernel, kernel

__all__ = [
    "DOLLAR",
    "FULL_RATE",
    "OVERFLOW",
    "SHARE",
    "IntArray",
    "Money",
    "Rate",
    "Shares",
    "at_half_rate",
    "at_rate",
    "exact_mul_div",
    "format_money",
    "format_shares",
    "mul_div",
    "parse_decimal",
    "price_of_shares",
    "split_by_largest_remainder",
    "to_dollars",
]

Shares = NewType("Shares", int)
Money = NewType("Money", int)
Rate = NewType("Rate", int)
IntArray: TypeAlias = NDArray[np.int64]

SHARE = 1_000_000
DOLLAR = 10_000
FULL_RATE = 1_000_000_000

# What the compiled `mul_div` returns when the result itself does not fit: a value no quantity can have.
OVERFLOW = -(2**63)

_LOW_32 = 0xFFFFFFFF


def exact_mul_div(a: int, b: int, c: int) -> int:
    """Return a x b / c, rounded half to even, for Python integers of any size; `c` must be positive."""
    if c <= 0:
        raise ValueError(f"the divisor must be positive, was {c}")
    quotient, remainder = divmod(a * b, c)
    twice = 2 * remainder
    if twice > c or (twice == c and quotient & 1):
        quotient += 1
    return quotient


@kernel
def _divide_128(high: np.uint64, low: np.uint64, divisor: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Divide a 128-bit number by a 64-bit one, bit by bit; quotient and remainder; needs high < divisor.

    Sixty-four shifts cost some 60 ns: only products beyond 64 bits come here.
    """
    remainder = high
    quotient = np.uint64(0)
    one = np.uint64(1)
    top = np.uint64(63)
    for i in range(64):
        carry = remainder >> top
        bit = (low >> np.uint64(63 - i)) & one
        remainder = (remainder << one) | bit
        quotient = quotient << one
        if carry == one or remainder >= divisor:
            remainder = remainder - divisor
            quotient = quotient | one
    return quotient, remainder


@kernel
def mul_div(a: int, b: int, c: int) -> int:
    """Return a x b / c, rounded half to even, through 128 bits; int64 in and out, c > 0.

    Returns `OVERFLOW` if the result does not fit (or c is not positive): kernels do not raise.
    """
    if c <= 0:
        return OVERFLOW
    negative = (a < 0) != (b < 0)
    x = np.uint64(abs(a))
    y = np.uint64(abs(b))
    z = np.uint64(c)
    mask = np.uint64(_LOW_32)
    half = np.uint64(32)
    x_low, x_high = x & mask, x >> half
    y_low, y_high = y & mask, y >> half
    low_low = x_low * y_low
    cross = x_high * y_low + (low_low >> half)
    cross_2 = x_low * y_high + (cross & mask)
    high = x_high * y_high + (cross >> half) + (cross_2 >> half)
    low = (cross_2 << half) | (low_low & mask)
    if high == np.uint64(0):
        quotient = low // z
        remainder = low - quotient * z
    elif high >= z:
        return OVERFLOW
    else:
        quotient, remainder = _divide_128(high, low, z)
        if quotient >= np.uint64(1) << np.uint64(63):
            return OVERFLOW
    rest = z - remainder
    if remainder > rest or (remainder == rest and (quotient & np.uint64(1)) == np.uint64(1)):
        quotient = quotient + np.uint64(1)
    if quotient >= np.uint64(1) << np.uint64(63):
        return OVERFLOW
    result = int(np.int64(quotient))
    return -result if negative else result


@inlined_kernel
def _to_even(quotient: int, remainder: int, divisor: int) -> int:
    """Round half to even what was divided downward, the remainder at least zero."""
    twice = 2 * remainder
    return quotient + int(twice > divisor or (twice == divisor and quotient & 1 == 1))


@inlined_kernel
def _fits(a: int, b: int) -> bool:
    """Whether a x b surely fits 64 bits, sign included; for everyday ones, `b` a price or a rate."""
    return 0 <= b < 1 << 31 and -(1 << 62) < a < 1 << 62 and ((abs(a) >> 31) + 1) * b <= 1 << 32


# Three functions for three divisors: a divisor that the compiler knows becomes a multiplication, several times as fast.


@inlined_kernel
def price_of_shares(shares: int, price: int) -> int:
    """Money of so many shares at a price: `mul_div(shares, price, SHARE)`."""
    if not _fits(shares, price):
        return mul_div(shares, price, SHARE)
    product = shares * price
    quotient = product // SHARE
    return _to_even(quotient, product - quotient * SHARE, SHARE)


@inlined_kernel
def at_rate(money: int, rate: int) -> int:
    """Money at a rate: `mul_div(money, rate, FULL_RATE)`."""
    if not _fits(money, rate):
        return mul_div(money, rate, FULL_RATE)
    product = money * rate
    quotient = product // FULL_RATE
    return _to_even(quotient, product - quotient * FULL_RATE, FULL_RATE)


@inlined_kernel
def at_half_rate(money: int, rate: int) -> int:
    """Money at half a rate (a trade costs half the spread): `mul_div(money, rate, 2 * FULL_RATE)`."""
    if not _fits(money, rate):
        return mul_div(money, rate, 2 * FULL_RATE)
    product = money * rate
    quotient = product // (2 * FULL_RATE)
    return _to_even(quotient, product - quotient * (2 * FULL_RATE), 2 * FULL_RATE)


def split_by_largest_remainder(total: int, weights: list[int]) -> list[int]:
    """Split an exact total in proportion to non-negative weights so that the parts add up to it, to the last unit.

    Each part is within one unit of its exact share; the units left over go to the largest remainders, the first of
    equals first. Raises ValueError if the weights are all zero or any is negative.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError(f"weights must be non-negative and not all zero, were {weights}")
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: -(total * weights[i] % whole))
    for i in by_remainder[:left]:
        parts[i] += 1
    return parts


def parse_decimal(text: str, unit: int) -> int:
    """Read a decimal number exactly into integer units (`SHARE`, `DOLLAR`, `FULL_RATE` per one).

    Digits beyond the unit round half to even. Raises ValueError where the text is not a finite decimal number or
    does not fit 64 bits.
    """
    digits = text.strip()
    try:
        value = Decimal(digits if digits.isascii() and "_" not in digits else "")
    except ArithmeticError as error:
        raise ValueError(f"must be a decimal number, was {text!r}") from error
    if not value.is_finite() or abs(value) >= Decimal(2**62) / unit:
        raise ValueError(f"must be a finite decimal number below 2^62 units, was {text!r}")
    # Quantizing rounds once, whatever the number of digits; multiplying first would round to 28 digits before.
    return int(value.quantize(Decimal(1) / unit, rounding=ROUND_HALF_EVEN) * unit)


def to_dollars(money: int) -> Decimal:
    """Money as an exact decimal number of dollars."""
    return Decimal(money) / DOLLAR


def format_money(money: int) -> str:
    """Money for a person: whole cents, thousands separated, the sign before the dollar."""
    cents = to_dollars(money).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    return f"{'-' if cents < 0 else ''}${abs(cents):,}"


def format_shares(shares: int) -> str:
    """Shares for a person: no trailing zeros."""
    text = f"{Decimal(shares) / SHARE:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
