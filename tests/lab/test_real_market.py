"""The real market as a panel: on the data where it is at hand, and on a small made-up folder of the same layout."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.dates import from_day_number, is_trading_day, to_day_number
from lotwise.errors import FolderError
from lotwise.lab.demo_firm import write_demo_firm
from lotwise.lab.demo_models import weights_on
from lotwise.lab.market_panel import FundRole, MarketPanel
from lotwise.lab.real_funds import REAL_FUNDS
from lotwise.lab.real_market import load_real_market

# A made-up market: ticker -> close as the source states it, on every day.
LAST = date(2025, 3, 3)
DAYS = [day for day in (LAST - timedelta(days=step) for step in range(150, -1, -1)) if is_trading_day(day)]
STOCKS = {"AAA": 50.0, "BBB": 20.0, "CCC": 10.0, "DDD": 30.0}


def _prices(closes: dict[str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (ticker, day, close * (1 + number / 1000), close * (1 + number / 1000) * 0.9)
            for ticker, close in closes.items()
            for number, day in enumerate(DAYS)
            if not (ticker == "DDD" and number >= 90)  # leaves the index and has no price any more
        ],
        schema={"ticker": pl.String, "date": pl.Date, "close": pl.Float64, "adj_close": pl.Float64},
        orient="row",
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "market"
    folder.mkdir()
    _prices(STOCKS).write_parquet(folder / "prices.parquet")
    _prices({fund.symbol: 100.0 for fund in REAL_FUNDS}).write_parquet(folder / "etfs.parquet")
    actions = [
        ("AAA", DAYS[80], "split", 2.0),
        ("AAA", DAYS[40], "dividend", 0.25),
        ("BBB", DAYS[60], "spinoff", 5.0),
        ("CCC", DAYS[-2], "split", 4.0),
    ]
    pl.DataFrame(actions, schema=["ticker", "date", "type", "value"], orient="row").write_parquet(
        folder / "actions.parquet"
    )
    members = [
        (ticker, ticker, DAYS[0], DAYS[90] if ticker == "DDD" else None, f"{ticker} Inc", "Energy", "Tobacco")
        for ticker in STOCKS
    ]
    pl.DataFrame(
        members,
        schema=["ticker", "price_ticker", "start_date", "end_date", "name", "sector", "sub_industry"],
        orient="row",
    ).with_columns(pl.col("end_date").cast(pl.Date)).write_parquet(folder / "membership.parquet")
    weights = {"AAA": 60.0, "BBB": 30.0, "CCC": 10.0}
    pl.DataFrame({"date": [DAYS[70]] * 3, "ticker": list(weights), "weight_pct": list(weights.values())}).write_parquet(
        folder / "index_weights.parquet"
    )
    pl.DataFrame(
        {
            "ticker": list(weights),
            "market_cap_2026_08_16": [6e11, 3e11, 1e11],
            "ivv_weight_pct_2025_11_18": list(weights.values()),
        }
    ).write_parquet(folder / "constituents.parquet")
    pl.DataFrame(
        {"snapshot": [DAYS[0]], "ticker": ["DDD"], "market_cap": [2e10]},
    ).write_parquet(folder / "market_caps_2012_2018.parquet")
    pl.DataFrame({"ticker": ["AGG"], "date": [DAYS[30]], "dividend": [0.3]}).write_parquet(
        folder / "etf_dividends.parquet"
    )
    return folder


def _place(panel: MarketPanel, symbol: str) -> int:
    return panel.universe.symbols.index(symbol)


def test_closes_stand_on_the_share_basis_of_the_day_asked_for(small: Path) -> None:
    whole = load_real_market(small)
    assert whole.as_of == LAST
    assert whole.close[0, _place(whole, "AAA")] == 50.0
    before_split = load_real_market(small, as_of=DAYS[79])
    assert before_split.as_of == DAYS[79]
    assert before_split.close[0, _place(before_split, "AAA")] == 100.0
    paid = before_split.dividends
    mine = paid.security == _place(before_split, "AAA")
    assert paid.per_share[mine].tolist() == [0.5]
    assert before_split.splits.row.size == 0


def test_a_spin_off_booked_as_a_dividend_scales_the_closes_before_it(small: Path) -> None:
    panel = load_real_market(small)
    close = panel.close[:, _place(panel, "BBB")]
    last_before = 20.0 * (1 + 59 / 1000)
    assert close[59] == pytest.approx(last_before - 5.0, abs=1e-4)
    assert close[0] == pytest.approx(20.0 * (1 - 5.0 / last_before), abs=1e-4)
    assert close[60] == pytest.approx(20.0 * 1.06)
    assert _place(panel, "BBB") not in panel.dividends.security


def test_market_values_follow_the_weights_and_the_prices(small: Path) -> None:
    panel = load_real_market(small)
    caps = panel.caps[70, [_place(panel, ticker) for ticker in ("AAA", "BBB", "CCC")]]
    assert caps == pytest.approx([6e11, 3e11, 1e11])
    assert panel.caps[100, _place(panel, "AAA")] == pytest.approx(6e11 * 1.1 / 1.07)
    assert panel.caps[0, _place(panel, "DDD")] == pytest.approx(2e10)
    assert weights_on(panel, 100, "LARGE_500").sum() == pytest.approx(0.99)


def test_what_left_the_index_is_no_member_and_not_live(small: Path) -> None:
    panel = load_real_market(small)
    gone = _place(panel, "DDD")
    assert panel.member[:90, gone].all()
    assert not panel.member[90:, gone].any()
    assert not panel.live[gone]
    assert panel.live.sum() == 3 + len(REAL_FUNDS)


def test_total_return_ends_at_the_close(small: Path) -> None:
    panel = load_real_market(small)
    seen = panel.live
    assert panel.adjusted[-1, seen] == pytest.approx(panel.close[-1, seen])


def test_a_missing_table_or_column_is_named(small: Path) -> None:
    pl.DataFrame({"ticker": ["AAA"]}).write_parquet(small / "actions.parquet")
    with pytest.raises(FolderError, match=r"actions\.parquet: must have the columns .* date, type, value missing"):
        load_real_market(small)
    (small / "prices.parquet").unlink()
    with pytest.raises(FolderError, match=r"prices\.parquet: must be there"):
        load_real_market(small)


def test_a_day_without_prices_and_a_fund_without_a_close_are_named(small: Path) -> None:
    with pytest.raises(FolderError, match="must have prices between"):
        load_real_market(small, as_of=date(2001, 1, 3))
    funds = pl.read_parquet(small / "etfs.parquet").filter(pl.col("ticker") != "VOO")
    funds.write_parquet(small / "etfs.parquet")
    with pytest.raises(FolderError, match="must have a close on 2025-03-03 of VOO"):
        load_real_market(small)


def test_the_demo_firm_on_a_small_real_market(small: Path, tmp_path: Path) -> None:
    summary = write_demo_firm(tmp_path / "firm", households=12, market=small)
    assert (summary.market, summary.as_of, summary.households) == ("real", LAST, 12)
    actions = pl.read_csv(tmp_path / "firm" / "corporate_actions.csv")
    assert actions.drop("cash_per_share").rows() == [(DAYS[-2].isoformat(), "CCC", "split", 4)]


# ------------------------------------------------------------------ on the real prices, where they are at hand


@pytest.fixture(scope="module")
def real(market_dir: Path) -> MarketPanel:
    return load_real_market(market_dir)


def test_members_of_the_last_day_have_prices_and_values(real: MarketPanel) -> None:
    members = real.member[-1]
    assert 480 <= members.sum() <= 505
    assert np.isfinite(real.caps[-1, members]).all()
    assert np.isfinite(real.close[-1, members]).all()
    assert real.member[0].sum() > 440
    assert (np.diff(real.days) > 0).all()
    assert all(is_trading_day(from_day_number(int(day))) for day in real.days[-250:])


def test_weights_are_near_those_published(real: MarketPanel, market_dir: Path) -> None:
    published = pl.read_parquet(market_dir / "index_weights.parquet").with_columns(pl.col("date").cast(pl.Date))
    latest = published.filter(pl.col("date") == pl.col("date").max())
    day = latest["date"][0]
    row = int(np.searchsorted(real.days, to_day_number(day)))
    ours = weights_on(real, row, "LARGE_500") / 0.99
    place = {symbol: at for at, symbol in enumerate(real.universe.symbols)}
    theirs = latest.filter(pl.col("ticker").is_in(list(place))).sort("weight_pct", descending=True)
    mine = np.array([ours[place[ticker]] for ticker in theirs["ticker"]])
    weight = theirs["weight_pct"].to_numpy() / 100
    assert 0.5 * np.abs(mine - weight).sum() < 0.02
    assert mine[:10] == pytest.approx(weight[:10], rel=0.05)


def test_later_splits_are_taken_back(market_dir: Path, real: MarketPanel) -> None:
    earlier = load_real_market(market_dir, as_of=date(2024, 6, 3))  # a week before 1 share of NVDA became 10
    there, here = _place(earlier, "NVDA"), _place(real, "NVDA")
    row = int(np.searchsorted(real.days, earlier.days[-1]))
    assert earlier.close[-1, there] == pytest.approx(10 * real.close[row, here], rel=1e-6)
    assert earlier.caps[-1, there] == pytest.approx(real.caps[row, here], rel=0.02)


def test_every_fund_has_a_close_and_eem_is_not_among_them(real: MarketPanel) -> None:
    assert "EEM" not in real.universe.symbols
    funds = [real.fund(role) for role in FundRole]
    assert np.isfinite(real.close[-1, funds]).all()
    assert real.universe.identical_groups[real.fund(FundRole.BROAD)] != ""


def test_the_demo_firm_on_real_prices(market_dir: Path, tmp_path: Path) -> None:
    summary = write_demo_firm(tmp_path / "firm", households=20, market=market_dir)
    prices = pl.read_parquet(tmp_path / "firm" / "prices.parquet")
    source = pl.read_parquet(market_dir / "prices.parquet").filter(pl.col("date") == summary.as_of)
    both = prices.filter(pl.col("date") == summary.as_of).join(
        source, left_on="symbol", right_on="ticker", suffix="_source"
    )
    assert both.height >= 480
    assert (both["close"] - both["close_source"]).abs().max() == pytest.approx(0, abs=1e-3)
    again = write_demo_firm(tmp_path / "again", households=20, market=market_dir)
    for path in (tmp_path / "firm").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert again._replace(folder=summary.folder) == summary
