"""Accounts as the law sees them: whose they are, and whether sales in them are taxed."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["AccountKind"]


class AccountKind(IntEnum):
    """How an account is taxed; the numbers are also the order in which a household's accounts are solved."""

    TAXABLE = 0
    TRADITIONAL = 1
    ROTH = 2
