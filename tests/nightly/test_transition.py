"""A prospect's move: both ends by hand, the frontier between, budgets kept every year, the same for the same seed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lotwise
from lotwise.errors import FolderError, Severity
from lotwise.interchange.prospect_file.as_firm import Prospect
from lotwise.interchange.prospect_file.assuming import Assuming, Holding
from lotwise.money import DOLLAR
from lotwise.nightly.transition import Asked, prospect_firm, transition_of
from lotwise.nightly.transition_writing import write_transition
from lotwise.nightly.transition_years import Future
from lotwise.prospects.choices import Role
from lotwise.prospects.transition import Transition
from lotwise.rebalancing.tax_of_trades import tax_of_gains
from lotwise.reports.transition_tables import budgets_frame, choices_frame, transition_json
from tests.interchange.mangled_lots import KNOWN, SYMBOLS, clean_csv, clean_lots, excel_export, mangled
from tests.nightly.prospect_firm import PRICES, PROSPECT, RATES, firm_files, written

FEW = Future(paths=3, years=4)


def asked(**changes: Any) -> Asked:
    return replace(Asked(Prospect("TWELVE", tax=RATES), points=24, future=FEW, threads=1), **changes)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return written(tmp_path_factory.mktemp("move"))


@pytest.fixture(scope="module")
def moved(place: tuple[Path, Path]) -> Transition:
    return transition_of(*place, asked())


# --- both ends ------------------------------------------------------------------------------------------------------


def test_selling_everything_is_taxed_lot_by_lot_by_law(moved: Transition) -> None:
    # S00 200 at 20 for 2,900 and S05 80 at 55 for 4,000 are short-term: 1,100 + 400
    # S00 15,000, S01 300 x 27 - 9,500 = -1,400, S02 150 x 34 - 1,200 = 3,900, FNDA 100 x 104 - 2,000 = 8,400
    everything = moved.liquidate
    assert everything.short_gains == 1_500 * DOLLAR
    assert everything.long_gains == 25_900 * DOLLAR
    assert everything.tax == 1_500 * DOLLAR * 40 // 100 + 25_900 * DOLLAR * 20 // 100
    assert everything.tracking == 0
    assert everything.overlap == pytest.approx(1)
    assert everything.names == 12
    value = 1_200 * 20 + 300 * 27 + 150 * 34 + 100 * 104 + 80 * 55
    assert moved.value == value * DOLLAR
    assert everything.turnover == pytest.approx(1)


def test_doing_nothing_costs_nothing_and_tracks_as_it_does_today(moved: Transition) -> None:
    nothing = moved.nothing
    assert (nothing.tax, nothing.cost, nothing.turnover, nothing.names) == (0, 0, 0, 5)
    held = {"S00": 24_000, "S01": 8_100, "S02": 5_100, "S05": 4_400}
    weights = {symbol: amount / 52_000 for symbol, amount in held.items()}
    assert nothing.overlap == pytest.approx(sum(min(weight, 1 / 12) for weight in weights.values()))
    specific = (
        sum(0.05 * (weights.get(f"S{n:02d}", 0) - 1 / 12) ** 2 for n in range(12)) + 0.002 * (10_400 / 52_000) ** 2
    )
    assert nothing.tracking == pytest.approx(specific**0.5, rel=1e-6)


def test_the_frontier_lies_between(moved: Transition) -> None:
    drawn = [choice for choice in moved.between if not choice.by_true_tax]
    tracking = [choice.tracking for choice in drawn]
    taxes = [choice.tax_at_rates for choice in drawn]
    assert tracking == sorted(tracking, reverse=True)
    assert taxes == sorted(taxes)
    for choice in drawn:
        assert moved.liquidate.tracking <= choice.tracking <= moved.nothing.tracking + 1e-9
        assert choice.tax <= moved.liquidate.tax
        assert moved.nothing.overlap - 1e-9 <= choice.overlap <= 1 + 1e-9
        assert 0 <= choice.turnover <= moved.liquidate.turnover + 1e-9


def test_the_recommended_point_is_on_the_frontier_and_moves_with_the_price_of_tracking(
    place: tuple[Path, Path], moved: Transition
) -> None:
    assert moved.recommended in moved.between
    assert moved.recommended.risk_price == 40
    quick = asked(future=Future(paths=1, years=1))
    patient, strict = (
        transition_of(*place, replace(quick, prospect=Prospect("TWELVE", profile, tax=RATES))).recommended
        for profile in ("patient", "strict")
    )
    assert patient.tracking > moved.recommended.tracking > strict.tracking
    assert patient.tax_at_rates < moved.recommended.tax_at_rates < strict.tax_at_rates


def test_no_other_choice_costs_less_at_the_price_of_the_policy(moved: Transition) -> None:
    frontier = moved.frontier
    counted = frontier.objective - frontier.risk_price * frontier.tracking**2
    at_own_price = 40 * frontier.tracking**2 + counted
    assert at_own_price[frontier.chosen] <= at_own_price.min() + 1e-8


def test_the_reasons_are_in_figures_that_add_up(moved: Transition) -> None:
    best = moved.recommended
    assert f"${best.tax / DOLLAR:,.0f} of tax" in moved.reasons[1]
    steps = [line for line in moved.reasons if line.startswith("One step")]
    assert len(steps) == 2
    for line in steps:
        figures = [float(number.replace(",", "")) for number in re.findall(r"\$([\d,]+)", line)]
        signs = [1 if word == "more" else -1 for word in re.findall(r"\$[\d,]+ (more|less)", line)]
        assert figures[3] == pytest.approx(signs[1] * figures[1] + signs[2] * figures[2], abs=2)
        assert figures[3] > 0
    nearer = next(each for each in moved.between if each.risk_price is not None and each.risk_price >= 80)
    assert f"{nearer.tracking:.2%}" in steps[0]
    assert moved.liquidate.tax / DOLLAR == pytest.approx(
        float(moved.reasons[-1].split("$")[1].split()[0].replace(",", ""))
    )


def test_break_even_is_cost_over_a_year_of_tracking(moved: Transition) -> None:
    best, nothing = moved.recommended, moved.nothing
    saved = 40 * (nothing.tracking**2 - best.tracking**2) * moved.value
    assert best.break_even == pytest.approx((best.tax + best.cost) / saved)
    assert nothing.break_even == 0


def test_keep_what_you_have_is_said_where_tax_is_not_paid_back_within_the_horizon(
    place: tuple[Path, Path], moved: Transition
) -> None:
    assert moved.liquidate.break_even is not None
    soon = asked(future=Future(paths=1, years=1), horizon=moved.liquidate.break_even / 2)
    found = transition_of(*place, soon)
    assert any("Selling everything" in line and "keep what you have" in line for line in found.advice)
    late = asked(future=Future(paths=1, years=1), horizon=moved.liquidate.break_even * 2)
    assert not any("keep what you have" in line for line in transition_of(*place, late).advice)


def test_the_recommended_point_is_that_of_the_true_tax(tmp_path: Path) -> None:
    """A long-term loss of 21,900 makes 20% of a gain into nothing, until it is used up."""
    file, firm = written(tmp_path, PROSPECT.replace('"$9,500.00"', '"$30,000.00"'))
    law = Prospect("TWELVE", tax={"ordinary_income": "300000", "filing_status": "single"})
    found = transition_of(file, firm, asked(prospect=law, future=Future(paths=1, years=1)))
    best = found.recommended
    drawn = next(each for each in found.between if each.risk_price == 40 and not each.by_true_tax)
    assert best.by_true_tax
    assert best in found.between
    assert best != drawn
    assert "solved by its true tax" in found.reasons[2]
    table = prospect_firm(file, firm, asked(prospect=law)).firm.book.tax[:1]
    owed = tax_of_gains(table, np.array([best.short_gains]), np.array([best.long_gains]))
    assert best.tax == int(owed[0])
    assert found.near == pytest.approx(1.1 * best.tracking)


def test_a_fund_that_the_target_does_not_have_is_held_or_sold_and_said(moved: Transition) -> None:
    assert [(one.symbol, one.kind, one.value) for one in moved.legacy] == [("FNDA", "fund", 10_400 * DOLLAR)]
    assert 0 <= moved.legacy[0].kept <= 1
    assert moved.legacy[0].gain == 8_400 * DOLLAR


# --- years ----------------------------------------------------------------------------------------------------------


def test_no_year_of_any_path_exceeds_its_budget(moved: Transition) -> None:
    assert len(moved.years) == 4
    assert [each.budget for each in moved.years[:3]] == [round(moved.recommended.tax * part) for part in (0.25, 0.5, 1)]
    for each in moved.years:
        if each.budget is not None:
            assert int(each.tax.max()) <= each.budget + DOLLAR // 100
    assert any(each.tax.max() > 0 for each in moved.years)


def test_a_larger_budget_is_never_slower_and_none_is_needed_for_the_recommended_point(moved: Transition) -> None:
    median = [np.median(each.years) for each in moved.years]
    assert median == sorted(median, reverse=True)
    assert moved.years[-1].years.tolist() == [1, 1, 1]
    assert moved.years[0].years.min() > 1


def test_a_budget_of_nothing_sells_no_net_gain(place: tuple[Path, Path]) -> None:
    found = transition_of(*place, asked(budgets=(0,)))
    assert int(found.years[0].tax.max()) <= DOLLAR // 100


def test_the_same_seed_says_the_same_and_another_one_something_else(
    place: tuple[Path, Path], moved: Transition
) -> None:
    again = transition_of(*place, asked())
    assert transition_json(again) == transition_json(moved)
    other = transition_of(*place, asked(future=replace(FEW, seed=2)))
    assert [each.tax.tolist() for each in other.years] != [each.tax.tolist() for each in moved.years]
    assert choices_frame(other).equals(choices_frame(moved))


def test_paths_do_not_depend_on_how_many_there_are(place: tuple[Path, Path], moved: Transition) -> None:
    fewer = transition_of(*place, asked(future=replace(FEW, paths=2)))
    for one, other in zip(fewer.years, moved.years, strict=True):
        assert one.tax.tolist() == other.tax[:2].tolist()


# --- what is not there ----------------------------------------------------------------------------------------------


def test_what_rests_on_assumptions_is_in_the_result(tmp_path: Path) -> None:
    file, firm = written(tmp_path, PROSPECT.replace('"$5,000.00"', "n/a").replace("2012-01-03", "various"))
    found = transition_of(file, firm, asked(assuming=Assuming(0.25, Holding.SHORT), future=Future(paths=1, years=1)))
    assert found.resting.lots == 2
    assert found.resting.basis_value == pytest.approx(20_000 / 52_000)
    assert found.resting.date_value == pytest.approx(5_100 / 52_000)
    sizes = 15_000 + 1_100 + 1_400 + 3_900 + 8_400 + 400
    assert found.resting.gains == pytest.approx(15_000 / sizes)
    assert found.liquidate.short_gains == (1_500 + 3_900) * DOLLAR
    asked_for = [(each.line, each.column) for each in found.findings if "ask for it" in each.to_do]
    assert asked_for == [(2, "Cost Basis"), (5, "Date Acquired")]


def test_symbols_that_the_firm_does_not_know_borrow_their_risk_or_are_not_valued(tmp_path: Path) -> None:
    header = "Symbol,Quantity,Cost Basis,Date Acquired,Price,Kind,Asset Class\n"
    lines = [line + ",,," for line in PROSPECT.splitlines()[1:]]
    lines += ["LEGAX,100,1000,2016-01-04,30,mutual fund,Equity", "GHOST,5,50,2016-01-04,,,"]
    file, firm = written(tmp_path, header + "\n".join(lines) + "\n")
    found = transition_of(file, firm, asked(future=Future(paths=1, years=1)))
    assert found.value == (52_000 + 3_000) * DOLLAR
    assert "LEGAX" in [one.symbol for one in found.legacy]
    assert [each.symbol for each in found.unknown] == ["GHOST"]
    assert found.left_out == 1
    words = "\n".join(map(str, found.findings))
    assert "3 others stand for it, the asset class equity" in words
    assert [each.line for each in found.findings if each.severity is Severity.ERROR] == [9]


def test_a_fund_that_nothing_is_like_is_refused_with_what_to_do(tmp_path: Path) -> None:
    text = PROSPECT.replace("Acquired\n", "Acquired,Price,Kind\n") + "MUNIX,100,1000,2016-01-04,30,fund\n"
    file, firm = written(tmp_path, text)
    with pytest.raises(FolderError, match=r"MUNIX.*asset_class"):
        transition_of(file, firm, asked())


@pytest.mark.parametrize(
    ("prospect", "word"),
    [(Prospect("THIRTEEN"), "a model of the models file"), (Prospect("TWELVE", "hasty"), "a profile of profiles.toml")],
)
def test_a_model_or_profile_that_is_not_there_is_said(place: tuple[Path, Path], prospect: Prospect, word: str) -> None:
    with pytest.raises(FolderError, match=word) as refused:
        prospect_firm(*place, asked(prospect=prospect))
    assert "household is refused" not in str(refused.value)  # there is no household yet


@pytest.mark.parametrize(("day", "valued"), [("2026-08-24", True), ("2026-08-21", False)])
def test_what_has_not_been_priced_for_a_quarter_is_not_valued(tmp_path: Path, day: str, valued: bool) -> None:
    """A company that merged or failed keeps its last price in a firm's files for ever."""
    file, firm = written(tmp_path, PROSPECT)
    prices = firm / "prices.csv"
    prices.write_text(prices.read_text().replace("2026-11-20,S02,", f"{day},S02,"))
    made = prospect_firm(file, firm, asked())
    assert ("S02" in {each.symbol for each in made.read.unvalued}) is not valued
    assert any(each.line == 5 and each.severity is Severity.ERROR for each in made.findings) is not valued


def test_of_the_firm_only_what_holds_for_everyone_comes_along(place: tuple[Path, Path], moved: Transition) -> None:
    made = prospect_firm(*place, asked())
    assert made.firm.labels.households.tolist() == ["PROSPECT"]
    assert len(made.firm.labels.restrictions) == 1
    assert made.firm.book.policies.risk_price.tolist() == [40.0]
    security = made.firm.market_labels.symbols.index("S11")
    trades = moved.frontier.trades
    assert not trades.weight[:, trades.security == security].any()


# --- the same book --------------------------------------------------------------------------------------------------


def test_200_mangled_lots_make_the_book_of_the_clean_file(tmp_path: Path) -> None:
    files = firm_files()
    files["securities.csv"] = "symbol,kind,asset_class\n" + "".join(f"{symbol},stock,equity\n" for symbol in SYMBOLS)
    prices = "".join(f"2026-11-20,{symbol},{KNOWN.price[symbol] / DOLLAR}\n" for symbol in SYMBOLS)
    files["prices.csv"] = "date,symbol,close\n" + prices
    files["models.csv"] = "model,symbol,weight\nTWELVE,BAK,0.5\nTWELVE,BRK.B,0.5\n"
    files["restrictions.csv"] = "household_id,rule,scope,value\n"
    files["risk/exposures.csv"] = "symbol,factor,value\n" + "".join(f"{symbol},market,1\n" for symbol in SYMBOLS)
    files["risk/specific.csv"] = "symbol,variance\n" + "".join(f"{symbol},0.05\n" for symbol in SYMBOLS)
    _, firm = written(tmp_path)
    for name, text in files.items():
        (firm / name).write_text(text)
    draw = random.Random(11)
    lots = clean_lots(draw)
    books = []
    exported, _ = excel_export(lots, draw)
    for content in (clean_csv(lots), mangled(lots, draw), exported):
        file = tmp_path / "lots.csv"
        file.write_bytes(content)
        lots_of_book = prospect_firm(file, firm, asked()).firm.book.lots
        books.append(sorted(zip(*(column.tolist() for column in lots_of_book), strict=True)))
    assert books[0] == books[1] == books[2]
    assert len(books[0]) == 200


# --- written --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_what_was_found(moved: Transition, tmp_path: Path) -> None:
    write_transition(tmp_path / "out", moved)
    said = json.loads((tmp_path / "out" / "transition.json").read_text())
    assert said["choices"][0]["choice"] == Role.NOTHING
    assert said["choices"][-1]["tax"] == moved.liquidate.tax / DOLLAR
    choices = pl.read_csv(tmp_path / "out" / "transition_choices.csv")
    assert choices.filter(pl.col("choice") == "recommended").height == 1
    assert choices["tax"].to_list() == [choice.tax / DOLLAR for choice in moved.choices]
    budgets = pl.read_csv(tmp_path / "out" / "transition_budgets.csv")
    assert budgets.height == budgets_frame(moved).height == 4
    assert PRICES["S00"] == 20


def test_results_do_not_go_into_a_firm_folder(place: tuple[Path, Path], moved: Transition) -> None:
    with pytest.raises(FolderError, match="firm folder"):
        write_transition(place[1], moved)


def test_a_program_gets_the_same_from_a_file_and_from_a_table(place: tuple[Path, Path], moved: Transition) -> None:
    facts: dict[str, float] = {name: float(rate) for name, rate in RATES.items()}
    future = Future(paths=1, years=1)
    from_file = lotwise.transition(place[0], firm=place[1], model="TWELVE", future=future, **facts)  # type: ignore[arg-type]
    rows = pl.read_csv(place[0], infer_schema=False).to_dicts()
    from_table = lotwise.transition(rows, firm=place[1], model="TWELVE", future=future, **facts)  # type: ignore[arg-type]
    assert from_file.choices.equals(from_table.choices)
    assert from_file.recommended["tax"] == pytest.approx(moved.recommended.tax / DOLLAR, rel=0.05)
    assert "sell everything" in repr(from_file)
    assert "<h4>" in from_file._repr_html_()
    assert from_file.legacy["symbol"].to_list() == ["FNDA"]
