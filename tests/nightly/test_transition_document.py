"""The document of a transition has the figures of the transition."""

from __future__ import annotations

from pathlib import Path

from lotwise.interchange.prospect_file.as_firm import Prospect
from lotwise.money import DOLLAR
from lotwise.nightly.transition import Asked, transition_of
from lotwise.nightly.transition_document import transition_choices
from lotwise.nightly.transition_years import Future
from lotwise.reports.documents.choices import Role
from tests.nightly.prospect_firm import RATES, written


def test_the_document_has_the_figures_of_the_transition(tmp_path: Path) -> None:
    file, firm = written(tmp_path)
    asked = Asked(Prospect("TWELVE", tax=RATES), points=12, future=Future(paths=2, years=2), threads=1)
    found = transition_of(file, firm, asked)
    document = transition_choices(found, "P-1", "A prospect")
    assert document.recommended.tax == found.recommended.tax == sum(year.tax for year in document.plan)
    assert [each.role for each in document.choices] == [Role.NOTHING, Role.RECOMMENDED, Role.LIQUIDATE]
    assert document.today.value == document.today.taxable_value == 52_000 * DOLLAR
    assert document.today.long_gain == 25_900 * DOLLAR
    assert document.today.cost_unknown == 0
    assert document.plan[0].sold == found.recommended.sold > 0
    assert len(document.curve) >= 3
    assert all(each.value > 0 for each in document.kept)
    assert sum("tax a year" in line for line in document.advice) == 3
