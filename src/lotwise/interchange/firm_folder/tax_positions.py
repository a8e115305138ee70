"""households: the tax position of every household, from its own rates, its income or the firm's default rates.

| federal rates | state | first of these that the household gives |
|---|---|---|
| its own | its own rate | federal_short_rate, federal_long_rate; state_rate |
| the law at its income | the state's law at its income | ordinary_income (with filing_status, magi); state |
| the firm's default rates | the firm's default rate | firm.toml, said in a finding |

Gains of the year, dividends and carryforwards count in every case. What the record of the year tells comes before what
households.csv says of it (`TaxPositions.with_year_to_date`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.errors import Severity
from lotwise.households.profile import Profile
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.households import Roster
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.ledger.events import MISSING, Table
from lotwise.money import DOLLAR, FULL_RATE, IntArray, Rate, format_money
from lotwise.rebalancing.book import RateOrigin
from lotwise.tax.dividend_rates import DividendRates, dividend_rates
from lotwise.tax.household_rates import household_rates
from lotwise.tax.income import Income
from lotwise.tax.parameters import FilingStatus, kept_year
from lotwise.tax.position import blank_positions
from lotwise.tax.return_lines import Law, load_law
from lotwise.tax.states import why_unknown

__all__ = [
    "TaxPositions",
    "YearToDate",
    "deferred_dollars",
    "payout_rates",
    "rates_tonight",
    "read_tax_positions",
    "report_ignored_gains",
]

Mask = NDArray[np.bool_]

_FEDERAL = ("federal_short_rate", "federal_long_rate")
_RATES = (*_FEDERAL, "state_rate")
_STATUS = {status.name.lower(): int(status) for status in FilingStatus}
_MONEY = {
    "qualified_dividends": "expected_qualified_dividends",
    "short_carryforward": "short_carryforward",
    "long_carryforward": "long_carryforward",
}


# Losses and gains are averaged over this much of them at least (money): over less, the roundings of the tax lines
# would show in the rate, and a household with next to none tonight is priced for the next ones.
_LEAST = 1_000 * DOLLAR

# What a dollar in a traditional account counts at least.
_LEAST_COUNTED = 0.1


class YearToDate(NamedTuple):
    """Gains and income of this year by the record of the managed accounts; rows as the roster's, money."""

    short: IntArray  # realised, after wash sales
    long: IntArray  # with capital-gain distributions
    known: Mask  # False: the record does not say what was gained; households.csv does
    income: Income  # as far as the record shows it


@dataclass(frozen=True, slots=True)
class TaxPositions:
    """Tax positions of the households of a roster, with the gains of households.csv."""

    table: Table  # rows of POSITION
    origin: NDArray[np.uint8]  # RateOrigin
    outside_short: IntArray  # money: the part of the gains that no managed account realised
    outside_long: IntArray

    def with_year_to_date(self, record: YearToDate | None) -> Table:
        """Rows of POSITION; what a record knows of the year replaces the ytd columns of households.csv.

        Of qualified dividends the greater counts: those expected of the year, or those received, as long as the shares
        are kept. Interest and ordinary dividends received are part of ordinary_income already; they say how much of it
        is at least investment income (Form 8960).
        """
        if record is None:
            return self.table
        table = self.table.copy()
        received = record.income.qualified + record.income.expected
        table["qualified_dividends"] = np.maximum(table["qualified_dividends"], received)
        table["investment_income"] = record.income.interest + record.income.ordinary
        short, long = self.outside_short + record.short, self.outside_long + record.long
        table["short_gains"] = np.where(record.known, short, table["short_gains"])
        table["long_gains"] = np.where(record.known, long, table["long_gains"])
        return table


class _Given(NamedTuple):
    """Which households give what: (households of the roster,)."""

    own: Mask  # a federal rate of its own
    income: Mask
    by_income: Mask  # income, and no rate of its own
    state_rate: Mask
    state_law: Mask  # income and a state whose law is kept, and no rate of its own


def read_tax_positions(
    file: str, roster: Roster, defaults: Mapping[str, Rate | None] | None, year: int, findings: FindingList
) -> TaxPositions:
    """Read the tax position of every household of the roster for the year of the run.

    `defaults` are the firm's rates (a rate that it does not give is None); None: nothing is known of them, and nothing
    is said of households that need them.
    """
    law, frame = load_law(), roster.frame
    kept = kept_year(law.federal, year)
    table = blank_positions(frame.height, kept)
    rows = _state_rows(frame, law, kept)
    given = _given(frame, rows)
    _fill_amounts(table, frame)
    _fill_rates(table, frame, given, defaults or dict.fromkeys(_RATES))
    table["state"] = np.where(given.state_law, rows, table["state"])
    if kept != year and (given.income & roster.loaded).any():
        first = law.federal.first_year
        message = Message(
            Severity.NOTICE, f"in a year whose tax law is kept, from {first} on", f"the law of {kept} is used"
        )
        findings.add(Place("firm.toml", None, "as_of"), message, str(year))
    if defaults is not None:
        _report_missing_rates(file, roster, given, defaults, findings)
        _report_states(file, roster, (given, rows), kept, defaults, findings)
    _report_status(file, roster, given, findings)
    _report_sums(file, roster, table, findings)
    outside = frame.select(pl.col("outside_short_gains", "outside_long_gains").fill_null(0))
    origin = np.where(given.own, RateOrigin.OWN, np.where(given.by_income, RateOrigin.INCOME, RateOrigin.DEFAULT))
    return TaxPositions(table, origin.astype(np.uint8), *(column.to_numpy().copy() for column in outside))


def _state_rows(frame: pl.DataFrame, law: Law, year: int) -> NDArray[np.int32]:
    """Row of each household's state in the states' law, -1 where there is none."""
    codes = frame["state"].str.to_uppercase()
    row_of = {code: law.states.row(code, year) for code in codes.drop_nulls().unique()}
    rows = codes.replace_strict(row_of, default=-1, return_dtype=pl.Int32)
    return rows.to_numpy().copy()


def _given(frame: pl.DataFrame, rows: NDArray[np.int32]) -> _Given:
    own = frame.select(pl.any_horizontal(pl.col(_FEDERAL).is_not_null())).to_series().to_numpy()
    income = frame["ordinary_income"].is_not_null().to_numpy()
    state_rate = frame["state_rate"].is_not_null().to_numpy()
    return _Given(own, income, income & ~own, state_rate, income & (rows >= 0) & ~state_rate)


def _fill_amounts(table: Table, frame: pl.DataFrame) -> None:
    """Write what the household gives in dollars, and its filing status."""
    for name in ("ordinary_income", "magi"):
        table[name] = frame[name].fill_null(MISSING).to_numpy()
    for name, column in _MONEY.items():
        table[name] = frame[column].fill_null(0).to_numpy()
    for term in ("short", "long"):
        gains = frame[f"ytd_{term}_gains"].fill_null(0) + frame[f"outside_{term}_gains"].fill_null(0)
        table[f"{term}_gains"] = gains.to_numpy()
    status = frame["filing_status"].replace_strict(_STATUS, default=int(FilingStatus.SINGLE), return_dtype=pl.Int32)
    table["filing_status"] = status.to_numpy()


def _fill_rates(table: Table, frame: pl.DataFrame, given: _Given, defaults: Mapping[str, Rate | None]) -> None:
    """Write rates where neither income nor a state's law says them: the household's own, then the firm's."""
    filled = {name: frame[name].fill_null(int(defaults[name] or 0)).to_numpy() for name in _RATES}
    for name, column in zip(("short_rate", "long_rate"), _FEDERAL, strict=True):
        table[name] = np.where(given.by_income, MISSING, filled[column])
    table["state_rate"] = np.where(given.state_law, MISSING, filled["state_rate"])


def _report_missing_rates(
    file: str, roster: Roster, given: _Given, defaults: Mapping[str, Rate | None], findings: FindingList
) -> None:
    """Say whose federal rates are not known, or half known, and what is used instead."""
    frame = roster.frame
    silent = pl.Series(~given.own & ~given.income & ~given.state_rate)
    needs = pl.Series(roster.loaded & ~given.by_income) & ~frame["wrong"]
    for name in _FEDERAL:
        missing = needs & frame[name].is_null()
        severity, to_do = Severity.WARNING, "fill it, or the firm's default is used"
        if defaults[name] is None:
            severity, to_do = Severity.ERROR, "fill it, or add a default to firm.toml; until then it is refused"
        elif name == _FEDERAL[0]:
            # No rates and no income is the ordinary case of a firm with defaults: a notice, once per household.
            _report_rows(
                file, roster, missing & silent, name, "no rates", findings,
                message=Message(Severity.NOTICE, "filled", "the firm's default rates are used"),
            )  # fmt: skip
        rest = missing if defaults[name] is None else missing & ~silent
        _report_rows(file, roster, rest, name, "empty", findings, message=Message(severity, "filled", to_do))


def _report_states(
    file: str,
    roster: Roster,
    read: tuple[_Given, NDArray[np.int32]],
    year: int,
    defaults: Mapping[str, Rate | None],
    findings: FindingList,
) -> None:
    """Say whose state tax is not known: a household with a state says why, one without asks for a rate."""
    given, rows = read
    frame, default = roster.frame, defaults["state_rate"]
    needs = pl.Series(roster.loaded & ~given.state_rate & ~given.state_law) & ~frame["wrong"]
    used = "it counts as 0" if default is None else "the firm's default is used"
    unknown = needs & pl.Series(given.income & (rows < 0)) & frame["state"].is_not_null()
    for state in frame["state"].filter(unknown).unique().sort():
        why = why_unknown(state.upper(), year)
        message = Message(Severity.WARNING, f"a state whose tax law of {year} is kept", f"{why}; {used}")
        _report_rows(file, roster, unknown & (frame["state"] == state), "state", state, findings, message=message)
    silent = pl.Series(~given.own & ~given.income & ~given.state_rate)
    rest = needs & ~unknown
    to_do = "fill it, or the firm's default is used"
    if default is None:
        to_do = "fill it, or add a default to firm.toml; it counts as 0"
    else:
        rest &= ~silent  # said once with the federal rates
    _report_rows(
        file, roster, rest, "state_rate", "empty", findings, message=Message(Severity.WARNING, "filled", to_do)
    )


def _report_status(file: str, roster: Roster, given: _Given, findings: FindingList) -> None:
    single = pl.Series(roster.loaded & given.by_income) & roster.frame["filing_status"].is_null()
    message = Message(Severity.WARNING, "filled where income is", "fill it; until then it counts as single")
    _report_rows(file, roster, single & ~roster.frame["wrong"], "filing_status", "empty", findings, message=message)


def _report_sums(file: str, roster: Roster, table: Table, findings: FindingList) -> None:
    """Refuse federal and state rates that together take more than the gain; the state's part is cut to fit."""
    federal = np.maximum(np.maximum(table["short_rate"], table["long_rate"]), 0)
    over = (table["state_rate"] != MISSING) & (federal + np.maximum(table["state_rate"], 0) > FULL_RATE)
    message = Message(Severity.ERROR, "federal + state of at most 1", "rates are fractions: 0.37 means 37%")
    loaded = pl.Series(over & roster.loaded)
    _report_rows(file, roster, loaded, "federal_short_rate", "more than 1", findings, message=message)
    table["state_rate"] = np.where(over, FULL_RATE - federal, table["state_rate"])


def _report_rows(
    file: str, roster: Roster, mask: pl.Series, column: str, was: str, findings: FindingList, *, message: Message
) -> None:
    rows = rows_to_report(roster.frame[LINE].filter(mask), was, roster.names.filter(mask))
    findings.rows(Place(file, None, column), message, rows)


def report_ignored_gains(file: str, roster: Roster, record: YearToDate, findings: FindingList) -> None:
    """Notice, once, whose gains of the year in the households file are not used, since the record tells others."""
    columns = {"short": record.short, "long": record.long}
    stated = {term: roster.frame[f"ytd_{term}_gains"] for term in columns}
    differs = np.zeros(roster.frame.height, np.bool_)
    for term, recorded in columns.items():
        # The file may have whole dollars.
        differs |= ((stated[term] - pl.Series(recorded)).abs() >= DOLLAR).fill_null(value=False).to_numpy()
    places = np.flatnonzero(differs & record.known & roster.loaded)
    if not places.size:
        return
    first = int(places[0])
    said = " and ".join(_gains_of(term, stated[term][first]) for term in columns)
    told = " and ".join(_gains_of(term, int(columns[term][first])) for term in columns)
    more = f" (and {places.size - 1:,} more such rows)" if places.size > 1 else ""
    message = Message(
        Severity.NOTICE,
        "the gains of the year that the record tells, capital-gain distributions included",
        "nothing: the record counts; leave ytd_short_gains and ytd_long_gains empty where it tells the whole year",
    )
    was = f"{roster.ids[first]}: {said}, by the record {told}{more}"
    findings.add(Place(file, int(roster.frame[LINE][first]), "ytd_short_gains"), message, was)


def _gains_of(term: str, gains: int | None) -> str:
    return f"{term} {'empty' if gains is None else format_money(gains)}"


def rates_tonight(
    table: Table, amounts: tuple[IntArray, IntArray], profiles: Sequence[Profile], of_household: NDArray[np.int32]
) -> Table:
    """Four rates of each household (RATES) from its position, the losses and gains of tonight (money), its profile."""

    def rates(values: Sequence[Decimal | None]) -> IntArray:
        units = [MISSING if value is None else round(value * FULL_RATE) for value in values]
        return np.array(units, np.int64)[of_household]

    carried = rates([profile.carried_loss_value for profile in profiles])
    usability = rates([profile.loss_usability for profile in profiles])
    losses, gains = (np.maximum(amount, _LEAST) for amount in amounts)
    return household_rates(table, load_law(), (losses, gains), carried, usability)


def payout_rates(table: Table) -> DividendRates:
    """Rates of each household on what securities pay out, from its position."""
    return dividend_rates(table, load_law())


def deferred_dollars(
    ordinary_rate: IntArray, profiles: Sequence[Profile], of_household: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a dollar in a traditional account counts, and what it costs to withdraw it: (H,) each, by the profile.

    It counts as any other, or what the tax on its withdrawal leaves: a tenth at least, since what counted nothing could
    hold anything. The tax is that of the profile, or else the household's on ordinary income; the cost is the penalty
    beside it.
    """
    after_tax = np.array([profile.after_tax_weighting for profile in profiles], np.bool_)[of_household]
    given = [np.nan if p.withdrawal_rate is None else float(p.withdrawal_rate) for p in profiles]
    stated = np.array(given, np.float64)[of_household]
    rate = np.where(np.isnan(stated), ordinary_rate / FULL_RATE, stated)
    penalty = np.array([float(profile.withdrawal_penalty) for profile in profiles], np.float64)[of_household]
    return np.where(after_tax, np.maximum(1.0 - rate, _LEAST_COUNTED), 1.0), rate + penalty
