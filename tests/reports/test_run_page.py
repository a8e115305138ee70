"""The page of a run: what it says against the data, and that it is safe and self-contained."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl

from lotwise.errors import Finding, Severity
from lotwise.reports.amounts import basis_points
from lotwise.reports.run import Run, SavedSoFar, figures
from lotwise.reports.run_page import run_page
from tests.reports.small_run import AS_OF, simulated_run, small_run

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&\x07\u202egnp'


def body(page: str) -> ET.Element:
    """The page as XML: every element closed, every attribute quoted, nothing unescaped."""
    return ET.fromstring(page[page.index("<html") :])  # noqa: S314 - our own text


def words(page: str) -> str:
    """What a reader sees, with single spaces."""
    root = body(page)
    head = root.find("head")
    assert head is not None
    root.remove(head)
    return " ".join(" ".join(root.itertext()).split())


def test_headline_says_what_the_data_says() -> None:
    text = words(run_page(small_run().run()))
    assert "2 of 5 households should trade today" in text
    # by value, over the three households with both: 1,000,000 at 2.0% and 1.2%, 250,000 at 0.8%, 500,000 at
    # 1%
    assert "average tracking error goes from 1.54% to 1.09% while $130 of tax is saved now" in text
    assert "$130 saved" in text
    assert "2 proposed 1 hold 1 refused 1 failed" in text


def test_largest_trades_come_with_their_reasons_largest_first() -> None:
    text = words(run_page(small_run().run()))
    places = [text.index(reason) for reason in ("harvests a $1,234", "saves $1,250,000", "saves $338")]
    assert places == sorted(places)


def test_exceptions_are_said_with_their_reasons() -> None:
    text = words(run_page(small_run().run()))
    assert "1 household failed : nothing of them is traded" in text
    assert "refused: 2 errors in its data, first: lots.csv:17" in text
    assert "* max_weight sector Energy 0.1 10.00% 11.20%" in text
    assert "2 errors and 2 warnings" in text


def test_an_error_that_changes_everything_needs_a_person() -> None:
    found = Finding("risk", None, None, Severity.ERROR, "a sound risk model", "of no use", "an estimated one is used")
    text = words(run_page(replace(small_run(), findings=(found,)).run()))
    box = text[text.index("Needs a person") : text.index("What the trades do")]
    assert "risk : must be a sound risk model; was of no use; an estimated one is used" in box


def test_both_gaps_are_said_with_what_they_mean() -> None:
    run = small_run().run()
    totals = figures(run)
    solved = run.households.filter(pl.col("status").is_in(["proposed", "hold"]))
    value, gap = solved["value"].cast(pl.Float64).to_numpy(), solved["gap_bps"].to_numpy()
    assert totals.trade_gap_bps is not None
    assert abs(totals.trade_gap_bps - value @ gap / value.sum()) < 1e-12
    assert totals.worst_trade_gap_bps == gap.max()
    assert totals.worst_trade_gap_household == solved.sort("gap_bps")["household_id"][-1]
    text = words(run_page(run))
    assert f"as written {basis_points(totals.trade_gap_bps)} on average" in text
    assert f"{basis_points(totals.worst_trade_gap_bps)} at most ({totals.worst_trade_gap_household})" in text
    assert "As written: the trades in the files, after whole shares" in text


def test_findings_of_one_kind_are_counted_together() -> None:
    page = run_page(small_run().run())
    rows = [["".join(cell.itertext()) for cell in row] for row in body(page).iter("tr")]
    assert ["error", "2", "lots.csv:17", "shares", "positive", "-3 (H3)", "correct the shares"] in rows


def test_a_run_without_problems_says_so() -> None:
    run = replace(small_run(), findings=()).run()
    fine = replace(
        run,
        households=run.households.filter(pl.col("status").is_in(["proposed", "hold"])),
        relaxations=run.relaxations.clear(),
    )
    text = words(run_page(fine))
    assert "Nothing needs a person" in text
    assert "What needs a person" not in text


def test_an_empty_run_has_a_page() -> None:
    run = replace(simulated_run(3, 2), findings=()).run()
    empty = Run(
        firm="Nobody",
        as_of=AS_OF,
        trades=run.trades.clear(),
        households=run.households.clear(),
        relaxations=run.relaxations.clear(),
        findings=run.findings.clear(),
    )
    assert "0 of 0 households should trade" in words(run_page(empty))


class Outside(HTMLParser):
    """Collects everything a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {
            "script",
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "form",
            "audio",
            "video",
            "use",
        }:
            self.found.append(tag)
        for name, value in attrs:
            here = name == "href" and (value or "").startswith("#")
            if name in {"src", "href", "srcset", "data", "action", "xlink:href"} and not here:
                self.found.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")


def outside(page: str) -> list[str]:
    collector = Outside()
    collector.feed(page)
    return collector.found


def test_the_page_needs_nothing_else() -> None:
    page = run_page(simulated_run(50, 5).run())
    assert outside(page) == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_every_link_and_note_leads_somewhere() -> None:
    root = body(run_page(small_run().run()))
    targets = {element.get("id") for element in root.iter()} - {None}
    links = {(element.get("href") or "").removeprefix("#") for element in root.iter("a")}
    assert links
    assert links <= targets
    assert {f"note-{number}" for number in range(1, 10)} <= links


def test_taxes_saved_are_said_or_the_command_that_tells_them() -> None:
    run = small_run().run()
    assert "Taxes saved" not in words(run_page(run))
    command = words(run_page(replace(run, saved=SavedSoFar(None, None, ""))))
    assert "lotwise savings FOLDER --out RESULTS tells what was saved in tax" in command
    page = run_page(replace(run, saved=SavedSoFar(Decimal(12_345), Decimal(-67), "savings.html")))
    assert "Taxes saved so far: $12,345 since the record begins, against an ordinary rebalance" in words(page)
    assert "\u2212$67 saved this year" in words(page)
    assert outside(page) == ["a href=savings.html"]
    cost = words(run_page(replace(run, saved=SavedSoFar(Decimal(-12_345), Decimal(1), "savings.html"))))
    assert "Taxes paid more than under an ordinary rebalance so far: $12,345 since" in cost


def test_hostile_names_stay_text() -> None:
    run = small_run()
    labels = replace(
        run.labels,
        households=np.array([HOSTILE, "H2", HOSTILE + "3", "H4", "H5"]),
        accounts=np.array([HOSTILE] * 6),
        lots=pl.Series([HOSTILE] * 4),
        restrictions=(HOSTILE,),
    )
    symbols = replace(run.market_labels, symbols=(HOSTILE, "B", "C"))
    findings = (Finding(HOSTILE, 1, HOSTILE, Severity.ERROR, HOSTILE, HOSTILE * 5_000, HOSTILE, HOSTILE + "3"),)
    hostile = replace(run, labels=labels, market_labels=symbols, findings=findings).run(firm=HOSTILE)
    page = run_page(replace(hostile, notes=((HOSTILE, HOSTILE),), files=(HOSTILE,)))
    assert outside(page) == []
    assert "<script>alert(1)" in words(page)
    assert not re.search("[\x00-\x08\u202e]", page)
    assert len(page) < 100_000


def test_a_firm_of_5000_households_stays_small() -> None:
    page = run_page(simulated_run(5_000, 20).run())
    assert len(page.encode()) < 3_000_000
    body(page)


def test_figures_of_a_run() -> None:
    totals = figures(small_run().run())
    assert totals.statuses == {"proposed": 2, "hold": 1, "refused": 1, "failed": 1}
    assert totals.findings == {"error": 2, "warning": 2, "notice": 1}
    assert str(totals.value) == "1820000.1234"  # the refused household is not looked at
    assert str(totals.tax) == "-130.4920"
    assert totals.trades == 5
    assert totals.improvement == 1_234 + 250_000.1234 * 0.3e-4 + 100
    assert totals.worst_gap_household == "H2"  # the failed household proves nothing
    assert totals.worst_gap_bps == 2e-5
