"""What a household could realise tonight, from lots written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lotwise.money import DOLLAR
from lotwise.rebalancing.book import LotFlag
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from tests.rebalancing.tenth_of_a import GAINING, LOSING, ON_TARGET, one, several
from tests.rebalancing.written_book import WrittenBook, held_away, ira, lot, rest, taxable


def could_lose(written: WrittenBook) -> float:
    book, market = written.columns()
    return float(unrealised_losses(1, book.accounts, book.lots, market.price)[0] / DOLLAR)


def could_gain(written: WrittenBook) -> float:
    book, market = written.columns()
    (gains,) = gains_of_a_move(book.accounts, book.lots, market.price, book.models, book.households.model)
    return float(gains / DOLLAR)


def test_losses_of_taxable_lots_add_up_and_gains_offset_nothing() -> None:
    assert could_lose(one(*ON_TARGET)) == 0
    assert could_lose(one(*LOSING)) == pytest.approx(20_000)
    both = one(lot("A", 4_000, basis=9_000), lot("A", 6_000, basis=1_000), lot("B", 90_000, basis=90_500))
    assert could_lose(both) == pytest.approx(5_500)


def test_what_is_never_sold_or_not_taxed_is_never_lost_or_gained() -> None:
    kept = LotFlag.REPLACEMENT | LotFlag.KEPT
    losing, gaining = lot("A", 10_000, basis=30_000, flags=kept), lot("A", 90_000, basis=5_000, flags=kept)
    assert could_lose(one(losing, rest(90_000))) == 0
    assert could_gain(one(gaining, rest(10_000))) == 0
    assert could_lose(several(taxable(*ON_TARGET), ira(*LOSING), held_away(taxable(*LOSING)))) == 0
    assert could_gain(several(taxable(*ON_TARGET), ira(gaining), held_away(taxable(gaining)))) == 0


def test_a_move_realises_the_gain_of_what_is_above_the_model_and_of_nothing_else() -> None:
    # A tenth of A is wanted: 30,000 of 40,000 is above it, of which half is gain.
    assert could_gain(one(lot("A", 40_000, basis=20_000), rest(60_000))) == pytest.approx(15_000, rel=1e-6)
    assert could_gain(one(*GAINING)) == pytest.approx(0, abs=1)  # on target
    # B is not in the model: all of it goes, and the lot at a loss offsets nothing.
    unwanted = one(lot("B", 10_000, basis=4_000), lot("B", 10_000, basis=50_000), lot("A", 10_000), rest(70_000))
    assert could_gain(unwanted) == pytest.approx(6_000)


def test_households_keep_to_themselves_and_empty_accounts_gain_nothing() -> None:
    written = one(lot("A", 40_000, basis=20_000), rest(60_000))
    assert could_gain(replace(written, accounts=(taxable(cash=100.0), *written.accounts))) == pytest.approx(15_000)
    assert could_gain(replace(written, accounts=(taxable(cash=-100.0),))) == 0
