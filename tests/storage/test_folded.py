"""A state cut by taxpayer and put together again is the same state, row by row."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from lotwise.ledger.fold import fold
from lotwise.ledger.merging import merge_states
from lotwise.storage.folded import of_accounts, renumbered
from tests.ledger.event_sequences import ALL_READINGS, REST, TRADES, Mix, Sequence, sequences

RECORDS = sequences(Mix(TRADES + REST, readings=ALL_READINGS))


@given(RECORDS)
def test_what_is_cut_apart_goes_together_again(record: Sequence) -> None:
    state = fold(record.events, record.details, record.world).state
    own, rest = of_accounts(state, record.world.accounts["taxpayer"] == 0)
    for one, other in ((own, rest), (rest, own)):
        for table, whole in zip(merge_states(one, other), state, strict=True):
            assert table.tolist() == whole.tolist()


@given(RECORDS)
def test_taxpayers_folded_apart_come_to_what_they_come_to_together(record: Sequence) -> None:
    taxpayer = record.world.accounts["taxpayer"][record.events["account"]]
    parts = []
    for payer in (0, 1):
        numbers = np.flatnonzero(taxpayer == payer)
        folded = fold(record.events[numbers], record.details, record.world)
        parts.append(renumbered(folded.state, 0, numbers))
    whole = fold(record.events, record.details, record.world).state
    for table, expected in zip(merge_states(*parts), whole, strict=True):
        assert table.tolist() == expected.tolist()
