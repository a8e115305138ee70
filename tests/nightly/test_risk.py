"""Risk that is missing, wrong or borrowed: always said, never a silent zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import Finding, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.nightly.risk import with_risk
from lotwise.nightly.run import RunReport, prepared_firm, run_folder
from tests.interchange.small_firm import SYMBOLS, small_firm, write

# Stocks that nobody holds or wants, so that there are enough to stand for one that the model leaves out.
OTHERS = ("DDD", "EEE")


def without(files: dict[str, str], symbol: str, *names: str) -> dict[str, str]:
    """Take a symbol out of files of the risk model (both by default)."""
    changed = dict(files)
    for name in names or ("risk/exposures.csv", "risk/specific.csv"):
        changed[name] = "\n".join(line for line in files[name].splitlines() if not line.startswith(f"{symbol},")) + "\n"
    return changed


def with_others() -> dict[str, str]:
    files = small_firm()
    for symbol in OTHERS:
        files["securities.csv"] += f"{symbol},{symbol},stock,equity,Energy,Oil,4,\n"
        files["risk/exposures.csv"] += f"{symbol},market,0.8\n"
        files["risk/specific.csv"] += f"{symbol},0.07\n"
        files["prices.csv"] += "".join(f"2025-06-{day},{symbol},50,50\n" for day in (25, 26, 27, 30))
    return files


def prepared(folder: Path, files: dict[str, str]) -> Firm:
    firm, _ = prepared_firm(write(folder, files))
    return firm


def of_risk(firm: Firm) -> list[Finding]:
    return [finding for finding in firm.findings if finding.file.startswith(("risk", "(risk model)"))]


def ran(tmp_path: Path, files: dict[str, str]) -> RunReport:
    return run_folder(write(tmp_path / "firm", files), tmp_path / "out", threads=1)


def place(firm: Firm, symbol: str) -> int:
    return firm.market_labels.symbols.index(symbol)


def test_a_security_that_the_model_leaves_out_gets_the_risk_of_its_peers_and_trades(tmp_path: Path) -> None:
    report = ran(tmp_path, without(with_others(), "BBB"))
    (found,) = [f for f in of_risk(report.firm) if f.severity is Severity.WARNING]
    assert found.was == "BBB is missing"
    assert "4 others stand for it, the asset class equity" in found.to_do
    at, market = place(report.firm, "BBB"), report.firm.market
    assert market.tradable[at]
    # Exposures 1, 1, 0.8, 0.8 to a factor of variance 0.04; half the product of the loadings is the covariance.
    assert 0.5 * market.loadings[at] @ market.loadings[place(report.firm, "AAA")] == pytest.approx(0.9 * 0.04)
    assert market.specific[at] == pytest.approx(np.quantile([0.05, 0.05, 0.07, 0.07], 0.75) + 0.1**2 * 0.04)
    assert "BBB" in set(report.tables.trades["symbol"])
    assert report.exit_status == 0


def test_where_nothing_is_like_it_who_holds_or_wants_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    """BBB is held by H1 and H3, and wanted by the models of all three."""
    report = ran(tmp_path, without(small_firm(), "BBB"))
    errors = [f for f in of_risk(report.firm) if f.severity is Severity.ERROR]
    assert [f.household for f in errors] == ["H1", "H2", "H3"]
    assert all("BBB is missing, and nothing like it is there" in f.was for f in errors)
    households = report.tables.households
    assert households["status"].to_list() == ["refused"] * 3
    assert all("BBB is missing" in message for message in households["message"])
    assert report.tables.trades.height == 0
    assert report.exit_status == 1


def test_a_household_is_refused_in_one_error_however_many_securities_lack_risk(tmp_path: Path) -> None:
    """Thirteen are wanted by every model; one of them, BBB, is held by H1 and H3 as well."""
    files = small_firm()
    many = [f"Y{number:02d}" for number in range(12)]
    for symbol in many:
        files["securities.csv"] += f"{symbol},{symbol},stock,equity,Energy,Oil,4,\n"
        files["models.csv"] += f"core,{symbol},,0.01\n"
        files["prices.csv"] += "".join(f"2025-06-{day},{symbol},50,50\n" for day in (25, 26, 27, 30))
    files["models.csv"] = files["models.csv"].replace("core,CCC,,0.2\n", "core,CCC,,0.08\n")
    firm = prepared(tmp_path, without(files, "BBB"))
    errors = [f for f in of_risk(firm) if f.severity is Severity.ERROR]
    assert [f.household for f in errors] == ["H1", "H2", "H3"]
    for found in errors:
        assert found.was == f"BBB, {', '.join(many[:9])} and 3 more are missing, and nothing like them is there"
        assert "add their exposures" in found.to_do
    assert firm.book.households.blocked.all()


def in_units(variances: float) -> dict[str, str]:
    """The sound model, every variance so many times as large; its stocks have a volatility of 30%."""
    files = small_firm()
    files["risk/covariance.csv"] = f"factor,factor2,value\nmarket,market,{0.04 * variances!r}\n"
    files["risk/specific.csv"] = files["risk/specific.csv"].replace(",0.05", f",{0.05 * variances!r}")
    return files


@pytest.mark.parametrize(
    ("variances", "was"),
    [(1e4, "3,000% a year over 3 stocks"), (1 / 252, "1.89% a year over 3 stocks"), (1e-10, "0.0003% a year over 3")],
)
def test_a_model_of_other_units_is_warned_of(tmp_path: Path, variances: float, was: str) -> None:
    (found,) = of_risk(prepared(tmp_path, in_units(variances)))
    assert found.severity is Severity.WARNING
    assert "annual variances as fractions: 0.09 is a volatility of 30%" in found.must_be
    assert f"a median volatility of {was}" in found.was
    assert "convert" in found.to_do


def test_specific_variances_alone_in_percent_are_warned_of(tmp_path: Path) -> None:
    files = small_firm()
    files["risk/specific.csv"] = files["risk/specific.csv"].replace(",0.05", ",500")
    (found,) = of_risk(prepared(tmp_path, files))
    assert "a median volatility of 2,236% a year over 3 stocks, expected 3% to 150%" in found.was


@pytest.mark.parametrize("variances", [1 / 81, 20.0])
def test_calm_and_wild_markets_are_believed(tmp_path: Path, variances: float) -> None:
    """Volatilities of 3.3% and 134%."""
    assert of_risk(prepared(tmp_path, in_units(variances))) == []


def test_short_bonds_without_a_stock_are_believed_and_nothing_at_all_is_not(tmp_path: Path) -> None:
    for variances, warnings in ((1 / 900, 0), (1e-10, 1)):  # 1% a year, as short bonds have
        files = in_units(variances)
        files["securities.csv"] = files["securities.csv"].replace(",stock,", ",bond,")
        found = of_risk(prepared(tmp_path / str(warnings), files))
        assert [f.severity for f in found] == [Severity.WARNING] * warnings
        assert all("over 5 securities" in f.was for f in found)


def test_only_those_who_need_it_are_refused(tmp_path: Path) -> None:
    """The fund is held by H1 and wanted by H2; no other fund of its kind is covered."""
    files = {**small_firm(), "glide.csv": "household_id,date,model\n"}
    report = ran(tmp_path, without(without(files, "ETF"), "ET2"))
    status = dict(report.tables.households.select("household_id", "status").iter_rows())
    assert status["H1"] == status["H2"] == "refused"
    assert status["H3"] != "refused"
    (notice,) = [f for f in of_risk(report.firm) if f.severity is Severity.NOTICE]
    assert notice.was == "without ET2"
    assert "nobody holds or wants" in notice.to_do


def test_a_held_away_account_needs_no_risk(tmp_path: Path) -> None:
    files = small_firm()
    files["models.csv"] = files["models.csv"].replace("core,CCC,,0.2\n", "").replace("core,BBB,,0.3", "core,BBB,,0.5")
    firm = prepared(tmp_path, without(files, "CCC"))
    # CCC is held in A4 (held away) and A5 of H3.
    assert firm.book.households.blocked.tolist() == [False, False, True]
    files["lots.csv"] = "\n".join(row for row in files["lots.csv"].splitlines() if not row.startswith("A5,L2")) + "\n"
    firm = prepared(tmp_path / "away", without(files, "CCC"))
    assert firm.book.households.blocked.tolist() == [False, False, False]


def test_securities_that_only_the_model_knows_are_counted_in_one_notice(tmp_path: Path) -> None:
    files = small_firm()
    for number in range(30):
        files["risk/exposures.csv"] += f"X{number:02d},market,1\n"
        files["risk/specific.csv"] += f"X{number:02d},0.05\n"
    (found,) = of_risk(prepared(tmp_path, files))
    assert found.severity is Severity.NOTICE
    assert found.was.startswith("30 that are not there: X00, X01")
    assert found.was.endswith("and 20 more")


def test_a_sound_model_says_nothing(tmp_path: Path) -> None:
    assert of_risk(prepared(tmp_path, small_firm())) == []


def long_prices(files: dict[str, str], days: int, short: dict[str, int]) -> dict[str, str]:
    """Prices of so many days up to the last; some symbols have only the last few of them."""
    rng = np.random.default_rng(0)
    calendar = pl.date_range(pl.date(2024, 1, 1), pl.date(2025, 6, 30), eager=True).to_list()
    last = [day for day in calendar if day.weekday() < 5][-days:]
    rows = ["date,symbol,close,adj_close"]
    symbols = [row.split(",")[0] for row in files["securities.csv"].splitlines()[1:]]
    together = 0.01 * rng.normal(size=days)
    for symbol in symbols:
        price = 50.0
        for number, day in enumerate(last):
            price *= 1.0 + together[number] + 0.01 * rng.normal()
            if number >= days - short.get(symbol, days):
                rows.append(f"{day},{symbol},{price:.4f},{price:.4f}")
    return {**{k: v for k, v in files.items() if not k.startswith("risk/")}, "prices.csv": "\n".join(rows) + "\n"}


def test_an_estimate_made_without_prices_of_its_own_is_said(tmp_path: Path) -> None:
    files = with_others()
    files["securities.csv"] += "FFF,F,stock,equity,Energy,Oil,4,\n"
    firm = prepared(tmp_path, long_prices(files, 300, {"AAA": 1, "BBB": 60, "FFF": 1}))
    found = {f.severity: f for f in of_risk(firm)}
    assert set(found) == {Severity.WARNING, Severity.NOTICE}  # FFF, which nobody holds, is not spoken of
    assert "a return of AAA" in found[Severity.WARNING].was
    assert "asset class or kind" in found[Severity.WARNING].to_do
    assert found[Severity.NOTICE].was == "from less of BBB"
    assert np.all(firm.market.specific > 0.0)
    assert np.any(firm.market.loadings[place(firm, "AAA")] != 0.0)


def test_enough_prices_of_everything_say_nothing(tmp_path: Path) -> None:
    assert of_risk(prepared(tmp_path, long_prices(with_others(), 300, {}))) == []


def test_a_model_that_was_given_its_risk_twice_is_the_same(tmp_path: Path) -> None:
    """with_risk changes the market and who is blocked, and nothing that it was given."""
    firm = prepared(tmp_path, without(small_firm(), "BBB"))
    blocked = firm.book.households.blocked.copy()
    again, _ = with_risk(firm)
    assert np.array_equal(again.book.households.blocked, blocked)
    assert again.market.loadings.tobytes() == firm.market.loadings.tobytes()
    assert set(SYMBOLS) <= set(again.market_labels.symbols)


WRONG = [
    # file, old, new, part of what is said, severity
    ("risk/specific.csv", "AAA,0.05", "AAA,0", "above 0", Severity.ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,-0.05", "variance", Severity.ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,nan", "variance", Severity.ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,inf", "variance", Severity.ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,", "variance", Severity.ERROR),
    ("risk/specific.csv", "AAA,0.05", "AAA,0.05\nAAA,0.06", "once", Severity.ERROR),
    ("risk/exposures.csv", "AAA,market,1", "AAA,market,nan", "value", Severity.ERROR),
    ("risk/exposures.csv", "AAA,market,1", "AAA,market,-inf", "value", Severity.ERROR),
    ("risk/exposures.csv", "AAA,market,1", "AAA,market,1\nAAA,market,2", "once", Severity.ERROR),
    ("risk/exposures.csv", "AAA,market,1", "AAA,momentum,1", "a factor of the covariance", Severity.WARNING),
    ("risk/exposures.csv", "AAA,market,1\n", "", "exposures of every security", Severity.WARNING),
    ("risk/specific.csv", "AAA,0.05\n", "", "the specific variance of every security", Severity.WARNING),
]


@pytest.mark.parametrize(("file", "old", "new", "said", "severity"), WRONG)
def test_a_wrong_row_costs_its_security_its_own_risk_and_no_more(
    tmp_path: Path, file: str, old: str, new: str, said: str, severity: Severity
) -> None:
    files = with_others()
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    firm = prepared(tmp_path, files)
    found = of_risk(firm)
    assert any(said in f"{f.column} {f.must_be}" and f.severity is severity for f in found), "\n".join(map(str, found))
    assert any(f.was == "AAA is missing" and "4 others stand for it" in f.to_do for f in found)
    assert firm.risk_model is not None
    assert not firm.book.households.blocked.any()
    assert firm.market.specific[place(firm, "AAA")] > 0.05
    assert 0.5 * np.sum(firm.market.loadings[place(firm, "AAA")] ** 2) == pytest.approx(0.04, rel=0.3)


TWO_FACTORS = "factor,factor2,value\nmarket,market,0.04\nmarket,size,{0}\nsize,market,{1}\nsize,size,0.04\n"


def two_factors(one: str, other: str) -> dict[str, str]:
    return {**small_firm(), "risk/covariance.csv": TWO_FACTORS.format(one, other)}


def test_roundoff_of_a_covariance_is_cleaned(tmp_path: Path) -> None:
    """Correlation 1 and a hair more: the eigenvalue below zero counts as zero."""
    for number, (one, other) in enumerate((("0.0400000000001", "0.04"), ("0.04", "0.04"))):
        firm = prepared(tmp_path / str(number), two_factors(one, other))
        assert of_risk(firm) == []
        assert np.all(np.isfinite(firm.market.loadings))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("0.01", "0.02", "must be the same both ways, was 0.01 and 0.02"),
        ("0.05", "0.05", "no negative eigenvalue, had -0.01"),
    ],
)
def test_a_covariance_that_is_none_is_refused_with_the_figure(tmp_path: Path, one: str, other: str, said: str) -> None:
    files = long_prices(two_factors(one, other), 300, {})
    files |= {name: text for name, text in two_factors(one, other).items() if name.startswith("risk/")}
    firm = prepared(tmp_path, files)
    assert firm.risk_model is None  # an estimated one takes its place, and that is said
    found = of_risk(firm)
    assert any(said in f.was for f in found)
    assert any(f.file == "risk" and "estimated from prices instead" in f.to_do for f in found)
