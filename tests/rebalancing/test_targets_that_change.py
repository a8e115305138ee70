"""A target that is taken away, or that moves from one part of a blend to another: what trades, and what must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.interchange.firm_folder import read_firm
from lotwise.rebalancing.proposal import Status
from tests.interchange.small_firm import small_firm, write
from tests.rebalancing.test_as_one_portfolio import crowd
from tests.rebalancing.written_book import REST, Name, Night, WrittenBook, ira, lot, never_buy, rest, taxable

NAMES = {"A": Name(), "B": Name(), "C": Name()}


def held(*symbols: str, cash: float = 1_000.0) -> WrittenBook:
    """An account of 100,000 in equal parts of some names, its model all of them; cash 1%, give or take half of it."""
    part = (100_000 - cash) / len(symbols)
    model = {symbol: 0.99 / len(symbols) for symbol in symbols}
    account = taxable(*(lot(symbol, part) for symbol in symbols), cash=cash)
    return WrittenBook(NAMES, model, (account,)).steered(cash_target=0.01, cash_band=0.005)


def test_what_is_no_longer_wanted_becomes_what_is_and_no_cash() -> None:
    """A is taken out of the model: B and C take its place, half each."""
    night = replace(held("A", "B", "C"), model={"B": 0.495, "C": 0.495}).night()
    assert night.weight("A") == pytest.approx(0, abs=1e-6)
    assert night.bought("B") == pytest.approx(night.bought("C"), abs=2.0)
    assert 0.005 - 1e-6 <= night.cash() <= 0.015 + 1e-6


def test_a_model_none_of_which_may_be_bought_leaves_what_is_held() -> None:
    """All that is wanted is barred: selling A and B would leave cash alone, which nobody asked for."""
    barred = replace(held("A", "B"), model={"C": 0.99}, rules=(never_buy("C"),))
    night = barred.night()
    assert night.cash() <= 0.015 + 1e-6
    assert night.weight("A") + night.weight("B") >= 0.985 - 1e-6


@given(st.integers(0, 10_000), st.integers(0, 5))
def test_whatever_is_taken_out_of_a_model_no_account_ends_in_cash(seed: int, removed: int) -> None:
    written = crowd(seed).steered(cash_target=0.02, cash_band=0.01)
    model = {symbol: weight for symbol, weight in written.model.items() if symbol != f"N{removed}"}
    whole = sum(model.values())
    night = replace(written, model={symbol: weight / whole for symbol, weight in model.items()}).night()
    if night.status is Status.PROPOSED:
        for account, own in enumerate(written.accounts):
            if own.trades:
                assert night.cash(account) <= max(0.03, own.cash / written.value_of(account)) + 1e-6


def test_a_model_that_is_gone_refuses_its_household_and_sells_nothing(tmp_path: Path) -> None:
    files = small_firm()
    files["models.csv"] = files["models.csv"].replace("core,", "cored,")
    firm = read_firm(write(tmp_path, files))
    names = firm.labels.households.tolist()
    assert firm.book.households.blocked[names.index("H1")]
    assert not firm.book.households.blocked[names.index("H2")]
    errors = [f for f in firm.findings if f.household == "H1" and f.column == "model"]
    assert errors[0].was == "'core'"


MID_CAP = """model,symbol,child_model,weight
mid,AAA,,0.4
mid,CCC,,0.6
large,BBB,,1
core,,mid,0.5
core,,large,0.5
"""
LARGE_CAP = """model,symbol,child_model,weight
mid,CCC,,1
large,BBB,,0.7142857142857143
large,AAA,,0.2857142857142857
core,,mid,0.3
core,,large,0.7
"""


def test_a_mid_cap_that_becomes_a_large_cap_is_the_same_target(tmp_path: Path) -> None:
    """AAA, a fifth of the whole, leaves the part of mid caps for that of large caps, along with its money."""
    targets = []
    for name, models in (("before", MID_CAP), ("after", LARGE_CAP)):
        files = small_firm() | {"models.csv": models}
        files["households.csv"] = files["households.csv"].replace("blend", "core")
        for optional in ("glide.csv", "restrictions.csv"):
            del files[optional]
        firm = read_firm(write(tmp_path / name, files))
        book, row = firm.book, firm.labels.models.index("core")
        span = slice(int(book.models.start[row]), int(book.models.start[row + 1]))
        symbols = [firm.market_labels.symbols[each] for each in book.models.security[span].tolist()]
        targets.append(dict(zip(symbols, book.models.weight[span].tolist(), strict=True)))
    assert targets[0] == pytest.approx({"AAA": 0.2, "BBB": 0.5, "CCC": 0.3})
    assert targets[1] == pytest.approx(targets[0])


def test_a_name_whose_target_is_the_same_is_not_traded() -> None:
    """A household at its target holds, a gain of 90% or a loss of none: there are no sleeves between which to trade."""
    written = WrittenBook(
        {"A": Name(), "B": Name(spread_bps=1)},
        {"A": 0.2, "B": 0.5, "REST": 0.3},
        (taxable(lot("A", 20_000, basis=2_000), rest(30_000)), ira(lot("B", 50_000))),
    )
    assert written.night().status is Status.HOLD


def test_what_one_account_may_not_buy_is_swapped_into_through_the_other() -> None:
    """The taxable account must sell A and may not buy C, which the household lacks; it buys the B of the IRA."""
    names = {"A": Name(), "B": Name(), "C": Name()}
    accounts = (taxable(lot("A", 50_000), lot("B", 50_000)), ira(lot("B", 100_000)))
    model = {"B": 0.75, "C": 0.25}
    rules = (replace(never_buy("C"), account=0),)
    night = WrittenBook(names, model, accounts, rules=rules).night()
    assert night.sold("A", account=0) == pytest.approx(50_000)
    assert night.bought("B", account=0) == pytest.approx(50_000)
    assert night.sold("B", account=1) == pytest.approx(50_000)
    assert night.bought("C", account=1) == pytest.approx(50_000)


def test_a_mid_cap_that_becomes_a_large_cap_stays_put() -> None:
    """Between two sleeves it would change hands; in one pool its weight in the household is what counts.

    It was 25% of the mid caps, a fifth of the blend: 5% of the household. As a large cap it is 5.625% of the other four
    fifths: 4.5%. The half percent that is too much is not worth its tax.
    """

    def night(basis: float, mid: float) -> Night:
        held = (lot("MID", 10_000, basis), lot("LARGE", 20_000, 20_000), rest(70_000))
        names = {"MID": Name(spread_bps=5.0), "LARGE": Name(spread_bps=5.0)}
        model = {"MID": mid, "LARGE": 0.15 - mid, REST: 0.85}
        return WrittenBook(names, model, (taxable(*held), ira(rest(100_000)))).night()

    assert night(basis=1_000, mid=0.05).status is Status.HOLD
    assert night(basis=1_000, mid=0.045).sold("MID") == 0
    assert night(basis=10_000, mid=0.045).sold("MID") > 500  # free of tax it would go to its weight
