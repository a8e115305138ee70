"""Policies of a folder in all their layers: the firm's, named, of single households; their places in the book."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lotwise.dates import NO_DATE, to_day_number
from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.firm_folder.policy_of import firm_policy, household_policy
from lotwise.money import FULL_RATE
from lotwise.rebalancing.book import AccountKind
from lotwise.rebalancing.location_costs import hold_cost
from lotwise.securities.market import asset_classes_of
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import FIRM, PROFILES, small_firm, write

Files = dict[str, str]


def read(folder: Path, **changed: str) -> Firm:
    """The small firm with some files written otherwise (`firm_toml` is firm.toml)."""
    files: Files = small_firm() | {name.replace("_", ".", 1): text for name, text in changed.items()}
    write(folder, files)
    firm = read_firm(folder)
    assert_sound(firm)
    return firm


def day(year: int, month: int, number: int) -> int:
    return to_day_number(date(year, month, number))


def found_in(firm: Firm, file: str, severity: Severity = Severity.ERROR) -> list[Finding]:
    return [f for f in firm.findings if f.file == file and f.severity is severity]


def policy(firm: Firm, household: str, column: str) -> object:
    row = firm.labels.households.tolist().index(household)
    return getattr(firm.book.policies, column)[firm.book.households.policy[row]]


def test_a_household_has_its_own_keys_over_its_profile(tmp_path: Path) -> None:
    firm = read(tmp_path, overrides_toml="[H2]\ncash_band = 0.03\n[H3]\nrisk_price_bps = 7\ncash_reserve = 1000.5\n")
    assert [policy(firm, name, "risk_price") for name in ("H1", "H2", "H3")] == [40.0, 40.0, 7.0]
    assert [policy(firm, name, "cash_band") for name in ("H1", "H2", "H3")] == [0.005, 0.03, 0.005]
    assert policy(firm, "H2", "deferral_discount") == pytest.approx(0.8 / 1.05**10)  # of its profile
    assert policy(firm, "H3", "cash_reserve") == 10_005_000
    assert not found_in(firm, "overrides.toml")
    assert len({firm.labels.policies[row] for row in firm.book.households.policy}) == 3


@pytest.mark.parametrize(
    ("text", "line", "blocked"),
    [
        ("[H2]\ncash_bnad = 0.03\n", 2, ["H2"]),
        ("[H1]\n[H3]\ncash_band = 3\n", 3, ["H3"]),
        ("[H3.location]\nequity = {taxable = true}\n", 2, ["H3"]),
        ("[H9]\ncash_band = 0.03\n", 1, []),
        ("cash_band = 0.03\n", 1, []),
        ("[H1\n", 1, ["H1", "H2", "H3"]),
    ],
)
def test_a_wrong_override_blocks_its_household(tmp_path: Path, text: str, line: int, blocked: list[str]) -> None:
    firm = read(tmp_path, overrides_toml=text)
    errors = found_in(firm, "overrides.toml")
    assert [f.line for f in errors] == [line]
    assert firm.labels.households[firm.book.households.blocked].tolist() == blocked


def test_a_stranger_is_guessed_and_only_those_of_the_run_are_read(tmp_path: Path) -> None:
    firm = read(tmp_path, overrides_toml="[H11]\ncash_band = 0.03\n")
    assert "did you mean H1?" in found_in(firm, "overrides.toml")[0].to_do
    (tmp_path / "overrides.toml").write_text("[H3]\ncash_band = 3\n")
    assert not found_in(read_firm(tmp_path, households=["H1"]), "overrides.toml")


def test_without_a_households_file_nobody_is_a_stranger(tmp_path: Path) -> None:
    files = small_firm() | {"overrides.toml": "[H9]\ncash_band = 0.03\n[H8]\ncash_bnad = 1\n"}
    del files["households.csv"]
    write(tmp_path, files)
    with pytest.raises(FolderError) as caught:
        read_firm(tmp_path)
    assert [(f.line, f.column) for f in caught.value.findings if f.file == "overrides.toml"] == [(4, "cash_bnad")]


LOCATED = """symbol,name,kind,asset_class,sector,industry,spread_bps,dividend_yield,qualified_share,gain_distribution
AAA,Alpha,stock,equity,Energy,Oil,4,0.02,,
BBB,Beta,bond,US bonds,Tech,Chips,2.5,0.05,,
CCC,Gamma,stock,equity,Tech,Software,3,,0.4,
ETF,Fund,etf,Equity abroad,,,1,0.03,,0.04
ET2,Fund 2,fund,Real estate,,,1,0.04,,
"""


def test_what_securities_pay_out_is_filled_by_what_they_are(tmp_path: Path) -> None:
    market = read(tmp_path, securities_csv=LOCATED).market
    assert market.dividend_yield.tolist() == [0.02, 0.05, 0.0, 0.03, 0.04]
    assert market.qualified_share.tolist() == [1.0, 0.0, 0.4, 1.0, 0.0]
    assert market.gain_distribution.tolist() == [0.0, 0.0, 0.0, 0.04, 0.0]
    assert asset_classes_of(("b", "", "a", "b")).codes.tolist() == [2, 0, 1, 2]
    assert market.asset_class.tolist() == [4, 3, 4, 1, 2]  # Equity abroad, Real estate, US bonds, equity


@pytest.mark.parametrize("cell", ["-0.01", "11", "much", "nan"])
def test_a_wrong_yield_is_a_warning_and_counts_as_unknown(tmp_path: Path, cell: str) -> None:
    firm = read(tmp_path, securities_csv=LOCATED.replace("4,0.02,,", f"4,{cell},,"))
    assert [f.column for f in found_in(firm, "securities.csv", Severity.WARNING)] == ["dividend_yield"]
    assert firm.market.dividend_yield[0] == 0.0
    assert not firm.book.households.blocked.any()


def test_preferences_of_each_layer_reach_what_a_place_costs(tmp_path: Path) -> None:
    firm = read(
        tmp_path,
        securities_csv=LOCATED,
        firm_toml=FIRM.replace("[rates]", "location_years = 2\n[profile.location]\nequity = {roth = 10}\n[rates]"),
        profiles_toml=PROFILES + '[gentle.location]\n"US bonds" = {taxable = 30}\n',
        overrides_toml="[H3.location]\nequity = {roth = -5}\n",
    )
    assert [policy(firm, name, "location_years") for name in ("H1", "H2", "H3")] == [2.0] * 3

    def cost(household: int, security: int, kind: AccountKind) -> float:
        return hold_cost(firm.book, firm.market, household, security, kind)

    assert [cost(h, 0, AccountKind.ROTH) for h in range(3)] == pytest.approx([0.002, 0.002, -0.001])
    # Two years of 5% at H2's ordinary rate of 35% (no state tax), and 30 bp each.
    assert cost(1, 1, AccountKind.TAXABLE) == pytest.approx(2 * (0.05 * 0.35 + 0.0030))
    # H1: 37% and 20% federal, 5% state; a fund of stocks abroad that pays 3%, qualified, and 4% of gains.
    assert cost(0, 3, AccountKind.TAXABLE) == pytest.approx(2 * (0.03 * 0.25 + 0.04 * 0.25))
    assert cost(0, 3, AccountKind.TRADITIONAL) == 0.0


def test_an_asset_class_that_no_security_has_is_a_warning_with_its_line(tmp_path: Path) -> None:
    firm = read(
        tmp_path,
        firm_toml=FIRM.replace("[rates]", "[profile.location]\nequity = {roth = 10}\nequty = {roth = 1}\n[rates]"),
        profiles_toml=PROFILES + "[gentle.location]\nbonds = {taxable = 3}\n",
        overrides_toml="[H1.location]\n\nart = {taxable = 3}\n",
    )
    found = [(f.file, f.line, f.column) for f in firm.findings if f.column and f.column.startswith("location")]
    assert found == [
        ("firm.toml", 10, "location.equty"),
        ("profiles.toml", 7, "location.bonds"),
        ("overrides.toml", 3, "location.art"),
    ]
    assert "did you mean equity?" in found_in(firm, "firm.toml", Severity.WARNING)[0].to_do
    assert not firm.book.households.blocked.any()


def test_rates_of_payouts_and_the_weight_of_deferred_dollars(tmp_path: Path) -> None:
    firm = read(
        tmp_path,
        profiles_toml=PROFILES + "after_tax_weighting = true\n",
        overrides_toml="[H3]\nafter_tax_weighting = true\nwithdrawal_rate = 0.22\n",
    )
    households = firm.book.households
    # Federal and state: H1 37% + 5% and 20% + 5%; of H2 35% and 15%, of H3 30% and 15%, without state tax.
    assert (households.ordinary_rate / FULL_RATE).tolist() == [0.42, 0.35, 0.30]
    assert (households.qualified_rate / FULL_RATE).tolist() == [0.25, 0.15, 0.15]
    assert households.deferred_weight.tolist() == pytest.approx([1.0, 0.65, 0.78])
    assert households.deferred_weight.dtype == np.float64


def test_a_policy_is_told_by_layers(tmp_path: Path) -> None:
    write(tmp_path, small_firm() | {"overrides.toml": "[H2]\ncash_band = 0.03\n"})
    own = household_policy(tmp_path, "H2")
    assert own.profile is not None
    assert own.profile.name == "gentle"
    layers = own.profile.layers
    assert [layers.get(key, "default") for key in ("risk_price_bps", "harvest", "cash_band", "cash_target")] == [
        "firm",
        "profile gentle",
        "household H2",
        "model",  # `blend` has a weight of CASH
    ]
    firm = firm_policy(tmp_path)
    assert firm.profile is not None
    assert firm.profile.layers == {"risk_price_bps": "firm"}


def test_a_wrong_policy_is_none_with_its_findings(tmp_path: Path) -> None:
    write(tmp_path, small_firm() | {"profiles.toml": "[gentle]\ncash_bnad = 1\n"})
    found = household_policy(tmp_path, "H2")
    assert found.profile is None
    assert {f.column for f in found.findings if f.severity is Severity.ERROR} == {"cash_bnad", "profile"}
    assert household_policy(tmp_path, "H3").profile is not None
    (tmp_path / "firm.toml").write_text("version = 1\n[profile\n")
    with pytest.raises(FolderError):
        firm_policy(tmp_path)


def test_a_plan_of_transition_comes_into_the_book(tmp_path: Path) -> None:
    firm = read(tmp_path, overrides_toml="[H3]\nturnover_cap = 0.05\ndays_between_trades = 14\n")
    rows = firm.book.households.policy
    assert firm.book.limits["turnover"][rows].tolist() == [np.inf, np.inf, 0.05]
    assert firm.book.policies.days_between[rows].tolist() == [0, 0, 14]
    assert firm.book.policies.trading_price.tolist() == [0.0] * len(firm.profiles)


def test_the_last_trade_is_that_of_the_record_or_of_a_purchased_lot(tmp_path: Path) -> None:
    """A1 bought a lot on 20 June; A2 sold before that; A5 sold on the 11th, and A4, which did later, is held away."""
    away = "date,account_id,kind,transaction_id,symbol,shares,amount,fee,basis,term\n"
    away += "2025-06-10,A3,sell,T1,CCC,1,9,0.1,20,short\n2025-06-11,A5,sell,T2,AAA,1,100,0,50,short\n"
    away += "2025-06-12,A2,sell,T3,BBB,1,9,0,50,short\n2025-06-24,A4,buy,T5,CCC,1,9,0,,\n"
    away += "2025-06-25,A5,reinvest,T6,BBB,1,9,0,,\n"
    files = small_firm() | {"transactions.csv": away}
    del files["pending_orders.csv"]
    write(tmp_path, files)
    firm = read_firm(tmp_path)
    assert firm.book.households.last_trade.tolist() == [day(2025, 6, 20), day(2025, 6, 10), day(2025, 6, 11)]


def test_a_pending_order_is_a_trade_of_tonight(tmp_path: Path) -> None:
    assert read(tmp_path).book.households.last_trade.tolist()[:2] == [day(2025, 6, 30)] * 2


def test_where_nothing_is_recorded_no_last_trade_is_known(tmp_path: Path) -> None:
    files = small_firm()
    for name in ("transactions.csv", "pending_orders.csv"):
        del files[name]
    lots = "account_id,lot_id,symbol,shares,acquired,basis,acquisition\n"
    lots += "A1,L1,AAA,10,2020-01-02,500,gift\nA2,L2,AAA,10,2020-01-02,500,reinvest\nA3,L1,AAA,3,,400,\n"
    write(tmp_path, files | {"lots.csv": lots})
    assert read_firm(tmp_path).book.households.last_trade.tolist() == [NO_DATE] * 3
