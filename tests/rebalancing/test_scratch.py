"""Memory of one worker: room for the names of every account, whoever holds them for whatever reason."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lotwise.rebalancing.scratch import scratch_for
from tests.rebalancing.random_book import random_book


@given(st.integers(0, 1_000_000))
def test_there_is_room_for_what_an_account_holds_wants_and_must_hold(seed: int) -> None:
    book, market = random_book(seed)
    total = len(book.households.model)
    for first, last in [(0, total), *((row, row + 1) for row in range(total))]:
        room = scratch_for(book, market, first, last).account
        for household in range(first, last):
            model, rules = book.households.model[household], book.households.rules[household]
            wanted = book.models.security[book.models.start[model] : book.models.start[model + 1]]
            ruled = book.rules.name_security[book.rules.name_start[rules] : book.rules.name_start[rules + 1]]
            edges = book.households.account_start[household : household + 2]
            for account in range(*edges.tolist()):
                held = book.lots.security[slice(*book.accounts.lot_start[account : account + 2])]
                assert room.positions.size >= np.unique(np.concatenate((held, wanted, ruled))).size
                assert room.lots.size >= held.size
