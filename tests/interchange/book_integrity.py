"""What must hold of every book that comes out of a folder, however bad the folder."""

from __future__ import annotations

import itertools

import numpy as np

from lotwise.interchange.firm_folder import Firm


def assert_sound(firm: Firm) -> None:
    """Assert that offsets, order, positions and bounds are what `rebalancing.book` says."""
    book = firm.book
    households, accounts, lots = len(firm.labels.households), len(firm.labels.accounts), len(firm.labels.lots)
    securities = len(firm.market.price)
    _offsets(book.households.account_start, households, accounts)
    _offsets(book.accounts.lot_start, accounts, lots)
    _offsets(book.models.start, len(firm.labels.models), len(book.models.security))
    sets = len(book.rules.name_start) - 1
    _offsets(book.rules.name_start, sets, len(book.rules.name_security))
    _offsets(book.rules.group_start, sets, len(book.rules.group))
    _offsets(book.groups.start, len(firm.labels.groups), len(book.groups.security))
    _offsets(book.windows.start, households, len(book.windows.identical))
    _offsets(book.requests.start, households, len(firm.labels.requests))
    _offsets(book.substitutes.start, securities, len(book.substitutes.security))
    columns: list[np.ndarray] = [*book.lots, *book.accounts, *book.households, *book.requests, *book.substitutes]
    for column in columns:
        assert column.flags.c_contiguous
        assert column.flags.writeable
    _within(book.lots.security, securities)
    _within(book.models.security, securities)
    _within(book.rules.name_security, securities)
    _within(book.groups.security, securities)
    _within(book.households.model, len(firm.labels.models))
    _within(book.households.policy, len(firm.profiles))
    _within(book.households.rules, sets)
    _within(book.rules.name_account + 1, accounts + 1)
    _within(book.rules.name_source, len(firm.labels.restrictions))
    _within(book.rules.group_source, len(firm.labels.restrictions))
    _within(book.rules.group, len(firm.labels.groups))
    _within(book.requests.account + 1, accounts + 1)
    _within(book.substitutes.security, securities)
    assert len(firm.labels.restricted) == len(firm.labels.restrictions)
    assert all(len(column) == len(firm.labels.requests) for column in book.requests[1:])
    assert (book.requests.by >= firm.market.as_of).all()
    assert (book.lots.shares > 0).all()
    assert (book.lots.basis >= 0).all()
    assert (book.models.weight > 0).all()
    _models_sum_to_one(firm)
    _taxpayers_adjacent(firm)
    _accounts_sorted(firm)
    _lots_sorted(firm)


def _offsets(start: np.ndarray, rows: int, entries: int) -> None:
    assert len(start) == rows + 1
    assert start[0] == 0
    assert start[-1] == entries
    assert (np.diff(start) >= 0).all()


def _within(positions: np.ndarray, count: int) -> None:
    assert ((positions >= 0) & (positions < count)).all()


def _models_sum_to_one(firm: Firm) -> None:
    models = firm.book.models
    for number, cash in enumerate(models.cash):
        weights = models.weight[models.start[number] : models.start[number + 1]]
        names = models.security[models.start[number] : models.start[number + 1]]
        assert abs(weights.sum() + cash - 1) < 1e-12
        assert (np.diff(names) > 0).all()


def _taxpayers_adjacent(firm: Firm) -> None:
    taxpayer = firm.book.households.taxpayer
    assert taxpayer.dtype == np.int32
    assert len(np.unique(taxpayer)) == 1 + np.count_nonzero(np.diff(taxpayer))


def _accounts_sorted(firm: Firm) -> None:
    book = firm.book
    for number, (first, last) in enumerate(itertools.pairwise(book.households.account_start)):
        assert (book.accounts.household[first:last] == number).all()
        assert (np.diff(book.accounts.kind[first:last].astype(int)) >= 0).all()


def _lots_sorted(firm: Firm) -> None:
    lots = firm.book.lots
    for first, last in itertools.pairwise(firm.book.accounts.lot_start):
        keys = [(lots.security[row], lots.acquired[row], str(firm.labels.lots[row])) for row in range(first, last)]
        assert keys == sorted(keys)
