"""The investment policy of a household as data: one table of keys with default, unit, bounds and meaning.

A profile is a set of these keys. It starts from the defaults below, then takes the firm's own (`[profile]` in
firm.toml), then what a named profile says (profiles.toml). The table is the fields of `Profile`: nothing else
knows the keys, and the documentation is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import NamedTuple, cast

from lotwise.households.accounts import AccountKind
from lotwise.money import DOLLAR, Money

__all__ = ["KEYS", "LOCATION", "Preference", "Profile", "ProfileKey", "profile_reference"]

LOCATION = "location"  # the table of preferences within a profile

# harvest = "year_round": credit begins at 80% of basis on 1 January, at 95% from 1 December on. The figures are
# the preset's meaning in the firm folder's contract, version 1.
_YEAR_ROUND_FIRST = Decimal("0.80")
_YEAR_ROUND_LAST = Decimal("0.95")

_PRESETS = ("any", "year_round", "none")


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """One key of a profile: `low` and `high` bound a number and belong to it; `words` may stand instead."""

    name: str
    default: object
    unit: str
    low: Decimal
    high: Decimal
    meaning: str
    flag: bool = False
    words: tuple[str, ...] = ()
    used: bool = True

    @property
    def must_be(self) -> str:
        """What a value must be, for a finding."""
        if self.flag:
            return "true or false"
        words = " or ".join(f'"{word}"' for word in self.words)
        number = f"a number from {self.low} to {self.high} ({self.unit})"
        return f"{words} or {number}" if words else number


class Preference(NamedTuple):
    """What it costs a year to hold an asset class in accounts of a kind, in basis points; negative = preferred."""

    asset_class: str
    kind: AccountKind
    bps: Decimal


def _number(unit: str, bounds: tuple[str, str], meaning: str, *, used: bool = True) -> dict[str, object]:
    return {"unit": unit, "bounds": bounds, "meaning": meaning, "used": used}


def _flag(meaning: str, *, used: bool = True) -> dict[str, object]:
    return {"unit": "true or false", "bounds": ("0", "1"), "meaning": meaning, "flag": True, "used": used}


def _harvest(meaning: str) -> dict[str, object]:
    return {"unit": "value / basis", "bounds": ("0", "1"), "meaning": meaning, "words": _PRESETS}


@dataclass(frozen=True, slots=True)
class Profile:
    """What a household is managed by. Fractions and rates are exact decimals, money is `Money`."""

    name: str = ""
    risk_price_bps: Decimal = field(
        default=Decimal(50),
        metadata=_number(
            "bp of value at a tracking error of 1%",
            ("0.001", "1000000"),
            "Price of tracking p: a tracking error of TE (annual) costs p x (TE / 1%)^2 basis points of value.",
        ),
    )
    tracking_cap_bps: Decimal | None = field(
        default=None,
        metadata=_number("bp", ("0", "10000"), "Hard cap on the predicted tracking error.", used=False),
    )
    deferral_discount: Decimal | None = field(
        default=Decimal("0.5"),
        metadata=_number(
            "fraction",
            ("0", "1"),
            "What a dollar of tax paid later costs today (delta). Instead of it: the three keys below.",
        ),
    )
    deferral_years: Decimal | None = field(
        default=None, metadata=_number("years", ("0", "100"), "Years until the deferred gain would be sold.")
    )
    discount_rate: Decimal | None = field(
        default=None,
        metadata=_number("fraction a year", ("0", "1"), "Annual rate by which tax paid later is discounted."),
    )
    step_up_probability: Decimal | None = field(
        default=None,
        metadata=_number(
            "fraction",
            ("0", "1"),
            "Chance that the gain is never taxed (basis stepped up at death, or donated).",
        ),
    )
    harvest: Decimal | str = field(
        default=Decimal("0.97"),
        metadata=_harvest(
            'Depth, as value / basis, below which a loss earns its credit. "any": every loss at its tax value; '
            '"year_round": from 0.80 on 1 January to 0.95 on 1 December; "none": losses earn no credit.',
        ),
    )
    loss_usability: Decimal | None = field(
        default=None,
        metadata=_number(
            "fraction",
            ("0", "1"),
            "What a dollar of loss is worth, as a share of the rate on a dollar of gain. Not set: what the household's "
            "own tax position says of tonight's losses.",
        ),
    )
    carried_loss_value: Decimal = field(
        default=Decimal("0.8"),
        metadata=_number(
            "fraction",
            ("0", "1"),
            "What a dollar of loss that is carried into the next year is worth, as a share of the rate on a dollar of "
            "long-term gain. The default is not calibrated yet.",
        ),
    )
    trading_cost_multiplier: Decimal = field(
        default=Decimal(3),
        metadata=_number(
            "times",
            ("0", "1000"),
            "How often the true trading cost is charged in the objective (1: true).",
        ),
    )
    short_term_wait_cap: Decimal = field(
        default=Decimal(1),
        metadata=_number(
            "times",
            ("1", "365"),
            "Most by which waiting for a short-term gain to turn long is weighted: min(365 / days, cap). "
            "With 1 the price of a lot is its plain tax.",
        ),
    )
    buy_opportunity_cost: bool = field(
        default=True,
        metadata=_flag(
            "Whether a buy carries the cost of the losses it bars for 30 days on either side.",
        ),
    )
    cash_target: Decimal = field(
        default=Decimal("0.01"),
        metadata=_number(
            "fraction of value",
            ("0", "1"),
            "Cash to keep. A model with a CASH weight of its own says it instead.",
        ),
    )
    cash_band: Decimal = field(
        default=Decimal("0.005"),
        metadata=_number(
            "fraction of value",
            ("0", "1"),
            "How far cash may stray from its target, either side.",
        ),
    )
    minimum_trade: Money = field(
        default=Money(100 * DOLLAR),
        metadata=_number("dollars", ("0", "1000000000"), "Smallest trade that is worth an order."),
    )
    fractional_shares: bool = field(default=False, metadata=_flag("Whether fractions of a share can be traded."))
    worth_it_bps: Decimal = field(
        default=Decimal(1),
        metadata=_number("bp of value", ("0", "10000"), "Trade only if the objective improves by more than this."),
    )
    tax_budget: Money | None = field(
        default=None,
        metadata=_number("dollars a year", ("0", "1000000000000"), "Most tax in a calendar year.", used=False),
    )
    tax_budget_pct: Decimal | None = field(
        default=None,
        metadata=_number(
            "percent of value a year",
            ("0", "100"),
            "Most tax in a calendar year, as a share of value.",
            used=False,
        ),
    )
    location_years: Decimal = field(
        default=Decimal(1),
        metadata=_number(
            "years",
            ("0", "100"),
            "Years of tax drag, and of the preferences in `[location]`, that a place is charged for. With 0 it does "
            "not matter which account holds what.",
        ),
    )
    after_tax_weighting: bool = field(
        default=False,
        metadata=_flag(
            "Whether a dollar in a traditional account counts only as what is left of it after tax on its withdrawal.",
            used=False,
        ),
    )
    withdrawal_rate: Decimal | None = field(
        default=None,
        metadata=_number(
            "fraction",
            ("0", "1"),
            "Tax on a dollar withdrawn from a traditional account. Not set: the household's rate of ordinary income.",
            used=False,
        ),
    )
    location: tuple[Preference, ...] = ()

    def tax_later(self) -> Decimal:
        """Return delta, what a dollar of tax paid later costs: (1 - p_step_up)(1 + r)^(-years), or as given."""
        if self.deferral_discount is not None:
            return self.deferral_discount
        years = self.deferral_years or Decimal(0)
        growth = (1 + (self.discount_rate or Decimal(0))) ** years
        return (1 - (self.step_up_probability or Decimal(0))) / growth

    def harvest_depth(self, as_of: date) -> Decimal:
        """Value / basis below which a loss earns credit on this day; 1 = any loss, 0 = none ever.

        "year_round" rises by the same amount every day from 1 January to 1 December.
        """
        if isinstance(self.harvest, Decimal):
            return self.harvest
        if self.harvest == "any":
            return Decimal(1)
        if self.harvest == "none":
            return Decimal(0)
        start, end = date(as_of.year, 1, 1), date(as_of.year, 12, 1)
        passed = min(Decimal((as_of - start).days) / (end - start).days, Decimal(1))
        return _YEAR_ROUND_FIRST + (_YEAR_ROUND_LAST - _YEAR_ROUND_FIRST) * passed


KEYS: dict[str, ProfileKey] = {
    made.name: ProfileKey(
        name=made.name,
        default=made.default,
        unit=made.metadata["unit"],
        low=Decimal(made.metadata["bounds"][0]),
        high=Decimal(made.metadata["bounds"][1]),
        meaning=made.metadata["meaning"],
        flag=made.metadata.get("flag", False),
        words=made.metadata.get("words", ()),
        used=made.metadata.get("used", True),
    )
    for made in fields(Profile)
    if made.metadata
}
MONEY_KEYS = frozenset({"minimum_trade", "tax_budget"})


def _in_words(key: ProfileKey) -> str:
    if key.default is None:
        return "not set"
    if key.flag:
        return "true" if key.default else "false"
    if key.name in MONEY_KEYS:
        return str(cast("int", key.default) // DOLLAR)
    return str(key.default)


def profile_reference() -> str:
    """Every key of a profile as a Markdown table, in the order of `Profile`."""
    lines = ["| key | default | unit | from | to | meaning |", "|---|---|---|---|---|---|"]
    for key in KEYS.values():
        low, high = ("", "") if key.flag else (str(key.low), str(key.high))
        later = "" if key.used else " Validated, not used yet."
        lines.append(f"| `{key.name}` | {_in_words(key)} | {key.unit} | {low} | {high} | {key.meaning}{later} |")
    return "\n".join(lines) + "\n"
