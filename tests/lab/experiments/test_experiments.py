"""Experiments: each runs on a small market, its verdict follows its rule, and what it says is written and read back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import FolderError
from lotwise.lab.experiments import EXPERIMENTS, deferral, systematic, wash_sales
from lotwise.lab.experiments import harvest_frequency as frequency
from lotwise.lab.experiments.markets import _last_of_whole_years, market_for
from lotwise.lab.experiments.protocol import Size, Verdict
from lotwise.lab.experiments.running import Asked, Ran, run_experiment, write_report
from lotwise.lab.known_then import known_on
from lotwise.lab.market_panel import MarketPanel
from lotwise.lab.simulated_market import SimulatedShape, simulate_market
from tests.reports.documents.printed_pages import pages


@pytest.fixture(scope="module")
def market() -> MarketPanel:
    return simulate_market(3, SimulatedShape(date(2022, 6, 1), date(2025, 9, 30), 30))


@pytest.fixture(scope="module")
def ran(market: MarketPanel, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    asked = Asked(tmp_path_factory.mktemp("lab"))
    return run_experiment(EXPERIMENTS["wash-sales"], asked, market)


def test_each_says_what_it_is() -> None:
    assert list(EXPERIMENTS) == [
        "systematic", "transition", "tax-value", "deferral", "harvest-frequency", "daily-monthly", "wash-sales",
        "etf-pair", "location", "sleeves", "break-even",
    ]  # fmt: skip
    for name, each in EXPERIMENTS.items():
        assert each.name == name
        for text in (each.title, each.claim, each.source, each.rule):
            assert text
        assert all(word in each.rule.lower() for word in ("reproduced if", "in part if", "else not"))
        assert len(each.definitions) >= 4


def test_what_comes_out_is_written_and_told(ran: Ran) -> None:
    said = json.loads((ran.folder / "result.json").read_text(encoding="utf-8"))
    assert said["verdict"] == ran.finding.verdict.value
    assert said["because"] == ran.finding.because
    daily = pl.read_parquet(ran.folder / "lives" / "daily.parquet")
    years = pl.read_parquet(ran.folder / "lives" / "years.parquet")
    ending = pl.read_parquet(ran.folder / "lives" / "ending.parquet")
    assert ending.height == years["household"].n_unique() == daily["household"].n_unique() == 16
    assert (daily.filter(pl.col("date") == daily["date"].max())["value"] > 100_000).all()
    assert set(ending["policy"]) == {
        "no harvesting", "with the rule", "with the rule, any loss", "without the rule",
    }  # fmt: skip
    disallowed = years.group_by("policy").agg(pl.col("disallowed").sum())
    assert dict(disallowed.iter_rows())["without the rule"] == 0
    page = write_report(ran.folder.parent, EXPERIMENTS.values()).read_text(encoding="utf-8")
    for part in (EXPERIMENTS["wash-sales"].claim, "<svg", "Definitions", "lotwise lab run wash-sales --quick --seed 1"):
        assert part in page
    assert "Systematic" not in page  # only what was run


def test_the_report_is_set_as_pdf_too(ran: Ran) -> None:
    pytest.importorskip("typst")
    path = write_report(ran.folder.parent, EXPERIMENTS.values(), pdf=True).with_suffix(".pdf")
    said = " ".join(" ".join(pages(path.read_bytes())).split())
    for part in ("The open lab", "Harvesting with and without the wash-sale rule", "without the rule", "Definitions"):
        assert part in said


def test_without_the_rule_more_is_harvested_at_the_same_weights(ran: Ran) -> None:
    figures = ran.finding.figures
    assert figures["without the rule losses"] > figures["with the rule losses"] > figures["no harvesting losses"]
    assert figures["without the rule tracking"] < figures["with the rule tracking"]


def test_what_was_run_once_is_not_lived_again(ran: Ran, market: MarketPanel) -> None:
    steps: list[int] = []
    again = run_experiment(EXPERIMENTS["wash-sales"], Asked(ran.folder.parent), market, on_done=steps.append)
    assert len(steps) == 1
    assert again.finding.figures == ran.finding.figures
    assert again.finding.tables == ran.finding.tables


@pytest.mark.parametrize("name", ["systematic", "deferral", "harvest-frequency", "daily-monthly", "etf-pair"])
def test_the_others_run_too(name: str, market: MarketPanel, tmp_path: Path) -> None:
    ran = run_experiment(EXPERIMENTS[name], Asked(tmp_path), market)
    assert ran.finding.verdict in Verdict
    assert ran.account_years > 5
    assert name in write_report(tmp_path, EXPERIMENTS.values()).read_text(encoding="utf-8")


# --- verdicts -----------------------------------------------------------------------------------------------------


def alphas(ordinary: list[float], wealthy: list[float]) -> dict[str, float]:
    looks = [each.value for each in frequency._FREQUENCIES]
    pairs = (("ordinary", ordinary), ("very wealthy", wealthy))
    ends = ("liquidation", "step-up")
    return {
        f"{kind} {look} {end}": value
        for kind, values in pairs
        for look, value in zip(looks, values, strict=True)
        for end in ends
    }


@pytest.mark.parametrize(
    ("ordinary", "wealthy", "verdict"),
    [
        ([38, 107, 123, 136], [164, 264, 284, 310], Verdict.REPRODUCED),
        ([20, 40, 60, 70], [90, 100, 120, 160], Verdict.REPRODUCED),
        ([2, 4, 6, 8], [90, 100, 120, 160], Verdict.IN_PART),  # too small
        ([20, 60, 50, 70], [90, 100, 120, 160], Verdict.IN_PART),  # a step falls
        ([20, 40, 60, 70], [10, 50, 70, 80], Verdict.IN_PART),  # the wealthy have less at first
        ([70, 60, 50, 40], [90, 100, 120, 160], Verdict.NOT),
    ],
)
def test_the_verdict_on_frequency(ordinary: list[float], wealthy: list[float], verdict: Verdict) -> None:
    found, because = frequency._judged(alphas(ordinary, wealthy))
    assert found is verdict
    assert f"ordinary, daily: {ordinary[-1]:.0f} bp" in because


@pytest.mark.parametrize(
    ("without", "with_rule", "verdict"),
    [(108, 82, Verdict.REPRODUCED), (240, 82, Verdict.IN_PART), (80, 82, Verdict.NOT), (90, -1, Verdict.NOT)],
)
def test_the_verdict_on_wash_sales(without: float, with_rule: float, verdict: Verdict) -> None:
    figures = {"without the rule step-up": without, "with the rule step-up": with_rule}
    assert wash_sales._judged(figures)[0] is verdict


@pytest.mark.parametrize(
    ("paid", "spread", "verdict"),
    [
        ([30, 0, 100, 100, 100, 100, 100], [30, 0, 100, 100, 100, 100, 100], Verdict.REPRODUCED),
        ([30, 0, 100, 100, 100, 100, 100], [30, 0, 20, 100, 100, 100, 100], Verdict.IN_PART),
        ([50, 0, 100, 100, 100, 100, 100], [90, 0, 100, 100, 100, 100, 100], Verdict.IN_PART),
        ([120, 0, 100, 100, 100, 100, 100], [30, 0, 100, 100, 100, 100, 100], Verdict.NOT),
    ],
)
def test_the_verdict_on_systematic_management(paid: list[float], spread: list[float], verdict: Verdict) -> None:
    blank = np.ones(7)
    measured = systematic._Measured(blank, np.array(paid, float), blank, np.array(spread, float), blank, blank, blank)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert systematic._judged(systematic._variants(), measured)[0] is verdict


@pytest.mark.parametrize(
    ("share", "total", "verdict"),
    [
        (0.78, 1_000, Verdict.REPRODUCED),
        (0.55, 1_000, Verdict.IN_PART),
        (1.3, 1_000, Verdict.IN_PART),  # harvesting cost tax
        (0.4, 1_000, Verdict.NOT),
        (0.78, -5, Verdict.NOT),
    ],
)
def test_the_verdict_on_deferral(share: float, total: float, verdict: Verdict) -> None:
    assert deferral._judged(share, total)[0] is verdict


def test_gains_and_losses_of_a_life_are_parted_as_savings_part_them(ran: Ran) -> None:
    lived = ran.finding.lives[0].lived
    figures = deferral._figures_of(lived, np.arange(len(lived.start)))
    assert (figures[:, :, :2] >= 0).all()
    assert (figures[:, :, 2:4] <= 0).all()
    assert (figures[:, :, 2:4] < 0).any()
    assert (figures[:, :, 0] + figures[:, :, 2] == lived.gains[:, :, 0]).all()
    assert (figures[:, :, 1] + figures[:, :, 3] == lived.gains[:, :, 1]).all()


def test_markets_end_with_a_year(market: MarketPanel) -> None:
    assert known_on(market, _last_of_whole_years(market)).as_of == date(2024, 12, 31)
    whole = known_on(market, _last_of_whole_years(market))
    assert _last_of_whole_years(whole) == len(whole.days) - 1
    assert market_for(None, Size.QUICK, 1).as_of == date(2025, 12, 31)


# --- what cannot be done ------------------------------------------------------------------------------------------


def test_a_report_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="must hold results of `lotwise lab run`, has none"):
        write_report(tmp_path, EXPERIMENTS.values())


@pytest.mark.parametrize("text", ["{", '{"verdict": "maybe"}', "[]", '{"verdict": "reproduced"}'])
def test_a_spoilt_result_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "systematic").mkdir()
    (tmp_path / "systematic" / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(FolderError, match=r"systematic/result.json: must be a result .* run it again"):
        write_report(tmp_path, EXPERIMENTS.values())
