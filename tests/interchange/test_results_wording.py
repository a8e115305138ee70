"""Sentences against the figures they are made of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.interchange.letters import as_series
from lotwise.interchange.trade_reasons import trade_reasons
from lotwise.interchange.wording import relaxation_text
from lotwise.money import DOLLAR
from lotwise.rebalancing.proposal import Cause, Reason, Side, Status
from tests.reports.small_run import SmallRun, small_run


def test_reasons_of_trades() -> None:
    assert small_run().tables().trades["reason"].to_list() == [
        "harvests a $1,234 long-term loss: $294 of tax saved now",
        "sold to track the target: saves $338 a year of risk, $163 of tax on a $400 short-term gain",
        "bought to track the target: saves $1,250,000 a year of risk for $2.48 of trading cost",
        "sold to track the target: adds $3.12 a year of risk that the other trades save, no tax in this account",
        "invests cash above its band for $0.04 of trading cost",
    ]


@pytest.mark.parametrize(
    ("reason", "side", "gain", "tax", "sentence"),
    [
        (
            Reason.RESTRICTED,
            Side.SELL,
            500,
            119,
            "sold because a restriction asks for it: $119 of tax on a $500 long-term gain",
        ),
        (Reason.RESTRICTED, Side.BUY, 0, 0, "bought because a restriction asks for it: $2.50 of trading cost"),
        (
            Reason.RAISE_CASH,
            Side.SELL,
            -50,
            -11.9,
            "sold to bring cash back into its band: $12 of tax saved by a $50 long-term loss",
        ),
        (Reason.RAISE_CASH, Side.SELL, 0, 0, "sold to bring cash back into its band: no gain, no tax"),
        (Reason.INVEST_CASH, Side.SELL, 0, 0, "makes room for cash to be invested: no gain, no tax"),
        (Reason.EXCHANGE_SELL, Side.SELL, 0, 0, "sold to pay for trades that are worth more: no gain, no tax"),
    ],
)
def test_reasons_of_rules_and_cash(reason: Reason, side: Side, gain: float, tax: float, sentence: str) -> None:
    run = small_run()
    trades = run.proposals.trades
    columns = {name: getattr(trades, name)[:1].copy() for name in trades._fields}
    columns["reason"][0], columns["side"][0] = reason, side
    columns["gain"][0], columns["tax"][0] = round(gain * DOLLAR), round(tax * DOLLAR)
    with ThreadPoolExecutor(max_workers=1) as pool:
        made = trade_reasons(type(trades)(**columns), run.book.accounts, pl.Series(["A"]), pool)
    assert as_series(made).to_list() == [sentence]


def messages(run: SmallRun) -> list[str]:
    texts: list[str] = run.tables().households["message"].to_list()
    return texts


def test_messages_of_households() -> None:
    assert messages(small_run()) == [
        (
            "proposed: 4 trades worth 12.3 bp of value; not kept in full: * max_weight sector Energy 0.1:"
            " at most 10.00% asked for, 11.20% reached in H1-taxable"
        ),
        (
            "holds: the best trades improve it by 0.3 bp, less than its threshold of 1 bp;"
            " 1 lot without basis or date not sold; 1 finding about its data"
        ),
        "refused: 2 errors in its data, first: lots.csv:17 [shares]: must be positive; was -3; correct the shares",
        (
            "failed: the exact re-verification found a broken rule, nothing is traded; this is a fault of Lotwise,"
            " not of the data: please report it"
        ),
        (
            "proposed: cash is outside its band (5.20% of value), 1 trade to mend it; not kept in full:"
            " the cash that its policy and requests ask for: at least 2.00% asked for, 1.99% reached"
        ),
    ]


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_message_that_starts_with_its_status(cause: Cause) -> None:
    run = small_run()
    outcomes = run.proposals.outcomes
    causes, status = outcomes.cause.copy(), outcomes.status.copy()
    causes[1] = cause
    word = {
        Cause.IMPROVES: "proposed",
        Cause.CASH: "proposed",
        Cause.RESTRICTION: "proposed",
        Cause.NOT_WORTH_IT: "holds",
        Cause.TRADED_LATELY: "holds",
        Cause.NOTHING_TO_TRADE: "holds",
        Cause.BAD_DATA: "refused",
        Cause.NO_VALUE: "refused",
        Cause.NOT_SOLVED: "failed",
        Cause.NOT_VERIFIED: "failed",
    }[cause]
    status[1] = {"proposed": Status.PROPOSED, "holds": Status.HOLD, "refused": Status.REFUSED}.get(word, Status.FAILED)
    counts = outcomes.trades.copy()
    changed = outcomes._replace(cause=causes, status=status, trades=counts)
    text = messages(replace(run, proposals=run.proposals._replace(outcomes=changed)))[1]
    assert text.startswith(f"{word}: ")
    assert len(text) > len(word) + 10


def test_a_threshold_just_above_the_figure_is_still_seen_to_be_above() -> None:
    run = small_run()
    figures = run.proposals.outcomes.figure.copy()
    figures[1] = 0.99996
    outcomes = run.proposals.outcomes._replace(figure=figures)
    text = messages(replace(run, proposals=run.proposals._replace(outcomes=outcomes)))[1]
    assert "by 0.99996 bp, less than its threshold of 1 bp" in text


def test_many_relaxed_restrictions_are_counted_not_listed() -> None:
    run = small_run()
    relaxations = type(run.proposals.relaxations)(
        household=np.zeros(7, np.int32),
        account=np.zeros(7, np.int32),
        source=np.zeros(7, np.int32),
        required=np.full(7, 0.1),
        reached=np.linspace(0.11, 0.17, 7),
    )
    text = messages(replace(run, proposals=run.proposals._replace(relaxations=relaxations)))[0]
    assert text.count("not kept in full") == 3
    assert text.endswith("and 4 more in relaxations.csv")


def test_lots_held_away_are_not_said_to_be_unsold() -> None:
    run = small_run()
    trades = run.book.accounts.trades.copy()
    trades[2] = False
    book = run.book._replace(accounts=run.book.accounts._replace(trades=trades))
    assert "without basis" not in messages(replace(run, book=book))[1]


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_was_asked_and_what_was_reached_differ_in_words(required: float, reached: float) -> None:
    text = relaxation_text("r", required, reached)
    asked, got = text.removeprefix("r: at most ").removeprefix("r: at least ").split(" asked for, ")
    got = got.removesuffix(" reached")
    if abs(required - reached) > 1e-7:
        assert asked != got
    assert ("at most" in text) == (reached > required)
