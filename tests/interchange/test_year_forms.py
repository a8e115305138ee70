"""Forms of a year from whole ledgers: Schedule D, Form 8949, the ledger and tonight's run say the same to the cent."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.dates import to_day_number
from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.interchange.ledger_files.year_forms import HouseholdForms, forms_of_year
from lotwise.money import DOLLAR
from lotwise.storage.listings import chosen_accounts, list_realized
from lotwise.tax.form_files import form_8949_csv
from tests.interchange.recorded_firm import TRADES, gains, write_folder
from tests.interchange.test_firm_folder_record_properties import history

TAXABLE = {"H1": ("own", "second"), "H2": ("spouse",), "H3": ("other",)}
YEAR, AS_OF = 2025, to_day_number(date(2025, 6, 30))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def in_dollars(money: int) -> Decimal:
    return Decimal(money) / DOLLAR


def distribution(chance: random.Random) -> tuple[str, str, Decimal]:
    """Account, row and dollars of a distribution of a fund's long-term gains."""
    account = chance.choice(("own", "second", "ira", "spouse", "other"))
    amount = Decimal(chance.randrange(0, 10**6)) / 100
    day = date(2025, 2, 1) + timedelta(days=chance.randrange(149))
    return account, f"{day},{account},capital_gain_distribution,,TWIN,,{amount},,,,", amount


def printed(forms: HouseholdForms, long_term: bool) -> Decimal:
    """Sum of the totals that the file of Form 8949 prints for one of its parts."""
    part = "II" if long_term else "I"
    rows = csv.DictReader(io.StringIO(form_8949_csv(forms.lines)))
    totals = [row for row in rows if row["part"] == part and row["description"] == "line 2 totals"]
    return sum((Decimal(row["gain"]) for row in totals), Decimal(0))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_schedule_d_ties_to_form_8949_to_the_ledger_and_to_tonights_run(seed: int) -> None:
    chance = random.Random(seed)
    trades, lots = history(chance)
    paid = [distribution(chance) for _ in range(chance.randrange(6))]
    rows = tuple(sorted([*trades, *(row for _, row, _ in paid)], key=lambda row: row[:10]))
    with tempfile.TemporaryDirectory() as place:
        folder = write_folder(Path(place) / "firm", rows, lots)
        assert post_files(folder).exit_status == 0
        opened = open_ledger(folder)
        found = forms_of_year(opened, folder, YEAR, AS_OF)
        realized = list_realized(opened.ledger, opened.ledger.standing().state.realized)
        assert chosen_accounts(opened.ledger).all()
        firm = read_firm(folder)
    by_household = {forms.household: forms for forms in found.households}
    for household, accounts in TAXABLE.items():
        distributed = sum((amount for account, _, amount in paid if account in accounts), Decimal(0))
        sold = [row for row in realized.iter_rows(named=True) if row["account_id"] in accounts]
        if household not in by_household:
            assert not sold
            assert not distributed
            continue
        forms = by_household[household]
        schedule = forms.schedule
        assert in_dollars(schedule.line_13) == distributed
        for long_term, line, more in ((False, schedule.line_7, Decimal(0)), (True, schedule.line_15, distributed)):
            term = "long" if long_term else "short"
            recognised = sum((Decimal(row["recognised"]) for row in sold if row["term"] == term), Decimal(0))
            assert in_dollars(line) == printed(forms, long_term) + more == cents(recognised) + more
            assert in_dollars(line) == cents(Decimal(gains(firm, household)[long_term]))
        assert schedule.line_1a.gain == schedule.line_8a.gain == 0  # every line stands on Form 8949
        assert forms.loss_limit == (3_000 if household == "H3" else 1_500) * DOLLAR  # 26 U.S.C. 1211(b)


def test_households_of_one_return_only_and_accounts_that_are_gone(tmp_path: Path) -> None:
    rows = (
        "2025-03-10,own,capital_gain_distribution,,TWIN,,10,,,,",
        "2025-03-10,spouse,capital_gain_distribution,,TWIN,,20,,,,",
    )
    folder = write_folder(tmp_path, rows, ())
    assert post_files(folder).exit_status == 0
    kept = [row for row in (folder / "accounts.csv").read_text().splitlines() if not row.startswith("own,")]
    one = forms_of_year(open_ledger(folder), folder, YEAR, AS_OF, "H2").households
    assert [(forms.household, forms.lines, forms.schedule.line_13) for forms in one] == [("H2", (), 20 * DOLLAR)]
    (folder / "accounts.csv").write_text("\n".join([*kept, ""]))
    left = forms_of_year(open_ledger(folder), folder, YEAR, AS_OF).households
    assert [forms.household for forms in left] == ["H2"]


def test_a_year_whose_law_is_not_kept_has_the_limit_of_the_nearest(tmp_path: Path) -> None:
    rows = ("2009-01-05,own,buy,T1,AAA,10,100,,,,", "2010-03-01,own,sell,T2,AAA,10,90,,,,")
    folder = write_folder(tmp_path, (), (), transactions__csv="\n".join([TRADES, *rows, ""]))
    assert post_files(folder).exit_status == 0
    (forms,) = forms_of_year(open_ledger(folder), folder, 2010, AS_OF).households
    assert forms.loss_limit == 1_500 * DOLLAR
    assert forms.schedule.line_21(forms.loss_limit) == 10 * DOLLAR
