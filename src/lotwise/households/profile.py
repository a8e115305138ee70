"""The investment policy of a household as data: one table of keys with default, unit, bounds and meaning.

A profile is a set of these keys, in layers: the defaults below, the firm's own (`[profile]` in firm.toml), what a named
profile says (profiles.toml), what is said for one household (overrides.toml). The table is the fields of `Profile`:
nothing else knows the keys, and the documentation is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from lotwise.households.profile_keys import Preference, ProfileKey, flag, harvest, in_words, money, number, text
from lotwise.money import DOLLAR, Money

__all__ = ["DEFAULT_LAYER", "KEYS", "Profile", "profile_reference"]

DEFAULT_LAYER = "default"

# harvest = "year_round": credit begins at 80% of basis on 1 January, at 95% from 1 December on. The figures are
# the preset's meaning in the firm folder's contract, version 1.
_YEAR_ROUND_FIRST = Decimal("0.80")
_YEAR_ROUND_LAST = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a household is managed by. Fractions and rates are exact decimals, money is `Money`.

    `name` is the named profile, '' where there is none; `layers` says which layer a key comes from, if not the default,
    and a preference likewise, as `location.CLASS.KIND`.
    """

    name: str = ""
    layers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    risk_price_bps: Decimal = field(
        default=Decimal(50),
        metadata=number(
            "bp of value at a tracking error of 1%",
            ("0.001", "1000000"),
            "Price of tracking p: a tracking error of TE (annual) costs p x (TE / 1%)^2 basis points of value.",
        ),
    )
    tracking_cap_bps: Decimal | None = field(
        default=None,
        metadata=number("bp", ("0", "10000"), "Hard cap on the predicted tracking error."),
    )
    deferral_discount: Decimal | None = field(
        default=Decimal("0.5"),
        metadata=number(
            "fraction",
            ("0", "1"),
            "What a dollar of tax paid later costs today (delta). Instead of it: the three keys below.",
        ),
    )
    deferral_years: Decimal | None = field(
        default=None, metadata=number("years", ("0", "100"), "Years until the deferred gain would be sold.")
    )
    discount_rate: Decimal | None = field(
        default=None,
        metadata=number("fraction a year", ("0", "1"), "Annual rate by which tax paid later is discounted."),
    )
    step_up_probability: Decimal | None = field(
        default=None,
        metadata=number(
            "fraction",
            ("0", "1"),
            "Chance that the gain is never taxed (basis stepped up at death, or donated).",
        ),
    )
    harvest: Decimal | str = field(
        default=Decimal("0.97"),
        metadata=harvest(
            'Depth, as value / basis, below which a loss earns its credit. "any": every loss at its tax value; '
            '"year_round": from 0.80 on 1 January to 0.95 on 1 December; "none": losses earn no credit.',
        ),
    )
    harvest_year_end: Decimal | None = field(
        default=None,
        metadata=number(
            "value / basis",
            ("0", "1"),
            'Depth from 1 December on: a depth that `harvest` gives, or that of "year_round", is that of 1 January and '
            'moves there by the same amount every day. Without effect on "any" and "none".',
        ),
    )
    loss_usability: Decimal | None = field(
        default=None,
        metadata=number(
            "fraction",
            ("0", "1"),
            "What a dollar of loss is worth, as a share of the rate on a dollar of gain. Not set: what the household's "
            "own tax position says of tonight's losses.",
        ),
    )
    carried_loss_value: Decimal = field(
        default=Decimal("0.8"),
        metadata=number(
            "fraction",
            ("0", "1"),
            "What a dollar of loss that is carried into the next year is worth, as a share of the rate on a dollar of "
            "long-term gain. The default is not calibrated yet.",
        ),
    )
    trading_cost_multiplier: Decimal = field(
        default=Decimal(3),
        metadata=number(
            "times",
            ("0", "1000"),
            "How often the true trading cost is charged in the objective (1: true).",
        ),
    )
    short_term_wait_cap: Decimal = field(
        default=Decimal(1),
        metadata=number(
            "times",
            ("1", "365"),
            "Most by which waiting for a short-term gain to turn long is weighted: min(365 / days, cap). "
            "With 1 the price of a lot is its plain tax.",
        ),
    )
    buy_opportunity_cost: bool = field(
        default=True,
        metadata=flag(
            "Whether a buy carries the cost of the losses it bars for 30 days on either side.",
        ),
    )
    cash_target: Decimal = field(
        default=Decimal("0.01"),
        metadata=number(
            "fraction of value",
            ("0", "1"),
            "Cash to keep. A model with a CASH weight of its own says it instead.",
        ),
    )
    cash_band: Decimal = field(
        default=Decimal("0.005"),
        metadata=number(
            "fraction of value",
            ("0", "1"),
            "How far cash may stray from its target, either side.",
        ),
    )
    cash_reserve: Money = field(
        default=Money(0),
        metadata=money("Cash to keep on top of the target, in the accounts where it costs least."),
    )
    spending: Money = field(
        default=Money(0),
        metadata=money("What is withdrawn and spent.", unit="dollars a month"),
    )
    spending_months: Decimal = field(
        default=Decimal(0),
        metadata=number("months", ("0", "120"), "Months of `spending` to keep in cash on top of the target."),
    )
    minimum_trade: Money = field(
        default=Money(100 * DOLLAR),
        metadata=money("Smallest trade that is worth an order.", high="1000000000"),
    )
    fractional_shares: bool = field(default=False, metadata=flag("Whether fractions of a share can be traded."))
    as_one_portfolio: bool = field(
        default=True,
        metadata=flag(
            "Whether the household's accounts are one portfolio: they meet the target together, accounts held away "
            "included, and each name is held where it costs least. false: each account meets the target by itself.",
        ),
    )
    worth_it_bps: Decimal = field(
        default=Decimal(1),
        metadata=number("bp of value", ("0", "10000"), "Trade only if the objective improves by more than this."),
    )
    tax_budget: Money | None = field(
        default=None,
        metadata=money("Most tax in a calendar year.", unit="dollars a year"),
    )
    tax_budget_pct: Decimal | None = field(
        default=None,
        metadata=number(
            "percent of value a year",
            ("0", "100"),
            "Most tax in a calendar year, as a share of value.",
        ),
    )
    gain_budget: Money | None = field(
        default=None,
        metadata=money("Most net gain realised in a calendar year.", unit="dollars a year"),
    )
    budget_proration: bool = field(
        default=False,
        metadata=flag(
            "Whether no more of the year's budgets of tax and gain may be used than of the year has passed.",
        ),
    )
    turnover_cap: Decimal | None = field(
        default=None,
        metadata=number(
            "fraction of value a night",
            ("0", "1"),
            "Most turnover of a night, half of what is bought and sold: a transition to a new model takes several. "
            "Cash that is asked for and restrictions come first.",
        ),
    )
    days_between_trades: Decimal = field(
        default=Decimal(0),
        metadata=number(
            "days",
            ("0", "366"),
            "Days from a trade on within which the household holds unless it must trade: for cash below its band, "
            "for a restriction, or as a request asks.",
        ),
    )
    location_years: Decimal = field(
        default=Decimal(1),
        metadata=number(
            "years",
            ("0", "100"),
            "Years of tax drag, and of the preferences in `[location]`, that a place is charged for. With 0 it does "
            "not matter which account holds what.",
        ),
    )
    after_tax_weighting: bool = field(
        default=False,
        metadata=flag(
            "Whether a dollar in a traditional account counts only as what is left of it after tax on its withdrawal, "
            "where accounts are one portfolio.",
        ),
    )
    withdrawal_rate: Decimal | None = field(
        default=None,
        metadata=number(
            "fraction",
            ("0", "0.9"),
            "Tax on a dollar withdrawn from a traditional account. Not set: the household's rate of ordinary income.",
        ),
    )
    withdrawal_penalty: Decimal = field(
        default=Decimal("0.1"),
        metadata=number(
            "fraction",
            ("0", "1"),
            "What a dollar withdrawn from a retirement account costs beside income tax, when cash is raised where it "
            "costs least: 10% before 59 1/2 (26 U.S.C. 72(t)). 0 for who may withdraw freely.",
        ),
    )
    notes: str = field(default="", metadata=text("What else the adviser should know. Changes nothing."))
    location: tuple[Preference, ...] = ()

    def tax_later(self) -> Decimal:
        """Return delta, what a dollar of tax paid later costs: (1 - p_step_up)(1 + r)^(-years), or as given."""
        if self.deferral_discount is not None:
            return self.deferral_discount
        years = self.deferral_years or Decimal(0)
        growth = (1 + (self.discount_rate or Decimal(0))) ** years
        return (1 - (self.step_up_probability or Decimal(0))) / growth

    def cash_on_top(self) -> Money:
        """Cash to keep on top of the target: the reserve, and so many months of spending."""
        return Money(self.cash_reserve + round(self.spending * self.spending_months))

    def harvest_depth(self, as_of: date) -> Decimal:
        """Value / basis below which a loss earns credit on this day; 1 = any loss, 0 = none ever.

        What moves during the year does so by the same amount every day from 1 January to 1 December.
        """
        if self.harvest == "any":
            return Decimal(1)
        if self.harvest == "none":
            return Decimal(0)
        if isinstance(self.harvest, Decimal):
            first, last = self.harvest, self.harvest
        else:
            first, last = _YEAR_ROUND_FIRST, _YEAR_ROUND_LAST
        if self.harvest_year_end is not None:
            last = self.harvest_year_end
        start, end = date(as_of.year, 1, 1), date(as_of.year, 12, 1)
        passed = min(Decimal((as_of - start).days) / (end - start).days, Decimal(1))
        return first + (last - first) * passed


KEYS: dict[str, ProfileKey] = {
    made.name: ProfileKey(
        name=made.name,
        default=made.default,
        unit=made.metadata["unit"],
        low=Decimal(made.metadata["bounds"][0]),
        high=Decimal(made.metadata["bounds"][1]),
        meaning=made.metadata["meaning"],
        used=made.metadata["used"],
        flag=made.metadata.get("flag", False),
        words=made.metadata.get("words", ()),
        money=made.metadata.get("money", False),
        text=made.metadata.get("text", False),
    )
    for made in fields(Profile)
    if made.metadata
}


def profile_reference() -> str:
    """Every key of a profile as a Markdown table, in the order of `Profile`."""
    lines = ["| key | default | unit | from | to | meaning |", "|---|---|---|---|---|---|"]
    for key in KEYS.values():
        low, high = ("", "") if key.flag or key.text else (str(key.low), str(key.high))
        later = "" if key.used else " Validated, not used yet."
        default = in_words(key, key.default)
        lines.append(f"| `{key.name}` | {default} | {key.unit} | {low} | {high} | {key.meaning}{later} |")
    return "\n".join(lines) + "\n"
