"""What the law says against what the ledger says: all differences of a case at once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.law.case_facts import Facts

__all__ = ["NOTE", "Comparison", "is_long"]

NOTE = "law note"  # property of a report: a remark; equal ones are counted at the end of the run

_CENT = Decimal("0.01")
_TERMS = {
    "st": False,
    "short": False,
    "short_term": False,
    "short-term": False,
    "lt": True,
    "long": True,
    "long_term": True,
    "long-term": True,
}


def is_long(facts: Facts, *keys: str) -> bool:
    """Whether a term is long."""
    text = facts.text(*keys or ("term",)).strip().lower()
    assert text in _TERMS, f"{facts.where}: term must be one of {sorted(_TERMS)}, was {text!r}"
    return _TERMS[text]


class Comparison:
    """Differences of one case, collected; money within the tolerance that the case states."""

    def __init__(self, case: Facts) -> None:
        self.where = case.where
        self.tolerance = case.number("tolerance") if "tolerance" in case else _CENT
        self._differences: list[str] = []

    def money(self, what: str, got: Decimal | Fraction, must_be: Decimal | Fraction) -> None:
        """Compare dollars, within the tolerance."""
        if abs(Fraction(got) - Fraction(must_be)) > Fraction(self.tolerance):
            self._differences.append(f"{what}: must be {must_be}, was {got}")

    def shares(self, what: str, got: Decimal, must_be: Decimal) -> None:
        """Compare shares, within half a millionth."""
        if abs(got - must_be) > Decimal("0.0000005"):
            self._differences.append(f"{what}: must be {must_be}, was {got}")

    def same(self, what: str, got: Any, must_be: Any) -> None:
        """Compare anything that is equal or not."""
        if got != must_be:
            self._differences.append(f"{what}: must be {must_be}, was {got}")

    def term(self, what: str, long_term: set[bool], must_be: bool) -> None:
        """Compare the terms of all parts of something with the one that all must have."""
        self.same(f"term of {what}", long_term, {must_be})

    def differ(self, text: str) -> None:
        """Add a difference said in words."""
        self._differences.append(text)

    @property
    def differences(self) -> list[str]:
        """All found so far."""
        return list(self._differences)

    def done(self) -> None:
        """Fail with everything that differs."""
        assert not self._differences, f"{self.where}:\n  " + "\n  ".join(self._differences)
