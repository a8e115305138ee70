"""What a result says of a firm and its households: tables, views, pictures, words; and what profiles change in it."""

from __future__ import annotations

from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

import lotwise
from lotwise.interchange.firm_folder.part import part_of
from lotwise.interchange.firm_folder.what_if import with_changed_profiles
from lotwise.library import asking
from lotwise.reports.look import BLUE
from lotwise.reports.run import total
from tests.library.written_frames import HOSTILE, family, family_firm, tables_of_small_firm

VOID = {"br", "meta", "link"}


class Balance(HTMLParser):
    """Which tags are open, and which attributes a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(name for name, _ in attrs)}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(name for name, _ in attrs)}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> str:
    """HTML whose tags are balanced, on one line, without script, request or handler."""
    parser = Balance()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert not {"script", "iframe", "img", "src", "href"} & parser.seen
    assert not [name for name in parser.seen if name.startswith("on")]
    assert "\n" not in html
    return html


@pytest.fixture(scope="module")
def firm() -> lotwise.Firm:
    return family_firm()


@pytest.fixture(scope="module")
def result(firm: lotwise.Firm) -> lotwise.Result:
    return firm.rebalance()


def test_a_household_is_a_view_of_the_tables(result: lotwise.Result) -> None:
    view = result["H1"]
    assert [each.household_id for each in result] == ["H1", "H2"]
    assert len(result) == 2
    assert view.trades.height == view.summary["n_trades"] > 0
    assert view.trades.equals(result.trades.filter(pl.col("household_id") == "H1"))
    assert view.accounts["account_id"].to_list() == ["T", "I"]
    assert view.relaxations.height == view.findings.height == 0
    assert result.figures.statuses == {"proposed": 2, "hold": 0, "refused": 0, "failed": 0}


def test_an_unknown_household_is_answered_with_the_nearest(firm: lotwise.Firm, result: lotwise.Result) -> None:
    for ask in (lambda: result["H11"], lambda: firm.rebalance("H11"), lambda: firm.rebalance(["H1", "H11"])):
        with pytest.raises(
            lotwise.UnknownNameError, match=r"one of the 2 that are there, was 'H11'. did you mean H1\?"
        ):
            ask()
    with pytest.raises(KeyError):
        result.household("H11")
    with pytest.raises(ValueError, match="must name one at least"):
        firm.rebalance([])


def test_positions_hold_every_dollar_before_and_after(result: lotwise.Result) -> None:
    positions = result["H1"].positions
    assert positions["before"].sum() == 140_000
    bought, sold = (total(result["H1"].trades.filter(pl.col("side") == side), "value") for side in ("buy", "sell"))
    assert positions["after"].sum() == Decimal(140_000) + bought - sold
    one = positions.filter((pl.col("account_id") == "T") & (pl.col("symbol") == "AAA")).row(0, named=True)
    assert one["kind"] == "taxable"
    own = result["H1"].trades.filter((pl.col("account_id") == "T") & (pl.col("symbol") == "AAA"))
    assert one["before"] - one["after"] == own["value"].sum() > 0


def test_weights_are_those_that_the_explanation_has(result: lotwise.Result) -> None:
    weights = {row["symbol"]: row for row in result["H1"].weights.rows(named=True)}
    assert set(weights) == {"AAA", "BBB", "CCC", "DDD"}
    said = result["H1"].explain().names
    for row in said.rows(named=True):
        for column in ("target", "before", "after"):
            assert row[column] == pytest.approx(weights[row["symbol"]][column], abs=1e-6)
    moved = [abs(row["after"] - row["before"]) for row in weights.values()]
    assert moved == sorted(moved, reverse=True)


def test_without_one_portfolio_only_accounts_that_trade_have_weights() -> None:
    accounts = [{**row, "held_away": row["account_id"] == "I"} for row in family()["accounts"]]
    together = family_firm(accounts=accounts).rebalance("H1")["H1"].weights
    apart = family_firm(accounts=accounts).rebalance("H1", as_one_portfolio=False)["H1"].weights
    assert together.filter(pl.col("symbol") == "CCC")["before"].item() == pytest.approx(20_000 / 141_500)
    assert apart.filter(pl.col("symbol") == "AAA")["before"].item() == pytest.approx(70_000 / 91_000)


def test_gains_of_lots_and_what_is_sold_of_them(result: lotwise.Result) -> None:
    lots = {row["lot_id"]: row for row in result["H1"].lot_gains.rows(named=True)}
    assert {name: row["gain"] for name, row in lots.items()} == {"t1": 30_000, "t2": -1_000, "t3": 5_000}
    sold = dict(
        result["H1"].trades.filter(pl.col("account_id") == "T").select("lot_id", "shares").drop_nulls().iter_rows()
    )
    assert lots["t2"]["sold"] == pytest.approx(float(sold["t2"]) / 200)
    assert lots["t2"]["sold"] > 0


def test_an_explanation_says_rows_and_words(result: lotwise.Result) -> None:
    story = result["H1"].explain("AAA")
    assert set(story.names["symbol"]) == {"AAA"}
    assert set(story.lots["lot_id"]) == {"t1", "t2", "i1"}
    assert story.lots.filter(pl.col("lot_id") == "t2")["gain"].item() == pytest.approx(-0.05)
    assert story.lots["value"].sum() == 100_000
    assert "of tax" in repr(story)
    assert story.tax.startswith("taxed at 42.00% short term")
    with pytest.raises(lotwise.UnknownNameError, match="must be one of the 4 that are there, was 'AAB'"):
        result["H1"].explain("AAB")


@pytest.mark.parametrize(
    ("keys", "more", "less"),
    [
        ({"risk_price_bps": 200}, "tax", "te_after"),
        ({"risk_price_bps": np.float64(0.5)}, "te_after", "tax"),
        ({"minimum_trade": 1_000_000}, "te_after", "n_trades"),
        ({"trading_cost_multiplier": 500}, "te_after", "cost"),
    ],
    ids=["risk dear", "risk cheap", "no small trades", "trading dear"],
)
def test_a_profile_of_the_call_moves_the_outcome_the_right_way(
    firm: lotwise.Firm, result: lotwise.Result, keys: dict[str, Any], more: str, less: str
) -> None:
    before, after = result["H1"].summary, firm.rebalance(**keys)["H1"].summary
    changed: dict[str, Any] = {key: (before[key], after[key]) for key in (more, less)}
    assert changed[more][1] > changed[more][0]
    assert changed[less][1] < changed[less][0]
    assert after["policy_version"] != before["policy_version"]


def test_a_profile_of_the_call_is_what_the_firm_would_say(firm: lotwise.Firm) -> None:
    keys: dict[str, Any] = {
        "risk_price_bps": 7.5,
        "loss_usability": 0.3,
        "harvest": "any",
        "location": {"stocks": {"roth": 3.5}},
    }
    said = family_firm(profile={**family()["profile"], **keys}).rebalance()
    asked = firm.rebalance(**keys)
    assert asked.trades.equals(said.trades)
    assert asked.households.equals(said.households)


def test_no_key_changes_nothing(firm: lotwise.Firm) -> None:
    same = with_changed_profiles(firm.as_read, {})
    for one, other in ((same.book, firm.as_read.book), (same.labels, firm.as_read.labels)):
        for name in ("households", "policies", "preferences") if one is same.book else ("policies",):
            np.testing.assert_equal(getattr(one, name), getattr(other, name))


def test_wrong_keys_are_all_named_at_once(firm: lotwise.Firm) -> None:
    with pytest.raises(lotwise.ProfileError) as caught:
        firm.rebalance(risk_price=20, cash_band=2, as_one_portfolio="yes", deferral_discount=float("nan"))
    assert {finding.column for finding in caught.value.findings} == {
        "risk_price",
        "cash_band",
        "as_one_portfolio",
        "deferral_discount",
    }
    assert "did you mean risk_price_bps?" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_the_weight_of_cash_in_a_model_stays_and_is_said() -> None:
    models = [
        *({**row, "weight": 0.24} for row in family()["models"]),
        {"model": "four", "symbol": "CASH", "weight": 0.04},
    ]
    firm = family_firm(models=models, profile={"fractional_shares": True})
    asked = firm.rebalance(cash_target=0.2)
    assert asked.trades.equals(firm.rebalance().trades)
    (finding,) = asked.findings.filter(pl.col("column") == "cash_target").rows(named=True)
    assert (finding["file"], finding["severity"], finding["was"]) == ("what if", "warning", "0.2")


def test_a_preference_for_a_class_that_is_not_there_is_said(firm: lotwise.Firm) -> None:
    found = firm.rebalance(location={"stock": {"taxable": 5}}).findings
    assert "did you mean stocks?" in found.filter(pl.col("file") == "what if")["to_do"].item()


@pytest.mark.parametrize("chosen", [("H3",), ("H1", "H2")])
def test_a_part_of_a_firm_gets_the_trades_that_it_gets_in_the_whole(chosen: tuple[str, ...]) -> None:
    firm = lotwise.firm_from_frames(**tables_of_small_firm())
    whole, part = firm.rebalance(), firm.rebalance(chosen)
    assert part.households["household_id"].to_list() == list(chosen)
    for table in ("trades", "households", "accounts", "relaxations"):
        mine = pl.col("household_id").is_in(list(chosen))
        assert getattr(part, table).equals(getattr(whole, table).filter(mine))
    assert repr(part[chosen[0]].explain()) == repr(whole[chosen[0]].explain())


def test_households_of_one_wash_group_stay_together() -> None:
    households = [{**row, "wash_group": "w"} for row in family()["households"]]
    firm = family_firm(households=households)
    assert firm.rebalance("H2").households["household_id"].to_list() == ["H1", "H2"]
    assert len(part_of(firm.as_read, np.array([False, False])).book.households.model) == 0


def test_every_repr_is_balanced_html_that_escapes_names() -> None:
    hostile = [{**row, "name": "<script>alert('1')</script>&"} for row in family()["households"]]
    lots = [{**row, "lot_id": f"{row['lot_id']}<b>&"} for row in family()["lots"]]
    firm = family_firm(name=HOSTILE, households=hostile, lots=lots)
    result = firm.rebalance()
    view = result["H1"]
    for shown in (firm, result, view, view.explain(), view.explain("AAA")):
        html = checked(shown._repr_html_())
        assert html.startswith('<div class="lotwise"><style>')
        assert "<b>&" not in html
        assert "\u202e" not in html
    assert "&lt;script&gt;" in view._repr_html_()
    for kind in ("weights", "gains"):
        ET.fromstring(view.plot(kind).svg)  # noqa: S314 - our own text
    for shown in (result, view.explain()):
        assert "\x1b" not in repr(shown)
    assert "H1" in repr(view)


def test_a_refused_household_can_be_shown_too() -> None:
    lots = [{**row, "shares": "?" if row["lot_id"] == "t1" else row["shares"]} for row in family()["lots"]]
    view = family_firm(lots=lots).rebalance()["H1"]
    assert "refused" in repr(view)
    assert "refused" in checked(view._repr_html_())
    assert "refused" in checked(view.explain()._repr_html_())
    assert view.explain().names.height == view.explain().lots.height == 0
    assert "lots" in view.findings["file"].to_list()


def test_pictures_draw_the_rows_that_matter_and_count_the_others(result: lotwise.Result, tmp_path: Path) -> None:
    picture = result["H1"].plot(most=3)
    root = ET.fromstring(picture.svg)  # noqa: S314
    svg = "{http://www.w3.org/2000/svg}"
    words = [element.text or "" for element in root.iter(f"{svg}text")]
    assert [word for word in words if word in {"AAA", "BBB", "CCC", "DDD"}] == result["H1"].weights["symbol"][
        :3
    ].to_list()
    assert "1 more name not drawn" in words
    gains = ET.fromstring(result["H1"].plot("gains").svg)  # noqa: S314
    full = [element for element in gains.iter(f"{svg}rect") if element.get("fill-opacity") is None]
    sold = result["H1"].lot_gains.filter(pl.col("sold") > 0)
    assert len(full) == sold.height > 0
    assert BLUE in {element.get("fill") for element in full}
    assert picture._repr_svg_() == picture.save(tmp_path / "a.svg").read_text()
    with pytest.raises(ValueError, match=r"must end in .svg, was 'a.png'"):
        picture.save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="kind must be 'weights' or 'gains', was 'pie'"):
        result["H1"].plot("pie")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="most must be 1 or more"):
        result["H1"].plot(most=0)


def test_compiling_is_said_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import njit  # noqa: PLC0415

    def compile_one() -> None:
        function = njit(lambda x: x + 1)
        function.py_func.__module__ = "lotwise.tests"
        with asking.told_once():
            function(1)

    monkeypatch.setattr(asking, "_SAID", set())
    compile_one()
    compile_one()
    assert capsys.readouterr().err.count("compiling the kernels") == 1
