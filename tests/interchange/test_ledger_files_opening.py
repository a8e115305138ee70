"""Opening a ledger from a custodian's lots, the register behind it, and the custodian's lots beside it later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from lotwise.dates import from_day_number, to_day_number
from lotwise.errors import FolderError, Severity
from lotwise.interchange.ledger_files.custodian_lots import compare_lots
from lotwise.interchange.ledger_files.posting import open_from_lots, open_ledger, post_files
from lotwise.ledger.reconciliation import Outcome
from lotwise.ledger.tables import ALWAYS_LONG, LotMark
from lotwise.storage.income import list_income, payments_of_year
from lotwise.storage.listings import chosen_accounts, list_lots
from tests.interchange.ledger_folder import errors, everything, folder_with, ledger_of, parts, post, shares_of

FIRM = "version = 1\nas_of = 2024-06-28\n"
LOTS = """account_id,lot_id,symbol,shares,acquired,basis,original_basis,acquisition,loss_basis,holding_period_start
own,L1,A,10,2020-01-02,1000,,,,
own,L2,A,5,2024-06-20,600,500,purchase,,2024-01-10
own,L3,B,4,2019-05-05,400,,inheritance,,
own,L4,C,3,2021-05-05,300,,gift,200,
ira,L5,A,2,,,,,,
spouse,L6,A,1,2024-06-25,90,,reinvest,,
"""
SALES = """date,account_id,kind,transaction_id,symbol,shares,amount,basis,acquired,term,lot_id
2024-06-10,own,sell,S1,D,7,70,140,2024-01-05,short,
2024-06-11,own,sell,S2,E,1,50,40,,long,
2024-06-12,own,sell,S3,F,1,50,,,,
2024-06-20,own,buy,S4,A,5,500,,,,L2
2024-06-28,own,buy,S5,A,5,500,,,,L9
"""


def opened(path: Path, **files: str) -> Path:
    return folder_with(path, **{"firm__toml": FIRM, "lots__csv": LOTS, "transactions__csv": SALES, **files})


def test_every_lot_is_opened_as_it_stands(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    report = open_from_lots(folder)
    assert (report.posted, report.refused, report.exit_status) == (8, 0, 0)
    ledger = ledger_of(folder)
    names, lots = ledger.standing().names, ledger.standing().state.lots
    found = {names.lots[int(lot["name"])]: lot for lot in lots}
    assert sorted(found) == ["L1", "L2", "L3", "L4", "L5", "L6"]
    assert from_day_number(found["L1"]["acquired"]).isoformat() == "2020-01-02"
    assert (found["L1"]["basis"], found["L1"]["shares"]) == (10_000_000, 10_000_000)
    # A basis above the original one holds a loss already: the lot never replaces again.
    assert found["L2"]["marks"] & LotMark.ABSORBED
    assert not found["L1"]["marks"] & LotMark.ABSORBED
    assert (found["L2"]["basis"], found["L2"]["original_basis"]) == (6_000_000, 5_000_000)
    assert found["L3"]["holding_start"] == ALWAYS_LONG
    assert not found["L3"]["marks"] & LotMark.REPLACEMENT
    assert (found["L4"]["basis"], found["L4"]["loss_basis"]) == (3_000_000, 2_000_000)
    assert found["L6"]["marks"] & LotMark.REPLACEMENT


def test_stated_sales_open_windows_and_count_in_the_year(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    open_from_lots(folder)
    realized = ledger_of(folder).standing().state.realized
    assert [int(row["proceeds"] - row["basis"]) for row in realized] == [-700_000, 100_000]
    assert realized["long_term"].tolist() == [0, 1]
    report = post(folder, "2024-07-05,own,buy,N1,D,7,77,,L7")
    assert report.posted == 1
    washes = everything(folder)["washes"]
    assert isinstance(washes, list)
    assert len(washes) == 1
    assert "'70.00'" in washes[0]


def test_payments_before_the_opening_are_the_years_income(tmp_path: Path) -> None:
    paid = (
        "date,account_id,kind,transaction_id,symbol,amount,ex_date,qualified,shares",
        "2024-03-15,own,dividend,P1,A,20,2024-03-01,true,",  # on the ten shares of 2020: L2 came after the ex-date
        "2024-06-28,own,interest,P2,,3,,,",
        "2024-05-02,own,reinvest,P3,A,9,,,1",  # in the lots already
        "2024-07-05,own,interest,P4,,1,,,",
    )
    folder = opened(tmp_path, transactions__csv="\n".join([*paid, ""]))
    assert open_from_lots(folder).exit_status == 0
    report = post_files(folder)
    assert (report.posted, report.duplicates) == (1, 3)
    rows = list_income(payments_of_year(ledger_of(folder), 2024, to_day_number(date(2024, 7, 5))))
    cells = rows.select("transaction_id", "amount", "qualified", "ordinary").rows()
    assert cells == [("P1", "20.00", "20.00", "0.00"), ("P2", "3.00", None, None), ("P4", "1.00", None, None)]


def test_a_gift_keeps_its_days_for_a_loss(tmp_path: Path) -> None:
    lots = LOTS.replace(
        "own,L4,C,3,2021-05-05,300,,gift,200,", "own,L4,C,3,2021-05-05,300,,gift,200,2015-03-04"
    ).replace("own,L3,B,4,2019-05-05,400,,inheritance,,", "own,L3,B,4,2024-03-01,400,,gift,200,2016-01-04")
    folder = opened(tmp_path, lots__csv=lots)
    report = open_from_lots(folder)
    assert (report.posted, report.refused, report.exit_status) == (8, 0, 0)
    state = ledger_of(folder).standing().state
    names = ledger_of(folder).standing().names
    for name, acquired, start in (("L4", "2021-05-05", "2015-03-04"), ("L3", "2024-03-01", "2016-01-04")):
        (lot,) = (lot for lot in state.lots if names.lots[int(lot["name"])] == name)
        assert from_day_number(lot["acquired"]).isoformat() == acquired
        assert from_day_number(lot["holding_start"]).isoformat() == start
    # Both sold at a loss: its term is counted from the day of the gift (Reg. 1.1015-1(a)), not the donor's.
    assert post(folder, "2024-07-01,own,sell,N1,C,3,150,,", "2024-07-01,own,sell,N2,B,4,150,,").posted == 2
    sold = ledger_of(folder).standing().state.realized[-2:]
    assert [from_day_number(day).isoformat() for day in sold["acquired"]] == ["2021-05-05", "2024-03-01"]
    assert [int(row["proceeds"] - row["basis"]) for row in sold] == [-500_000, -500_000]
    assert sold["long_term"].tolist() == [1, 0]


def test_what_the_opening_lots_hold_is_not_posted_again(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    open_from_lots(folder)
    before = everything(folder)
    report = post(folder, *SALES.splitlines()[1:], header=SALES.splitlines()[0], backdated=True)
    (found,) = report.findings
    assert (found.severity, found.was) == (Severity.NOTICE, "5 rows on or before it")
    assert report.posted == 0
    assert everything(folder) == before
    assert parts(folder) == ["000001.parquet"]


def test_a_ledger_is_opened_once_and_on_a_day(tmp_path: Path) -> None:
    folder = opened(tmp_path / "a")
    open_from_lots(folder)
    with pytest.raises(FolderError, match="must be empty"):
        open_from_lots(folder)
    with pytest.raises(FolderError, match="as_of"):
        open_from_lots(opened(tmp_path / "b", firm__toml="version = 1\n"))
    no_lots = folder_with(tmp_path / "c", firm__toml=FIRM)
    with pytest.raises(FolderError, match="lots"):
        open_from_lots(no_lots)


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("2020-01-02,1000", "2020-01-02,", "basis"),
        ("2020-01-02,1000", "2020-01-02,-5", "basis"),
        ("2020-01-02,1000", "2024-07-02,1000", "acquired"),
        ("own,L1", "nobody,L1", "account_id"),
        ("A,10,2020", "A,0,2020", "shares"),
        ("own,L2,A", "own,L1,A", "lot_id"),
    ],
)
def test_a_bad_lot_is_one_finding_and_the_others_are_opened(tmp_path: Path, old: str, new: str, column: str) -> None:
    assert old in LOTS
    folder = opened(tmp_path, lots__csv=LOTS.replace(old, new))
    report = open_from_lots(folder)
    (found,) = errors(report)
    assert (found.file, found.column) == ("lots.csv", column)
    assert found.line in (2, 3)
    assert (report.posted, report.refused) == (7, 1)


def test_the_lots_of_a_ledger_can_open_another(tmp_path: Path) -> None:
    folder = opened(tmp_path / "one")
    open_from_lots(folder)
    ledger = ledger_of(folder)
    text = list_lots(ledger, chosen_accounts(ledger)).write_csv()
    other = folder_with(tmp_path / "other", firm__toml=FIRM, lots__csv=text)
    assert open_from_lots(other).exit_status == 0
    assert shares_of(other) == shares_of(folder)
    assert everything(other)["lots"] == everything(folder)["lots"]


def test_dated_identical_groups_are_read(tmp_path: Path) -> None:
    identical = "symbol,group,from,until,source\nA,g,,2024-06-30,memo\nB,g,2024-01-01,,memo\nX,g,oops,,memo\nC,h,,,\n"
    securities = "symbol,kind,identical_group\nF,etf,index\nG,fund,index\nA,stock,\n"
    folder = folder_with(tmp_path, identical__csv=identical, securities__csv=securities)
    post(folder, *(f"2024-05-0{day},own,buy,{symbol},{symbol},1,1,," for day, symbol in enumerate("ABFG", start=1)))
    opened_ledger = open_ledger(folder)
    names, world = opened_ledger.ledger.standing().names.securities.to_list(), opened_ledger.ledger.world()
    assert [names[code] for code in np.flatnonzero(world.funds)] == ["F", "G"]
    rows = {names[row["security"]]: (int(row["group"]), row["first"], row["last"]) for row in world.identical}
    assert rows["A"][0] == rows["B"][0] != rows["F"][0] == rows["G"][0]
    assert from_day_number(rows["A"][2]).isoformat() == "2024-06-30"
    assert from_day_number(rows["B"][1]).isoformat() == "2024-01-01"
    found = {(finding.line, finding.column): finding.severity for finding in opened_ledger.findings}
    assert found == {(4, "from"): Severity.ERROR, (5, "source"): Severity.NOTICE}


def test_a_custodian_that_agrees_and_one_that_does_not(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    open_from_lots(folder)
    ledger, day = ledger_of(folder), open_ledger(folder).policy.as_of
    assert day is not None
    same = compare_lots(ledger, folder / "lots.csv", day)
    assert (same.count(Outcome.BROKEN), same.findings) == (0, ())
    broken = folder / "theirs.csv"
    corrected = LOTS.replace("own,L1,A,10,2020-01-02,1000", "own,L1,A,10,2020-01-02,900")
    broken.write_text(corrected + "own,L8,Z,1,2024-01-01,55,,,,\n")
    found = compare_lots(ledger, broken, day)
    assert found.count(Outcome.BROKEN) == 2
    assert any("$1,000.00" in said and "$900.00" in said for said in found.said(Outcome.BROKEN))
    # What mends can be posted, and then both sides agree.
    mending = folder / "mending.csv"
    mending.write_text(found.mending())
    rows = mending.read_text().splitlines()
    assert post(folder, *rows[1:], header=rows[0]).exit_status == 0
    assert shares_of(folder)["own", "Z"] == Decimal(1)
    assert compare_lots(ledger_of(folder), broken, day).count(Outcome.BROKEN) == 0


def test_a_custodians_file_without_accounts_is_no_file(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    open_from_lots(folder)
    (folder / "theirs.csv").write_text("lot_id,symbol,shares\nL1,A,1\n")
    with pytest.raises(FolderError, match="account_id"):
        compare_lots(ledger_of(folder), folder / "theirs.csv", 19000)
