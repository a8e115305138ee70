"""The page of taxes saved for a firm: what it says against the tables, and that it is safe, whole and small."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from lotwise.money import DOLLAR
from lotwise.reports.firm_savings import YOUNG_DAYS, against_fees, fees_picture, months_picture, ranked
from lotwise.reports.firm_savings_page import firm_savings_page
from lotwise.reports.savings import savings_summary
from tests.reports.firm_savings_tables import firm_savings
from tests.reports.test_run_page import HOSTILE, body, outside, words

THREE = np.array([[4_000, 2_500, -500], [900, 100, 0], [-1_500, 300, 0]], np.int64) * DOLLAR
FEES: list[int | None] = [5_000, 1_200, None]


def test_the_headline_is_the_sum_of_the_households() -> None:
    text = words(firm_savings_page(firm_savings(THREE, FEES)))
    assert "tax-aware management has saved 3 households $5,800 of tax" in text
    assert "Saved since the beginning (B) 2 $5,800" in text
    assert "Fees 6 $6,200" in text


def test_a_firm_that_cost_more_tax_says_so_plainly() -> None:
    text = words(firm_savings_page(firm_savings(-THREE, FEES)))
    assert "Tax-aware management has cost 3 households $5,800 more tax than an ordinary rebalance" in text
    assert "Saved since the beginning (B) 2 \u2212$5,800" in text
    assert "2 households paid more tax than under an ordinary rebalance so far" in text


def test_shares_above_the_fee_by_count_and_by_dollars() -> None:
    saved = firm_savings(THREE, FEES)
    heavy = saved.households.with_columns(
        pl.when(pl.col("household_id") == "H0").then(3_000_000).otherwise(pl.col("value")).alias("value")
    )
    found = against_fees(heavy, saved.as_of)
    assert (found["households"], found["above"], found["by_count"]) == (2, 1, 0.5)
    assert found["by_dollars"] == pytest.approx(0.75)
    text = words(firm_savings_page(replace(saved, households=heavy)))
    assert "Households above their fee 7 50% 1 of 2 that can be compared" in text
    assert "Dollars above their fee 7 75%" in text
    assert "1 household whose fee is not known" in text


def test_records_that_are_young_are_not_compared_with_fees_and_those_of_today_saved_nothing() -> None:
    saved = firm_savings(THREE, FEES)
    begun = {"H0": saved.as_of, "H1": saved.as_of - timedelta(days=YOUNG_DAYS), "H2": date(2020, 1, 1)}
    days = pl.Series([begun[name] for name in saved.households["household_id"].to_list()])
    young = replace(saved, households=saved.households.with_columns(days.alias("since"), pl.lit(100).alias("fee")))
    found = against_fees(young.households, young.as_of)
    assert (found["households"], found["young"], found["unknown"]) == (2, 1, 0)
    text = words(firm_savings_page(young))
    assert "has saved 2 households $5,800" in text
    assert "1 household whose record begins today" in text
    assert f"1 household whose record is younger than {YOUNG_DAYS} days" in text
    assert "Nothing can be told yet: every record begins today." in words(
        firm_savings_page(replace(young, households=young.households.filter(pl.col("since") == young.as_of)))
    )


def test_households_are_ranked_costs_last_and_parts_add_up_in_whole_dollars() -> None:
    thirds = np.array([[3_333_333, 3_333_333, 3_333_334], [5_000, 5_000, 0]], np.int64)
    saved = firm_savings(np.concatenate((THREE, thirds)), [*FEES, 1, 1])
    assert ranked(saved.households)["household_id"].to_list() == ["H0", "H1", "H3", "H4", "H2"]
    rows = [["".join(cell.itertext()) for cell in row] for row in body(firm_savings_page(saved)).iter("tr")]
    lines = [row for row in rows if row and row[0][:2] in {"A,", "B,", "C,"}]
    assert len(lines) == 9
    for _, *parts, total in lines:
        amounts = [
            int(re.sub(r"[$,]", "", part).replace("\u2212", "-")) for part in parts if part.startswith(("$", "\u2212"))
        ]
        assert sum(amounts) == int(re.sub(r"[$,]", "", total).replace("\u2212", "-"))


def test_households_without_figures_are_named_with_the_reason() -> None:
    text = words(firm_savings_page(firm_savings(THREE, FEES)))
    assert "1 household without figures, and in none of the totals" in text
    assert "U1 lots.csv:17 [shares]: must be positive; was -3" in text


def test_the_rule_is_printed_with_its_settings() -> None:
    text = words(firm_savings_page(firm_savings(THREE, FEES)))
    assert "Each account rebalances to its target every quarter, on its last trading day." in text
    assert "schedule quarterly, month 12, band 20%, cash band 1%, relief fifo" in text


def test_the_page_needs_nothing_else_and_every_note_leads_somewhere() -> None:
    page = firm_savings_page(firm_savings(THREE, FEES))
    assert outside(page) == []
    assert "default-src 'none'" in page
    root = body(page)
    targets = {element.get("id") for element in root.iter()} - {None}
    links = {(element.get("href") or "").removeprefix("#") for element in root.iter("a")}
    assert {f"note-{number}" for number in range(1, 9)} <= links <= targets


def test_hostile_names_stay_text() -> None:
    page = firm_savings_page(replace(firm_savings(THREE, FEES, [HOSTILE, "B", "C"]), firm=HOSTILE))
    assert outside(page) == []
    assert "<script>alert(1)" in words(page)


def test_many_households_stay_small_and_none_is_left_out_silently() -> None:
    rng = np.random.default_rng(1)
    parts = rng.integers(-5_000, 20_000, (6_000, 3)) * DOLLAR
    saved = firm_savings(parts, [1_000] * 6_000)
    page = firm_savings_page(saved)
    assert len(page.encode()) < 4_000_000
    text = words(page)
    assert "The 5,950 between: the first 5,000 of them, 950 more in savings.csv" in text
    worst = ranked(saved.households)["household_id"][-1]
    assert f"6,000 {worst} " in text


def test_a_firm_without_a_record_has_a_page() -> None:
    none = firm_savings(np.zeros((0, 3), np.int64), [])
    text = words(firm_savings_page(none))
    assert "Nothing can be told yet" in text
    assert "No household has a posted record." in text
    assert "Nothing to show" in months_picture(none) + fees_picture(none)


def test_the_pictures_count_what_the_table_has() -> None:
    saved = firm_savings(THREE, FEES)
    assert saved.multiples.tolist() == pytest.approx([1.2, 1_000 / 1_200])
    assert "saved more than the fee: 1" in fees_picture(saved)
    assert saved.levels[-1].parts == (3_400.0, 2_900.0, -500.0)


def test_a_terminal_of_80_columns_cuts_no_amount() -> None:
    large = np.full((30, 3), 1_234_567_890_123, np.int64) * DOLLAR
    saved = firm_savings(large, [123_456_789] * 30)
    console = Console(width=80, file=io.StringIO(), legacy_windows=False)
    with console.capture() as said:
        console.print(savings_summary(saved))
    text = said.get()
    assert "\u2026" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "$3,704b" in text
