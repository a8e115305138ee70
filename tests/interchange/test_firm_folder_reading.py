"""A sound folder becomes the book it describes, to the last unit, as CSV and as Parquet."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lotwise.dates import NO_DATE, from_day_number, to_day_number
from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import Firm, contract_reference, read_firm
from lotwise.rebalancing.book import AccountKind, LotFlag, NameRule
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import LOTS, small_firm, write


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return read_firm(write(tmp_path, small_firm()))


def test_a_sound_folder_blocks_nobody_and_finds_only_notices(firm: Firm) -> None:
    assert not firm.book.households.blocked.any()
    assert {finding.severity for finding in firm.findings} == {Severity.NOTICE}
    assert_sound(firm)
    assert (firm.name, firm.as_of) == ("Small", date(2025, 6, 30))
    assert firm.household_names == ("One, the first", "Two", "Three")


def test_accounts_are_sorted_by_household_and_kind(firm: Firm) -> None:
    assert firm.labels.accounts.tolist() == ["A1", "A2", "A3", "A5", "A4"]
    assert firm.book.accounts.kind.tolist() == [
        AccountKind.TAXABLE,
        AccountKind.ROTH,
        AccountKind.TAXABLE,
        AccountKind.TAXABLE,
        AccountKind.TRADITIONAL,
    ]
    assert firm.book.accounts.trades.tolist() == [True, True, True, True, False]


def test_a_pending_buy_uses_cash_at_the_close(firm: Firm) -> None:
    # 2 shares of CCC at 12.50 out of 1,000.50
    assert firm.book.accounts.cash.tolist() == [9_755_000, 200_000, 5_000_000, 70_000, 0]


def test_lots_are_exact_and_sorted(firm: Firm) -> None:
    lots = firm.book.lots
    assert firm.labels.lots.to_list() == ["L1", "L2", "L1", "L1", "L1", "L2", "L9"]
    assert lots.shares.tolist() == [
        10_000_000,
        5_500_000,
        100_000_000,
        3_000_000,
        2_000_000,
        2_123_456,
        8_000_000,
    ]
    assert lots.basis.tolist() == [5_000_000, 6_002_500, 90_000_000, 4_000_000, 1_000_000, 201_234, 800_000]
    assert from_day_number(lots.acquired[0]) == date(2020, 1, 2)


def test_lot_flags_say_what_is_special(firm: Firm) -> None:
    flags = [LotFlag(int(flag)) for flag in firm.book.lots.flags]
    assert flags[0] == LotFlag.REPLACEMENT
    assert flags[1] == LotFlag.REPLACEMENT | LotFlag.KEPT  # never_sell of the lot
    assert flags[3] == LotFlag.KEPT  # a gift that is held, and a pending sell
    assert LotFlag.REPLACEMENT not in flags[5]  # inherited


def test_inherited_shares_are_long_term_at_once(tmp_path: Path) -> None:
    files = small_firm()
    files["lots.csv"] = files["lots.csv"].replace("2022-02-02", "2025-06-02")
    firm = read_firm(write(tmp_path, files))
    assert from_day_number(firm.book.lots.acquired[5]) == date(2025, 6, 2)
    assert firm.book.lots.holding_start[5] < to_day_number(date(2024, 6, 29))


def test_windows_are_those_of_the_taxpayer(firm: Firm) -> None:
    windows = firm.book.windows
    # H1 and H2 file separately: A3's sale and pending sell, A1's purchases count for both. H3's sale was a gain.
    assert windows.start.tolist() == [0, 3, 6, 6]
    assert windows.identical.tolist() == [0, 1, 2] * 2
    pending_sell = to_day_number(date(2025, 7, 30))
    sold = to_day_number(date(2025, 7, 10))
    assert windows.no_buy_until.tolist() == [pending_sell, NO_DATE, sold] * 2
    bought, ordered = to_day_number(date(2025, 7, 20)), to_day_number(date(2025, 7, 30))
    assert windows.no_loss_until.tolist() == [NO_DATE, bought, ordered] * 2
    assert windows.bought_shares.tolist() == [0, 5_500_000, 2_000_000] * 2


def test_a_wash_group_stands_together_where_its_first_member_stands(tmp_path: Path) -> None:
    files = small_firm()
    rows = files["households.csv"].splitlines()
    rows[3] = rows[3].removesuffix(",,") + ",,"
    # H3 now stands between H1 and H2, who share a wash group.
    files["households.csv"] = "\n".join([rows[0], rows[1], rows[3], rows[2], "H4,core,Four,0.3,0.15,0,,", ""])
    files["restrictions.csv"] = files["restrictions.csv"].replace("H3,never_trade", "H2,never_buy")
    turned = read_firm(write(tmp_path / "turned", files))
    assert_sound(turned)
    assert turned.labels.households.tolist() == ["H1", "H2", "H3", "H4"]
    assert turned.book.households.taxpayer.tolist() == [0, 0, 1, 2]
    assert turned.household_names == ("One, the first", "Two", "Three", "Four")
    assert turned.labels.accounts.tolist() == ["A1", "A2", "A3", "A5", "A4"]
    # Everything else of H1 to H3 is as if they stood in this order in the file.
    files["households.csv"] = "\n".join([rows[0], rows[1], rows[2], rows[3], "H4,core,Four,0.3,0.15,0,,", ""])
    _books_equal(read_firm(write(tmp_path / "straight", files)), turned)
    assert turned.profiles[turned.book.households.policy[1]].name == "gentle"


def test_a_household_by_itself_is_its_own_taxpayer(tmp_path: Path) -> None:
    files = small_firm()
    files["households.csv"] = files["households.csv"].replace(",w\n", ",\n")
    firm = read_firm(write(tmp_path, files))
    assert firm.book.households.taxpayer.tolist() == [0, 1, 2]


def test_findings_of_a_moved_household_stay_its_own(tmp_path: Path) -> None:
    files = small_firm()
    rows = files["households.csv"].splitlines()
    files["households.csv"] = "\n".join([rows[0], rows[1], rows[3], rows[2].replace("blend", "blond"), ""])
    firm = read_firm(write(tmp_path, files))
    assert firm.book.households.blocked.tolist() == [False, True, False]
    found = [(f.line, f.household) for f in firm.findings if f.severity is Severity.ERROR]
    assert found == [(4, "H2")]


def test_blends_are_resolved_and_glide_picks_the_model_of_the_day(firm: Firm) -> None:
    models = firm.book.models
    assert firm.labels.models == ("core", "fund", "blend")
    assert firm.book.households.model.tolist() == [0, 2, 2]
    assert models.cash == pytest.approx([0, 0.1, 0.05])
    assert models.weight[models.start[2] :] == pytest.approx([0.25, 0.15, 0.1, 0.45])


def test_a_models_cash_is_the_target_of_its_households(firm: Firm) -> None:
    policies = firm.book.policies
    targets = policies.cash_target[firm.book.households.policy]
    assert targets == pytest.approx([0.01, 0.05, 0.05])
    assert policies.risk_price.tolist() == [40.0] * len(firm.profiles)


def test_a_named_profile_stands_on_the_firms_own(firm: Firm) -> None:
    policy = firm.book.households.policy[1]
    assert firm.profiles[policy].name == "gentle"
    assert firm.profiles[policy].risk_price_bps == Decimal(40)
    assert firm.book.policies.deferral_discount[policy] == pytest.approx(0.8 * 1.05**-10)
    # Year round, 180 of 334 days from 1 January to 1 December gone.
    assert firm.book.policies.harvest_depth[policy] == pytest.approx(0.80 + 0.15 * 180 / 334)


def test_rates_are_federal_and_state(firm: Firm) -> None:
    assert firm.book.households.short_rate.tolist() == [420_000_000, 350_000_000, 300_000_000]
    # H2 has lost 11.10 this year, which saves 35%: so much of 1,000 of long-term gain costs 35% and not 15%.
    assert firm.book.households.long_rate.tolist() == [250_000_000, 152_220_000, 150_000_000]


def test_restrictions_become_sets(firm: Firm) -> None:
    rules, sets = firm.book.rules, firm.book.households.rules
    assert len(set(sets.tolist())) == 3

    def names(household: int) -> set[tuple[int, int, int, float, float]]:
        rows = range(rules.name_start[sets[household]], rules.name_start[sets[household] + 1])
        return {
            (
                int(rules.name_security[row]),
                int(rules.name_account[row]),
                int(rules.name_flags[row]),
                float(rules.name_low[row]),
                float(rules.name_high[row]),
            )
            for row in rows
        }

    no_buy, no_trade = int(NameRule.NO_BUY), int(NameRule.NO_BUY | NameRule.NO_SELL)
    smoke = {(0, -1, no_buy, 0.0, 1.0), (2, -1, no_buy, 0.0, 1.0)}
    assert names(0) == smoke
    assert names(1) == smoke | {(2, 2, no_buy, 0.0, 0.0)}
    assert names(2) == smoke | {(1, -1, no_trade, 0.0, 1.0), (0, -1, 0, 0.1, 1.0)}
    assert firm.labels.groups == ("sector Tech",)
    assert firm.book.groups.security.tolist() == [1, 2, 3]
    assert firm.book.groups.coefficient.tolist() == [1.0, 1.0, 0.25]  # a quarter of the fund, looked through
    assert rules.group_high.tolist() == [0.4]
    assert firm.labels.restrictions[rules.group_source[0]] == "max_weight sector Tech 0.4"


def test_equal_sets_of_two_households_are_one(tmp_path: Path) -> None:
    files = small_firm()
    files["restrictions.csv"] = (
        "household_id,rule,scope,value,weight,account_id\n"
        "H1,never_buy,symbol,AAA,,\nH2,never_buy,symbol,AAA,,\nH3,never_buy,symbol,BBB,,\n"
    )
    firm = read_firm(write(tmp_path, files))
    assert firm.book.households.rules.tolist() == [1, 1, 2]
    assert firm.book.rules.name_start.tolist() == [0, 0, 1, 2]


def test_the_market_has_the_last_close(firm: Firm) -> None:
    assert firm.market.price.tolist() == [1_030_000, 1_132_500, 125_000, 980_000, 990_000]
    assert firm.market.spread.tolist() == [400_000, 250_000, 300_000, 100_000, 100_000]
    assert firm.market.tradable.all()
    assert firm.market.identical.tolist() == [0, 1, 2, 3, 3]
    assert firm.market.loadings.shape == (5, 0)
    assert firm.history.adjusted.shape == (4, 5)
    assert firm.history.adjusted[-1, 1] == pytest.approx(113.25)


def test_a_risk_model_is_brought_along(firm: Firm) -> None:
    assert firm.risk_model is not None
    assert firm.risk_model.symbols == ("AAA", "BBB", "CCC", "ETF", "ET2")
    assert firm.risk_model.covariance.tolist() == [[0.04]]


def _books_equal(one: Firm, other: Firm) -> None:
    mine: tuple[Any, ...] = one.book
    theirs: tuple[Any, ...] = other.book
    for table, again in zip(mine, theirs, strict=True):
        for column, column_again in zip(table, again, strict=True):
            assert np.asarray(column).dtype == np.asarray(column_again).dtype
            np.testing.assert_array_equal(column, column_again)
    assert one.labels.lots.to_list() == other.labels.lots.to_list()
    assert one.market.price.tolist() == other.market.price.tolist()


@pytest.mark.parametrize("rows_in_a_group", [None, 1, 3])
@pytest.mark.parametrize("typed", [False, True])
def test_parquet_says_the_same_as_csv(tmp_path: Path, typed: bool, rows_in_a_group: int | None) -> None:
    files = small_firm()
    plain = read_firm(write(tmp_path / "csv", files))
    folder = write(tmp_path / "parquet", files)
    for stem in (
        "households",
        "accounts",
        "lots",
        "securities",
        "prices",
        "models",
        "restrictions",
        "transactions",
    ):
        frame = pl.read_csv(folder / f"{stem}.csv", infer_schema=typed, try_parse_dates=typed)
        frame.write_parquet(folder / f"{stem}.parquet", row_group_size=rows_in_a_group)
        (folder / f"{stem}.csv").unlink()
    _books_equal(plain, read_firm(folder))


def test_exact_decimals_in_parquet_stay_exact(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    frame = pl.read_csv(folder / "lots.csv", infer_schema=False)
    frame = frame.with_columns(pl.lit("123456789.123457").cast(pl.Decimal(38, 10)).alias("shares")).head(1)
    frame.write_parquet(folder / "lots.parquet")
    (folder / "lots.csv").unlink()
    assert read_firm(folder).book.lots.shares.tolist() == [123_456_789_123_457]


def test_bom_line_ends_and_column_order_do_not_matter(tmp_path: Path) -> None:
    files = small_firm()
    plain = read_firm(write(tmp_path / "plain", files))
    rows = [line.split(",") for line in LOTS.splitlines()]
    turned = "\r\n".join(",".join(reversed(row)) for row in rows) + "\r\n\r\n"
    files["lots.csv"] = "\ufeff" + turned
    _books_equal(plain, read_firm(write(tmp_path / "turned", files)))


def test_an_earlier_day_sees_earlier_prices_only(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    firm = read_firm(folder, as_of=date(2025, 6, 26))
    assert firm.market.price[0] == 1_010_000
    assert firm.history.days.max() == to_day_number(date(2025, 6, 26))
    assert any(f.file == "prices.csv" and "later rows" in f.was for f in firm.findings)


def test_one_household_alone_has_the_same_rows_and_windows(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    whole, alone = read_firm(folder), read_firm(folder, households=["H2"])
    assert_sound(alone)
    assert alone.labels.households.tolist() == ["H2"]
    assert alone.labels.accounts.tolist() == ["A3"]
    assert alone.book.lots.shares.tolist() == [3_000_000]
    # H1 shares its wash sales, though it is not in the run.
    assert alone.book.windows.no_loss_until.tolist() == whole.book.windows.no_loss_until[3:6].tolist()
    assert alone.book.windows.bought_shares.tolist() == [0, 5_500_000, 2_000_000]


def test_asking_for_nobody_that_is_there_stops_the_run(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    firm = read_firm(folder, households=["H2", "H9"])
    assert [f.was for f in firm.findings if f.severity is Severity.ERROR] == ["'H9'"]
    with pytest.raises(FolderError) as caught:
        read_firm(folder, households=["H9"])
    assert any(finding.was == "'H9'" for finding in caught.value.findings)


def test_reading_is_repeatable(tmp_path: Path) -> None:
    folder = write(tmp_path, small_firm())
    one, other = read_firm(folder), read_firm(folder)
    _books_equal(one, other)
    assert json.dumps([str(f) for f in one.findings]) == json.dumps([str(f) for f in other.findings])


def test_the_reference_names_every_column() -> None:
    text = contract_reference()
    for name in ("household_id", "holding_period_start", "wash_group", "transaction_id", "risk/covariance"):
        assert name in text


def test_of_the_weights_of_a_model_the_latest_that_have_come_count(tmp_path: Path) -> None:
    files = small_firm()
    rows = ("core,AAA,,1,", "core,BBB,,1,2025-06-30", "core,CCC,,1,2025-07-01", "other,AAA,,1,2026-01-02")
    files["models.csv"] = "\n".join(("model,symbol,child_model,weight,from", *rows, "blend,,core,1,", ""))
    firm = read_firm(write(tmp_path, files))
    assert_sound(firm)
    models = firm.book.models
    held = {
        name: models.security[models.start[row] : models.start[row + 1]].tolist()
        for row, name in enumerate(firm.labels.models)
    }
    bbb = firm.market_labels.symbols.index("BBB")
    assert held == {"core": [bbb], "blend": [bbb]}


def test_a_day_that_is_none_spoils_its_model_and_no_other(tmp_path: Path) -> None:
    files = small_firm()
    rows = ("core,AAA,,1,soon", "fund,ETF,,1,", "blend,,fund,1,")
    files["models.csv"] = "\n".join(("model,symbol,child_model,weight,from", *rows, ""))
    firm = read_firm(write(tmp_path, files))
    (found,) = [each for each in firm.findings if (each.file, each.column) == ("models.csv", "from")]
    assert (found.severity, found.was) == (Severity.ERROR, "'soon'")
    refused = firm.labels.households[firm.book.households.blocked].tolist()
    assert refused == ["H1"]  # H3 has glided to another one
