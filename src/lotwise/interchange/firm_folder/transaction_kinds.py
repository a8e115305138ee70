"""What each kind of transaction needs and which way its shares and cash go."""

from __future__ import annotations

from lotwise.storage.event_tables import KINDS

__all__ = ["NEEDS", "PAYS", "RECEIVES", "RELIEVED", "SHARES_OUT"]

_TRADE = ("symbol", "shares", "amount|price")
_CASH = ("amount",)

# Cells that must be filled: a|b = one of them. Kinds that need nothing of this are not listed.
NEEDS: dict[str, tuple[str, ...]] = {
    "buy": _TRADE,
    "sell": _TRADE,
    "reinvest": _TRADE,
    "reinvestment": _TRADE,
    "sell_short": _TRADE,
    "cover": ("symbol", "shares", "amount|price|lot_id"),
    "dividend": _CASH,
    "interest": _CASH,
    "capital_gain_distribution": _CASH,
    "deposit": _CASH,
    "withdrawal": _CASH,
    "fee": _CASH,
    "transfer_in": ("symbol|amount",),
    "transfer_out": ("symbol|amount",),
    "gift_in": ("symbol", "shares", "donor_basis|basis", "fair_value"),
    "inheritance": ("symbol", "shares", "fair_value|basis"),
    "donation": ("symbol", "shares"),
    "gift_out": ("symbol", "shares"),
    "split": ("symbol", "ratio"),
    "stock_dividend": ("symbol", "ratio"),
    "stock_dividend_other_class": ("symbol", "new_symbol", "ratio", "fraction"),
    "symbol_change": ("symbol", "new_symbol"),
    "cash_merger": ("symbol", "cash_per_share|amount"),
    "stock_merger": ("symbol", "new_symbol", "ratio"),
    "mixed_merger": ("symbol", "new_symbol", "ratio", "cash_per_share|amount"),  # fair value: see fair_values
    "spin_off": ("symbol", "new_symbol", "ratio", "fraction"),
    "return_of_capital": ("symbol", "cash_per_share|amount"),
    "cash_in_lieu": ("symbol", "shares", "amount"),
    "basis_correction": ("symbol", "lot_id", "basis"),
}
assert set(NEEDS) == set(KINDS)

# Shares go out: a file may give them with a minus sign.
SHARES_OUT = ("sell", "transfer_out", "donation", "gift_out", "sell_short", "cash_in_lieu")
# Cash goes out, fee added: a file may give the amount with a minus sign.
PAYS = ("buy", "reinvest", "reinvestment", "cover", "withdrawal", "fee")
# Cash comes in, fee deducted.
RECEIVES = (
    "sell",
    "sell_short",
    "dividend",
    "interest",
    "capital_gain_distribution",
    "deposit",
    "cash_merger",
    "mixed_merger",
    "return_of_capital",
    "cash_in_lieu",
)
# Lots are taken by relief where none is named.
RELIEVED = ("sell", "transfer_out", "donation", "gift_out", "cash_in_lieu")
