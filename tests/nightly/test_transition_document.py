"""The document of a transition has the figures of the transition."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import lotwise
from lotwise.interchange.prospect_file.as_firm import Prospect
from lotwise.money import DOLLAR
from lotwise.nightly.transition import Asked, transition_of
from lotwise.nightly.transition_document import proposal_document, proposal_files, transition_choices
from lotwise.nightly.transition_years import Future
from lotwise.prospects.transition import Transition
from lotwise.reports.documents.choices import Role
from lotwise.reports.documents.printed import shares
from lotwise.reports.documents.theme import Theme
from lotwise.reports.transition_tables import plan_frame, years_frame
from tests.nightly.prospect_firm import RATES, written
from tests.reports.documents.printed_pages import html_of, html_tables, missing_rows, pages


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Transition:
    file, firm = written(tmp_path_factory.mktemp("move"))
    asked = Asked(Prospect("TWELVE", tax=RATES), points=24, future=Future(paths=5, years=3), threads=1)
    return transition_of(file, firm, asked)


def test_the_document_has_the_figures_of_the_transition(found: Transition) -> None:
    document = transition_choices(found, "P-1", "A prospect")
    assert document.recommended.tax == found.recommended.tax == sum(year.tax for year in document.plan)
    first, *between, last = document.choices
    assert (first.role, last.role) == (Role.NOTHING, Role.LIQUIDATE)
    assert [each.role for each in between].count(Role.RECOMMENDED) == 1
    assert len(between) >= 3
    tracking = [each.tracking for each in document.choices]
    assert tracking == sorted(tracking, reverse=True)
    on_the_curve = {(step.tax, step.tracking) for step in document.curve}
    assert {(each.tax, each.tracking) for each in between if each.role is Role.OTHER} <= on_the_curve
    assert document.today.value == document.today.taxable_value == 52_000 * DOLLAR
    assert document.today.long_gain == 25_900 * DOLLAR
    assert document.today.cost_unknown == 0
    assert document.missing == ()
    assert document.plan[0].sold == found.recommended.sold > 0
    assert len(document.curve) >= 3


def test_what_is_sold_comes_to_the_figures_of_the_choice(found: Transition) -> None:
    document, best = transition_choices(found, "P-1"), found.recommended
    assert sum(sale.value for sale in document.sales) == pytest.approx(best.sold, abs=10)
    for long_term, gains in ((False, best.short_gains), (True, best.long_gains)):
        sold = sum(sale.gain or 0 for sale in document.sales if sale.long_term == long_term)
        assert sold == pytest.approx(gains, abs=10)
    bought = sum(each.value for each in document.purchases)
    cash = found.standing.cash + best.sold - bought
    assert -DOLLAR <= cash <= 0.01 * found.value + DOLLAR  # within the band of the cash target


def test_lots_and_what_the_target_does_not_have_are_all_there(found: Transition) -> None:
    document = transition_choices(found, "P-1")
    assert sum(lot.gain for lot in document.lots) == sum(found.standing.gains)
    assert len(document.lots) == 6
    assert [(one.symbol, one.value) for one in document.outside] == [("FNDA", 10_400 * DOLLAR)]
    sold = sum(sale.value for sale in document.sales if sale.symbol == "FNDA")
    assert document.outside[0].kept == pytest.approx(10_400 * DOLLAR - sold, abs=2)


def test_years_under_limits_are_those_of_the_simulation(found: Transition) -> None:
    document = transition_choices(found, "P-1")
    assert [each.budget for each in document.budgets] == [each.budget for each in found.years]
    for shown, simulated in zip(document.budgets, found.years, strict=True):
        years, taxes = sorted(simulated.years.tolist()), sorted(simulated.tax.sum(axis=1).tolist())
        # of five paths 10%, 50% and 90% are the first, the third and the fifth
        assert shown.years == tuple(None if years[at] > 3 else years[at] for at in (0, 2, 4))
        assert shown.tax == (taxes[0], taxes[2], taxes[4])
        assert shown.complete == sum(each <= 3 for each in years) / 5
        assert shown.tax_this_year == sorted(simulated.tax[:, 0].tolist())[2]


def test_the_pdf_says_what_the_data_say_and_is_not_blank(found: Transition) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    files = proposal_files(found, Theme(name="Harbour"), name="A prospect")
    pdf = files["proposal.pdf"]
    assert isinstance(pdf, bytes)
    document = proposal_document(found, "A prospect")
    text = " ".join(pages(pdf))
    assert missing_rows(document, text) == []
    for said in (*found.reasons, *found.advice, document.headline, "A prospect", "Harbour"):
        assert said in text
    for choice in (found.nothing, found.recommended, found.liquidate):
        assert f"${choice.tax / DOLLAR:,.0f}" in text
        assert f"{choice.tracking:.2%}" in text
    for sale in (each for each in found.plan if each.sells):
        assert f"{sale.acquired:%m/%d/%Y} {shares(sale.shares)}" in text
    for page in pdfium.PdfDocument(pdf):
        pixels = page.render(scale=1).to_numpy()
        assert (pixels < 160).mean() > 0.004  # ink; a blank page with its footer has a quarter of that
    html = files["proposal.html"]
    assert isinstance(html, str)
    assert html_tables(html_of(document)) != []
    assert all(f"{choice.tracking:.2%}" in html for choice in (found.nothing, found.recommended))


def test_a_format_that_is_none_is_refused(found: Transition) -> None:
    with pytest.raises(ValueError, match="format must be one of pdf, html, was 'docx'"):
        proposal_files(found, Theme(), ("docx",))


def test_tables_of_the_plan_and_the_years_have_the_same_figures(found: Transition) -> None:
    plan, years = plan_frame(found), years_frame(found)
    sales = plan.filter(pl.col("side") == "sell")
    assert sales["value"].sum() == pytest.approx(found.recommended.sold / DOLLAR, abs=0.01)
    gains = (found.recommended.short_gains + found.recommended.long_gains) / DOLLAR
    assert sales["gain"].sum() == pytest.approx(gains, abs=0.01)
    assert set(sales["line"]) <= set(range(2, 8))
    assert plan.filter(pl.col("side") == "buy")["line"].null_count() == plan.height - sales.height
    assert years.height == 3 * len(found.years)
    for simulated in found.years:
        budget = None if simulated.budget is None else simulated.budget / DOLLAR
        own = years.filter(pl.col("yearly_budget").eq_missing(pl.lit(budget)))
        assert own["complete"].to_list() == sorted(own["complete"].to_list())
        assert own["complete"][-1] == simulated.completed / 5
        assert own["year"].to_list() == [2026, 2027, 2028]


def test_a_program_has_the_same_proposal(tmp_path: Path) -> None:
    file, firm = written(tmp_path)
    (firm / "theme.toml").write_text('name = "Harbour & Sons"\naccent = "none"\n')
    facts: dict[str, float] = {name: float(rate) for name, rate in RATES.items()}
    future = Future(paths=1, years=1)
    moving = lotwise.transition(file, firm=firm, model="TWELVE", future=future, **facts)  # type: ignore[arg-type]
    assert "theme.toml" in moving.findings["file"].to_list()
    paper = moving.document("A prospect")
    assert "Harbour &amp; Sons" in paper.html
    assert "A prospect" in paper.html
    assert "Moving to TWELVE" in repr(paper)
    assert "srcdoc=" in paper._repr_html_()
    assert paper.save(tmp_path / "p.pdf").read_bytes() == paper.pdf()
    assert paper.save(tmp_path / "p.html").read_text() == paper.html
    with pytest.raises(ValueError, match=r"\.pdf or \.html"):
        paper.save(tmp_path / "p.docx")
    assert moving.plan.height == len(moving.as_found.plan)
    assert moving.by_year.height == len(moving.as_found.years)
    assert moving.keep == ""
    moving.write(tmp_path / "out", name="A prospect")
    assert (tmp_path / "out" / "proposal.html").read_text() == paper.html
