"""Accounts that begin with lots: nothing of them is lost, and they are sold as what they were bought as."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.clients import Client, Cohort, OpeningLot, cohort_of
from lotwise.lab.cohorts.policies import Looks, Policy, engine, ordinary
from lotwise.lab.cohorts.replay import LiveSettings, live
from lotwise.ledger.events import EventKind
from lotwise.money import DOLLAR, SHARE
from lotwise.savings.shadow_rule import Schedule
from tests.lab.cohorts.small_market import BEGIN, DAYS, TARGET, small_panel, small_risk

KEPT = LiveSettings(keeps_lines=True)
# Nothing is ever worth a trade to it.
HOLDS = engine("holds", Looks.YEARLY, "worth_it_bps = 10000\nrisk_price_bps = 0.001\ncash_band = 1")
LOTS = (
    OpeningLot(0, 40_000.0, 10_000.0, 800),
    OpeningLot(0, 20_000.0, 25_000.0, 10),
    OpeningLot(6, 30_000.0, 30_000.0, 200),
)


def cohort(*lots: OpeningLot, policy: Policy = HOLDS, start: int = BEGIN, dollars: float = 1_000.0) -> Cohort:
    client = Client(start, dollars, lots=lots)
    return cohort_of((policy,), (replace(TARGET, _drawn={}),), [client])


def test_they_stand_with_their_basis_and_dates() -> None:
    until = replace(KEPT, last=BEGIN)
    lived = live(cohort(*LOTS), small_panel(), small_risk(), until)
    price = np.rint(small_panel().close[BEGIN] * DOLLAR)
    lots = np.sort(lived.lots, order=["security", "basis"])
    assert lots["security"].tolist() == [0, 0, 6]
    assert lots["basis"].tolist() == [10_000 * DOLLAR, 25_000 * DOLLAR, 30_000 * DOLLAR]
    assert lots["original_basis"].tolist() == lots["basis"].tolist()
    for lot, dollars in zip(lots, (40_000.0, 20_000.0, 30_000.0), strict=True):
        assert lot["shares"] / SHARE * price[lot["security"]] == pytest.approx(dollars * DOLLAR, rel=1e-7)
    begun = from_day_number(int(DAYS[BEGIN]))
    held = [begun - from_day_number(int(day)) for day in lots["acquired"]]
    assert held == [timedelta(days=each) for each in (800, 10, 200)]
    assert lots["holding_start"].tolist() == lots["acquired"].tolist()
    assert len(set(lots["name"].tolist())) == 3
    # 800 days are long term, 10 and 200 are short.
    assert lived.ending.long[0] / DOLLAR == pytest.approx(30_000, abs=1)
    assert lived.ending.short[0] / DOLLAR == pytest.approx(-5_000, abs=1)
    assert lived.daily["value"][0, 0] == pytest.approx(91_000, abs=1)
    assert lived.daily["flow"][0, 0] == pytest.approx(91_000, abs=1)
    assert lived.daily["latent"][0, 0] == pytest.approx(25_000, abs=1)


def test_what_is_sold_of_them_is_taxed_as_what_it_was_bought_as() -> None:
    rule = ordinary("to target", Schedule.MONTHLY)
    lived = live(cohort(*LOTS, policy=rule), small_panel(), small_risk(), KEPT)
    assert lived.realized is not None
    first = lived.realized[lived.realized["sold"] == DAYS[BEGIN]]
    of_old = first[(first["security"] == 0) & (first["long_term"] == 1)]
    assert of_old["basis"].sum() / of_old["proceeds"].sum() == pytest.approx(0.25, rel=0.01)  # half a spread off
    assert lived.trades is not None
    came = lived.trades["shares"][lived.trades["kind"] == EventKind.TRANSFER_IN].sum()
    bought = lived.trades[np.isin(lived.trades["kind"], (EventKind.BUY, EventKind.REINVEST))]
    unsplit = np.isin(bought["security"], (0, 6))
    left = lived.lots["shares"][np.isin(lived.lots["security"], (0, 6))].sum()
    sold = lived.realized["shares"][np.isin(lived.realized["security"], (0, 6))].sum()
    assert came + bought["shares"][unsplit].sum() == left + sold


def test_a_loss_among_them_is_harvested_by_name() -> None:
    """The engine sells the lot that has a loss and leaves the one of the same security that has a gain."""
    keys = 'fractional_shares = true\nminimum_trade = 0\nworth_it_bps = 0.1\nharvest = "any"'
    own = cohort(*LOTS[:2], policy=engine("harvests", Looks.DAILY, keys), dollars=60_000.0)
    lived = live(own, small_panel(), small_risk(), replace(KEPT, last=BEGIN))
    assert lived.realized is not None
    first = lived.realized[lived.realized["security"] == 0]
    assert (first["proceeds"] - first["basis"]).min() < 0
    loser, winner = (lived.lots["basis"][lived.lots["acquired"] == DAYS[BEGIN] - days].sum() for days in (10, 800))
    assert loser / (25_000 * DOLLAR) < winner / (10_000 * DOLLAR)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lots=st.lists(
        st.builds(
            OpeningLot,
            st.sampled_from([0, 6, 7, 8]),
            st.integers(1_000, 500_000).map(float),
            st.integers(0, 900_000).map(float),
            st.integers(0, 4_000),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_basis_is_kept_to_the_last_unit(lots: list[OpeningLot]) -> None:
    own = cohort(*lots, dollars=0.0)
    lived = live(own, small_panel(), small_risk(), replace(KEPT, last=BEGIN + 20))
    assert lived.trades is not None
    assert int(lived.lots["basis"].sum()) == sum(round(lot.basis) for lot in lots) * DOLLAR
    assert int(lived.lots["shares"].sum()) == int(lived.trades["shares"].sum())
    assert (lived.lots["shares"] > 0).all()
    assert int(lived.daily["lines"].sum()) == 0


def test_what_was_interrupted_and_what_was_parted_ends_the_same(tmp_path: Path) -> None:
    clients = [Client(BEGIN + 5 * number, 1_000.0, lots=LOTS[number:]) for number in range(3)]

    def own() -> Cohort:
        rule = ordinary("monthly", Schedule.MONTHLY)
        return cohort_of((rule,), (replace(TARGET, _drawn={}),), clients)

    whole = live(own(), small_panel(), small_risk(), LiveSettings(last=130))
    parted = live(own(), small_panel(), small_risk(), LiveSettings(last=130, part=1))
    for name in ("value", "latent", "flow", "cash"):
        assert whole.daily[name].tolist() == parted.daily[name].tolist()
    kept = LiveSettings(last=130, checkpoints=tmp_path, every=10)

    class StoppedError(Exception):
        pass

    days = [0]

    def stop(done: int) -> None:
        days[0] += done
        if days[0] >= 25:
            raise StoppedError

    with pytest.raises(StoppedError):
        live(own(), small_panel(), small_risk(), kept, stop)
    resumed = live(own(), small_panel(), small_risk(), kept)
    assert resumed.daily["value"].tolist() == whole.daily["value"].tolist()


@pytest.mark.parametrize(
    ("lots", "start", "dollars", "words"),
    [
        ((OpeningLot(0, 0.0, 1.0, 1),), BEGIN, 1.0, "must bring lots of some worth"),
        ((OpeningLot(0, 1.0, -1.0, 1),), BEGIN, 1.0, "must bring lots of some worth"),
        ((OpeningLot(0, 1.0, 1.0, -1),), BEGIN, 1.0, "must bring lots of some worth"),
        (LOTS, 2, 1.0, "must begin at least 3 days into the market, one for each of its lots, was 2"),
        (LOTS, BEGIN, -1.0, "must have accounts worth something, had -1.0"),
        ((), BEGIN, 0.0, "must have accounts worth something, had 0.0"),
    ],
)
def test_lots_that_cannot_be_are_refused(lots: tuple[OpeningLot, ...], start: int, dollars: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cohort(*lots, start=start, dollars=dollars)


def test_what_has_no_close_cannot_be_brought() -> None:
    unborn = cohort(OpeningLot(4, 1_000.0, 1_000.0, 50))
    with pytest.raises(ValueError, match=f"must have a close on the day it begins, security 4 has none on row {BEGIN}"):
        live(unborn, small_panel(), small_risk(), KEPT)
