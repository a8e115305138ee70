"""Corporate actions of names that no record holds reach the shadow from the folder; what stops without one is said."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console, RenderableType

from lotwise.dates import to_day_number
from lotwise.interchange.ledger_files.posting import post_files
from lotwise.money import DOLLAR
from lotwise.nightly.savings import page_of, told_savings
from lotwise.reports.firm_savings_page import firm_savings_page
from lotwise.reports.savings import savings_json, savings_summary
from lotwise.savings.shadow_rule import Schedule, ShadowRule
from tests.nightly.told_firm import LAST, told_firm


def test_a_merger_of_what_the_shadow_alone_bought_is_its_gain_and_ends_its_price(tmp_path: Path) -> None:
    """The target is half A, half C: the shadow buys C at 60 in December; in February it is bought out at 100."""
    folder = told_firm(tmp_path / "firm")
    prices = (folder / "prices.csv").read_text()
    of_c = [f"{line.split(',')[0]},C,60,60" for line in prices.splitlines() if ",A," in line and line < "2026-02-02"]
    for name, more in (
        ("prices.csv", "\n".join((*of_c, ""))),
        ("securities.csv", "C,stock,1,equity,1\n"),
        ("corporate_actions.csv", ""),
        ("risk/exposures.csv", "C,market,1\n"),
        ("risk/specific.csv", "C,0.04\n"),
    ):
        (folder / name).write_text((folder / name).read_text() + more)
    weights = "halves,A,0.5,2025-01-02\nhalves,C,0.5,2025-01-02\nhalves,A,0.5,2026-02-03\nhalves,B,0.5,2026-02-03\n"
    (folder / "models.csv").write_text(f"model,symbol,weight,from\n{weights}")
    before = told_savings(folder, None, ["H1"], ShadowRule())
    (folder / "corporate_actions.csv").write_text(
        "date,symbol,kind,ratio,cash_per_share\n2025-11-03,B,split,2,\n2026-02-02,C,cash_merger,,100\n"
    )
    posted = post_files(folder, today=LAST)
    assert posted.exit_status == 0, posted.findings
    after = told_savings(folder, None, ["H1"], ShadowRule())
    short_gain = [run.told.saved.shadow.total[-1, 0] / DOLLAR for run in (before, after)]
    shares = 125_000 / 2 / 60  # of half of A and B
    assert short_gain[0] == 0
    assert short_gain[1] == pytest.approx(shares * 40 * 0.408, rel=0.03)
    market, names = after.recorded.history.market, after.recorded.names.securities.to_list()
    gone = market.days >= to_day_number(date(2026, 2, 2))
    assert (market.price[gone, names.index("C")] == 0).all()
    assert (market.price[~gone, names.index("C")] == 60 * DOLLAR).all()
    assert np.array_equal(market.quoted[:, names.index("C")], ~gone)


@pytest.mark.parametrize(("stops", "valued"), [(date(2025, 12, 1), True), (date(2025, 11, 26), False)])
def test_what_has_not_been_priced_for_a_quarter_is_not_valued_on_either_side(
    tmp_path: Path, stops: date, valued: bool
) -> None:
    """Both sides hold B, at 50, until the end; the last closes are of 88 and of 93 days before it."""
    folder = told_firm(tmp_path / "firm")
    whole = told_savings(folder, None, ["H1"], ShadowRule(Schedule.NEVER))
    prices = (folder / "prices.csv").read_text().splitlines()
    kept = [line for line in prices if ",B," not in line or line.partition(",")[0] <= stops.isoformat()]
    (folder / "prices.csv").write_text("\n".join((*kept, "")))
    run = told_savings(folder, None, ["H1"], ShadowRule(Schedule.NEVER))
    page = page_of(run)
    assert page.stopped == (() if valued else ("B",))
    lost = [float(each.tables.households["value"][0]) for each in (whole, run)]
    assert lost[0] - lost[1] == (0 if valued else 1_000 * 50)  # a thousand of B, after its split
    gains = [each.tables.households["unrealised_shadow"][0] for each in (whole, run)]
    assert gains[0] == gains[1]  # B cost what it is worth: nothing waits in it, and nothing is lost
    said = " ".join(_text(savings_summary(page)).split())
    named = "1 security of the record without a close for 90 days: not valued since, on either side (B)"
    assert (named in said) is (named in firm_savings_page(page)) is not valued
    assert json.loads(savings_json(page))["unpriced"] == list(page.stopped)


def _text(words: RenderableType) -> str:
    console = Console(width=200)
    with console.capture() as said:
        console.print(words)
    return said.get()
