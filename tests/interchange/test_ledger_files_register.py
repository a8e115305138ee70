"""What was posted under one register does not change silently under another: rates are kept, figures are compared."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.ledger_files.posting import open_ledger, post_files
from lotwise.storage.journal import STANDING
from tests.interchange import recorded_firm
from tests.interchange.ledger_folder import ACCOUNTS, HEADER, everything, folder_with, ledger_of, post

BY_TAX = "account_id,household_id,kind,cash,relief\nown,H1,taxable,0,lowest_tax\nother,H3,taxable,0,\n"
RATES = "household_id,model,federal_short_rate,federal_long_rate\nH1,core,{short},{long}\nH3,core,{short},{long}\n"
TWO_LOTS = (
    "2022-01-03,own,buy,B1,A,10,1000,,OLD",
    "2024-01-02,own,buy,B2,A,10,1600,,NEW",
)


def rates(short: str, long: str) -> str:
    return RATES.format(short=short, long=long)


def lots_sold(folder: Path) -> list[str]:
    ledger = ledger_of(folder)
    names = ledger.standing().names.lots.to_list()
    return [names[row["name"]] for row in ledger.standing().state.realized]


def year_findings(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.must_be == "what was posted under the earlier register"]


# At $200 a share OLD has a gain of $100 and NEW one of $40. At 40% and 20% the tax is $20 and $16: NEW is taken.
# At 60% and 20% it is $20 and $24: OLD.
def test_a_sale_by_lowest_tax_keeps_the_rates_of_the_day_it_was_posted(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, accounts__csv=BY_TAX, households__csv=rates("0.4", "0.2"))
    post(folder, *TWO_LOTS, "2024-06-03,own,sell,S1,A,4,800,,")
    assert lots_sold(folder) == ["NEW"]
    before = everything(folder)
    folder_with(folder, accounts__csv=BY_TAX, households__csv=rates("0.6", "0.2"))
    assert everything(folder) == before
    assert not open_ledger(folder).findings
    report = post(folder, "2023-01-03,own,buy,B3,Z,1,10,,", name="late.csv", backdated=True)  # folds the taxpayer again
    assert report.posted == 1
    assert lots_sold(folder) == ["NEW"]
    post(folder, "2024-06-04,own,sell,S2,A,4,800,,", name="later.csv")  # a new sale is of the new rates
    assert lots_sold(folder) == ["NEW", "OLD"]


def test_rates_are_kept_where_lowest_tax_takes_the_lots_and_nowhere_else(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, accounts__csv=BY_TAX, households__csv=rates("0.4", "0.2"))
    post(
        folder,
        *(f"{row}," for row in TWO_LOTS),
        "2024-06-03,own,sell,S1,A,1,200,,,",
        "2024-06-04,own,sell,S2,A,1,200,,OLD,",
        "2024-06-05,own,sell,S3,A,1,200,,,fifo",
        "2024-06-06,other,buy,B3,A,2,200,,L,",
        "2024-06-07,other,sell,S4,A,1,200,,,lowest_tax",
        "2024-06-08,other,donation,S5,A,1,,,,",
        header=f"{HEADER},relief",
    )
    kept = ledger_of(folder).journal.read().select("transaction_id", *STANDING[1:]).rows_by_key("transaction_id")
    both, none = [(400_000_000, 200_000_000)], [(None, None)]
    assert {name: kept[name] for name in ("S1", "S4")} == {"S1": both, "S4": both}
    assert all(rows == none for name, rows in kept.items() if name not in ("S1", "S4"))


def test_a_part_written_before_rates_were_kept_takes_those_of_the_account(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, accounts__csv=BY_TAX, households__csv=rates("0.4", "0.2"))
    post(folder, *TWO_LOTS, "2024-06-03,own,sell,S1,A,4,800,,")
    before = everything(folder)
    part = folder / "ledger" / "journal" / "000001.parquet"
    pl.read_parquet(part).drop(STANDING[1:]).write_parquet(part)
    assert everything(folder) == before
    again = post(folder, "2024-06-03,own,sell,S1,A,4,800,,", "2024-06-04,own,buy,B4,Z,1,10,,", name="more.csv")
    assert (again.posted, again.duplicates) == (1, 1)
    folder_with(folder, accounts__csv=BY_TAX, households__csv=rates("0.6", "0.2"))
    opened = open_ledger(folder)
    assert lots_sold(folder) == ["OLD"]
    # 4 x $40 short term, then 4 x $100 long term: said, since it could not be kept.
    (found,) = year_findings(opened.findings)
    assert found.was == "2024 of own: recognised gain 160.00, now 400.00; long-term part of it 0.00, now 400.00"


def test_a_part_without_a_column_that_every_part_has_had_is_damaged(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *TWO_LOTS)
    part = folder / "ledger" / "journal" / "000001.parquet"
    pl.read_parquet(part).drop("settled").write_parquet(part)
    with pytest.raises(FolderError, match=r"000001\.parquet: must be a part of the journal, was without settled"):
        open_ledger(folder)


# Loss of $1,000 on 100 shares; the spouse buys 40 within 30 days: $400 disallowed, while the two are one taxpayer.
COUPLE = (
    "2024-01-03,own,buy,B1,A,100,5000,,L1",
    "2024-03-01,own,sell,S1,A,100,4000,,",
    "2024-03-05,spouse,buy,B2,A,40,1600,,L2",
    "2023-02-01,other,buy,B3,A,10,100,,L3",
    "2023-06-01,other,sell,S3,A,10,150,,",
)
SINGLE = "household_id,model,wash_group\nH1,core,\nH2,core,\nH3,core,\n"


def test_a_year_that_another_household_changes_is_said_once(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    assert post(folder, *COUPLE).exit_status == 0
    folder_with(folder, households__csv=SINGLE)
    report = post(folder, "2024-04-01,other,buy,B4,C,1,10,,", name="next.csv")
    (found,) = year_findings(report.findings)
    assert (found.file, found.severity) == ("accounts.csv", Severity.WARNING)
    assert found.was == "2024 of own: recognised gain -600.00, now -1,000.00; disallowed 400.00, now 0.00"
    assert found.to_do == "put the register back, or keep it: the figures of that year have changed"
    assert report.exit_status == 0
    assert not open_ledger(folder).findings
    assert not post(folder, "2024-04-02,other,buy,B5,C,1,10,,", name="last.csv").findings
    folder_with(folder)  # put back, which is a change too
    (back,) = year_findings(open_ledger(folder).findings)
    assert back.was == "2024 of own: recognised gain -1,000.00, now -600.00; disallowed 0.00, now 400.00"


def test_a_year_that_another_reading_changes_names_the_reading(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, firm__toml="version = 1\n")
    post(
        folder,
        "2024-01-03,own,buy,B1,A,100,5000,,L1",
        "2024-06-03,own,buy,B2,A,40,1600,,L2",
        "2024-06-04,own,sell,S1,A,40,1700,,L2",
        "2024-06-10,own,sell,S2,A,100,4000,,L1",
    )
    folder_with(folder, firm__toml='version = 1\n[ledger]\nreading = "any_acquisition"\n')
    # Gain of $100, loss of $1,000; shares bought in the window replace 40 of 100, sold since: $400 are gone for ever.
    (found,) = year_findings(open_ledger(folder).findings)
    assert (found.file, found.column) == ("firm.toml", "reading")
    assert found.was == (
        "2024 of own: recognised gain -900.00, now -500.00; disallowed 0.00, now 400.00; gone for ever 0.00, now 400.00"
    )
    assert not open_ledger(folder).findings


def test_a_year_that_identical_securities_change_names_their_file(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *COUPLE[:2], "2024-03-05,own,buy,B2,A2,25,900,,L2")
    folder_with(folder, identical__csv="symbol,group,source\nA,g,counsel\nA2,g,counsel\n")
    (found,) = year_findings(open_ledger(folder).findings)
    assert found.file == "identical.csv"
    # 25 of 100 shares: $250 of the loss of $1,000.
    assert found.was == "2024 of own: recognised gain -1,000.00, now -750.00; disallowed 0.00, now 250.00"


def test_an_account_that_is_taxable_no_more_has_no_gains(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *COUPLE)
    folder_with(folder, accounts__csv=ACCOUNTS.replace("other,H3,taxable", "other,H3,roth"))
    (found,) = year_findings(open_ledger(folder).findings)
    assert found.was == "2023 of other: recognised gain 50.00, now 0.00"


def test_a_change_that_leaves_every_year_as_it_was_says_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *COUPLE)
    before = everything(folder)
    folder_with(folder, accounts__csv=ACCOUNTS.replace("other,H3", "other,H4"))
    assert not year_findings(open_ledger(folder).findings)
    assert everything(folder) == before


def test_tonights_run_says_it_where_it_is_the_first_to_fold_again(tmp_path: Path) -> None:
    trades = (
        "2025-01-11,own,buy,T0,AAA,10,150,,,,L1",
        "2025-06-10,own,sell,T1,AAA,10,100,,,,L1",
        "2025-06-12,spouse,buy,T2,AAA,10,90,,,,L7",
    )
    folder = recorded_firm.write_folder(tmp_path, trades, ("spouse,L7,AAA,10,2025-06-12,90,,purchase",))
    assert post_files(folder).exit_status == 0
    single = recorded_firm.HOUSEHOLDS.replace("couple", "")
    assert single != recorded_firm.HOUSEHOLDS
    (folder / "households.csv").write_text(single, encoding="utf-8")
    (found,) = year_findings(read_firm(folder).findings)
    assert found.was == "2025 of own: recognised gain 0.00, now -50.00; disallowed 50.00, now 0.00"
    assert not year_findings(read_firm(folder).findings)
    assert not year_findings(open_ledger(folder).findings)
