"""The folder's record: windows, gains of the year and carried losses come from one fold of transactions and lots."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.ledger_files.posting import post_files
from tests.interchange.recorded_firm import (
    FIRST,
    SECURITIES,
    TRADES,
    Lot,
    Window,
    about,
    all_free,
    gains,
    lot,
    read,
    window,
    write_folder,
)

FREE = Window(None, Decimal(0), None)
HOUSEHOLDS_SAY = (Decimal(77), Decimal(0))  # households.csv, where the record does not know


def test_a_stated_loss_bars_purchases_of_the_whole_taxpayer_and_counts_for_its_own_household(tmp_path: Path) -> None:
    firm = read(tmp_path, ("2025-06-10,own,sell,T1,AAA,10,100,150,2020-01-02,,",))
    barred = Window(date(2025, 7, 10), Decimal(0), None)
    assert [window(firm, name, "AAA") for name in ("H1", "H2", "H3")] == [barred, barred, FREE]
    assert gains(firm, "H1") == (0, -50)
    assert gains(firm, "H2") == (0, 0)
    assert gains(firm, "H3") == (0, 0)


def test_a_loss_sold_a_month_ago_bars_nothing_and_still_counts(tmp_path: Path) -> None:
    firm = read(
        tmp_path,
        (
            "2025-01-02,own,sell,T1,AAA,10,100,150,,long,",
            "2025-02-03,own,sell,T2,BBB,10,100,60,2024-12-01,,",
            "2024-12-30,own,sell,T3,BBB,10,100,10,2024-12-01,,",
        ),
    )
    assert all_free(firm)
    assert gains(firm, "H1") == (40, -50)


def test_a_loss_replaced_in_another_account_goes_into_that_lot(tmp_path: Path) -> None:
    sale = "2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,"
    bought = "2025-06-12,second,buy,T2,AAA,10,90,,,,L7"
    firm = read(tmp_path, (sale, bought), ("second,L7,AAA,10,2025-06-12,90,,purchase",))
    # The loss is gone from the year, and matched in full: it bars no further purchase.
    assert gains(firm, "H1") == (0, 0)
    assert window(firm, "H1", "AAA") == FREE
    # 10 Jan to 10 Jun are 150 days held: the new lot counts from 150 days before its purchase.
    assert lot(firm, "second", "L7") == Lot(Decimal(10), Decimal(140), date(2025, 1, 13), replaces=False)
    (said,) = about(firm, "wash sales of every account")
    assert said.severity is Severity.NOTICE
    assert said.household == "H1"
    assert said.was == "1 lot without $50.00 of losses: L7 of second replaced AAA sold on 2025-06-10 in own"


def test_half_a_loss_replaced_leaves_the_other_half_to_bar(tmp_path: Path) -> None:
    trades = ("2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,", "2025-06-12,spouse,buy,T2,AAA,5,45,,,,")
    firm = read(tmp_path, trades, ("spouse,S1,AAA,5,2025-06-12,45,,",))
    assert gains(firm, "H1") == (-25, 0)
    assert gains(firm, "H2") == (0, 0)
    assert window(firm, "H2", "AAA") == Window(date(2025, 7, 10), Decimal(0), None)
    assert lot(firm, "spouse", "S1").basis == 70
    assert about(firm, "wash sales of every account")[0].household == "H2"


def test_a_purchase_in_a_retirement_account_ends_a_loss_for_ever(tmp_path: Path) -> None:
    trades = ("2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,", "2025-06-20,ira,buy,T2,AAA,4,40,,,,")
    firm = read(tmp_path, trades, ("ira,R1,AAA,4,2025-06-20,40,,",))
    assert gains(firm, "H1") == (-30, 0)
    assert lot(firm, "ira", "R1") == Lot(Decimal(4), Decimal(40), date(2025, 6, 20), replaces=False)
    assert not about(firm, "wash sales of every account")
    assert window(firm, "H1", "AAA") == Window(date(2025, 7, 10), Decimal(0), None)


@pytest.mark.parametrize("kind", ["reinvest", "reinvestment", "buy"])
@pytest.mark.parametrize("bought", ["2025-05-11", "2025-06-10", "2025-06-30"])
def test_a_dividend_reinvested_within_thirty_days_takes_its_share_of_the_loss(
    tmp_path: Path, kind: str, bought: str
) -> None:
    trades = ("2025-06-10,own,sell,T1,AAA,10,100,150,2024-01-11,,", f"{bought},own,{kind},T2,AAA,1,10,,,,")
    firm = read(tmp_path, trades, (f"own,D1,AAA,1,{bought},10,,reinvest",))
    assert gains(firm, "H1") == (0, -45)


def test_a_lot_that_only_the_lots_know_replaces_too(tmp_path: Path) -> None:
    sale = "2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,"
    firm = read(tmp_path, (sale,), ("away,W1,AAA,10,2025-05-20,120,,purchase",))
    assert gains(firm, "H1") == (0, 0)
    assert lot(firm, "away", "W1").basis == 170
    gift = read(tmp_path / "gift", (sale,), ("away,W1,AAA,10,2025-05-20,120,,gift",))
    assert gains(gift, "H1") == (-50, 0)
    assert lot(gift, "away", "W1").basis == 120
    late = read(tmp_path / "late", (sale,), ("away,W1,AAA,10,2025-05-10,120,,purchase",))
    assert gains(late, "H1") == (-50, 0)


def test_a_lot_of_this_year_replaces_a_loss_of_this_year(tmp_path: Path) -> None:
    sale = "2025-01-20,own,sell,T1,AAA,10,100,150,2024-06-03,,"
    firm = read(tmp_path, (sale,), ("second,W1,AAA,10,2025-01-05,120,,purchase",))
    assert gains(firm, "H1") == (0, 0)
    assert lot(firm, "second", "W1").basis == 170


def test_a_basis_that_contains_the_loss_never_gets_it_twice(tmp_path: Path) -> None:
    sale = "2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,"

    def basis(name: str, account: str, cells: str) -> Decimal:
        firm = read(tmp_path / name, (sale,), (f"{account},L1,AAA,10,2025-06-12,{cells},purchase",))
        assert gains(firm, "H1") == (0, 0)
        assert bool(about(firm, "wash sales of every account")) == (lot(firm, account, "L1").basis > Decimal(90))
        return lot(firm, account, "L1").basis

    assert basis("other account, nothing said", "second", "90,") == 140
    assert basis("other account, unadjusted", "second", "90,90") == 140
    assert basis("own account, unadjusted", "own", "90,90") == 140
    assert basis("own account, nothing said", "own", "90,") == 90


def test_a_basis_with_the_loss_in_it_stays(tmp_path: Path) -> None:
    sale = "2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,"
    for account in ("own", "second"):
        firm = read(tmp_path / account, (sale,), (f"{account},L1,AAA,10,2025-06-12,140,90,purchase",))
        assert lot(firm, account, "L1").basis == 140
        assert not about(firm, "wash sales of every account")
    # Its custodian put in what its own account lost ($50); the other account's $20 is missing.
    trades = (sale, "2025-06-11,second,sell,T2,AAA,5,50,70,2025-01-11,,")
    firm = read(tmp_path / "part", trades, ("own,L1,AAA,15,2025-06-12,185,135,purchase",))
    assert gains(firm, "H1") == (0, 0)
    assert lot(firm, "own", "L1").basis == 205


def test_a_lot_that_took_over_an_older_loss_takes_over_no_other(tmp_path: Path) -> None:
    # The custodian of `second` adjusted for a sale that the record does not have.
    sale = "2025-06-10,own,sell,T1,AAA,10,100,150,2025-01-11,,"
    firm = read(tmp_path, (sale,), ("second,L1,AAA,10,2025-06-12,140,90,purchase",))
    known = read(tmp_path / "known", (sale, "2025-06-09,second,sell,T0,AAA,10,100,150,2025-01-11,,"), ())
    assert gains(known, "H1") == (-100, 0)
    assert gains(firm, "H1") == (-50, 0)
    assert window(firm, "H1", "AAA").no_buy_until == date(2025, 7, 10)


def test_shares_of_a_recorded_purchase_are_sold_with_its_basis_and_do_not_wash_themselves(tmp_path: Path) -> None:
    bought = "2025-06-02,own,buy,T1,AAA,10,150,,,,L1"
    held = ("own,L1,AAA,4,2025-06-02,60,,purchase",)
    for name, cells in (("by lot", ",,,L1"), ("by day", ",2025-06-02,,"), ("silent", ",,,")):
        firm = read(tmp_path / name, (bought, f"2025-06-10,own,sell,T2,AAA,6,60,{cells}"), held)
        assert gains(firm, "H1") == (-30, 0), name
        # The rest of the purchase does not replace it (Rev. Rul. 56-602).
        assert window(firm, "H1", "AAA") == Window(date(2025, 7, 10), Decimal(4), date(2025, 7, 2)), name
        assert lot(firm, "own", "L1").basis == 60
        assert not about(firm, "must be the shares that the lots hold")


def test_no_share_is_sold_before_it_is_bought(tmp_path: Path) -> None:
    # The purchase is not among tonight's lots, and the sale says nothing: yet it can only have sold older shares.
    trades = ("2025-06-05,own,sell,T1,AAA,5,50,80,,,", "2025-06-10,own,buy,T2,AAA,5,40,,,,")
    assert gains(read(tmp_path, trades), "H1") == (0, 0)
    assert gains(read(tmp_path / "alone", trades[:1]), "H1") == (-30, 0)


def test_a_stated_sale_of_a_lot_still_held_in_part_is_of_the_same_purchase(tmp_path: Path) -> None:
    sale = "2025-06-10,own,sell,T2,AAA,6,60,90,2025-06-02,,"
    firm = read(tmp_path, (sale,), ("own,L1,AAA,4,2025-06-02,60,,purchase",))
    assert gains(firm, "H1") == (-30, 0)
    assert lot(firm, "own", "L1").basis == 60


def test_a_sale_over_two_purchases_is_parted_and_its_dollars_with_it(tmp_path: Path) -> None:
    trades = (
        "2025-03-03,own,buy,T1,AAA,1,10,,,,",
        "2025-03-03,own,buy,T2,AAA,2,40,,,,",
        "2025-05-05,own,sell,T3,AAA,5,100.01,70,2025-03-03,,",
    )
    firm = read(tmp_path, trades)
    # 3 of 5 shares: $50 of basis against 3/5 of the proceeds; 2 beyond what was bought: 2/5 of the stated $70.
    assert gains(firm, "H1") == (Decimal("100.01") - 50 - 28, 0)


def test_a_sale_without_basis_counts_as_a_loss_and_leaves_the_year_to_households_csv(tmp_path: Path) -> None:
    firm = read(tmp_path, ("2025-06-10,own,sell,T1,AAA,10,100,,,,", "2025-06-10,spouse,sell,T2,BBB,1,10,5,,short,"))
    assert window(firm, "H1", "AAA").no_buy_until == date(2025, 7, 10)
    assert gains(firm, "H1") == HOUSEHOLDS_SAY
    assert gains(firm, "H2") == (5, 0)
    (said,) = about(firm, "a sale with shares, amount and basis")
    assert (said.severity, said.line, said.column, said.household) == (Severity.WARNING, 8, "basis", "H1")
    old = read(tmp_path / "old", ("2025-02-10,own,sell,T1,AAA,10,100,,,,",))
    assert all_free(old)
    assert gains(old, "H1") == HOUSEHOLDS_SAY
    assert "households.csv" in about(old, "a sale with shares, amount and basis")[0].to_do


def test_a_file_that_begins_late_does_not_know_the_year(tmp_path: Path) -> None:
    late = f"{TRADES}\n2025-06-10,own,sell,T1,AAA,10,100,150,2020-01-02,,\n"
    firm = read(tmp_path, (), transactions__csv=late)
    assert gains(firm, "H1") == HOUSEHOLDS_SAY
    assert window(firm, "H1", "AAA").no_buy_until == date(2025, 7, 10)
    silent = f"{TRADES}\n{FIRST.format('own')}\n"
    firm = read(tmp_path / "silent", (), transactions__csv=silent)
    assert [gains(firm, name)[0] for name in ("H1", "H2", "H3")] == [0, 77, 77]


def test_transactions_that_contradict_the_lots_are_said_once_and_both_count(tmp_path: Path) -> None:
    trades = (
        "2025-06-10,own,buy,T1,AAA,10,100,,,,",
        "2025-06-11,own,buy,T2,BBB,3,30,,,,",
        "2025-06-12,second,buy,T3,BBB,3,30,,,,",
    )
    lots = ("own,L1,AAA,6,2025-06-10,60,,", "own,L2,BBB,5,2025-06-11,50,,", "second,L1,BBB,3,2025-06-12,30,,")
    firm = read(tmp_path, trades, lots)
    (said,) = about(firm, "must be the shares that the lots hold")
    assert (said.severity, said.household) == (Severity.WARNING, "H1")
    assert said.was == "AAA in own: 10 by the transactions, 6 by the lots (and 1 more)"
    assert window(firm, "H1", "AAA").bought == 10
    assert window(firm, "H1", "BBB").bought == 8
    assert not firm.book.households.blocked.any()


def test_identical_securities_replace_each_other_while_the_firm_says_so(tmp_path: Path) -> None:
    trades = ("2025-06-10,own,sell,T1,TWIN,10,100,150,2025-01-11,,", "2025-06-12,second,buy,T2,TWIN2,10,90,,,,L7")
    lots = ("second,L7,TWIN2,10,2025-06-12,90,,purchase",)
    firm = read(tmp_path, trades, lots)
    assert gains(firm, "H1") == (0, 0)
    assert lot(firm, "second", "L7").basis == 140
    apart = SECURITIES.replace(",same", ",")
    assert gains(read(tmp_path / "apart", trades, lots, securities__csv=apart), "H1") == (-50, 0)
    dated = "symbol,group,from,until,source\nTWIN,g,,2025-06-09,memo\nTWIN2,g,,,memo\n"
    files = {"securities__csv": apart, "identical__csv": dated}
    assert gains(read(tmp_path / "over", trades, lots, **files), "H1") == (-50, 0)
    files["identical__csv"] = dated.replace("2025-06-09", "2025-06-10")
    assert gains(read(tmp_path / "dated", trades, lots, **files), "H1") == (0, 0)


def test_the_reading_of_the_law_is_the_firms(tmp_path: Path) -> None:
    # Bought and sold again within the window of the loss, before it: only the letter of the statute counts that.
    trades = (
        "2025-06-02,second,buy,T1,AAA,10,100,,,,",
        "2025-06-05,second,sell,T2,AAA,10,100,,2025-06-02,,",
        "2025-06-10,own,sell,T3,AAA,10,100,150,2025-01-11,,",
    )
    assert gains(read(tmp_path, trades), "H1") == (-50, 0)
    toml = 'version = 1\nname = "R"\nas_of = 2025-06-30\n[ledger]\nreading = "any_acquisition"\n'
    assert gains(read(tmp_path / "letter", trades, firm__toml=toml), "H1") == (0, 0)


def test_a_posted_ledger_is_the_record(tmp_path: Path) -> None:
    trades = (
        "2025-01-11,own,buy,T0,AAA,10,150,,,,L1",
        "2025-06-10,own,sell,T1,AAA,10,100,,,,L1",
        "2025-06-12,second,buy,T2,AAA,10,90,,,,L7",
    )
    lots = ("second,L7,AAA,10,2025-06-12,90,,purchase",)
    folder = write_folder(tmp_path, trades, lots)
    before = read_firm(folder)
    assert post_files(folder).exit_status == 0
    (folder / "transactions.csv").unlink()
    after = read_firm(folder)
    for firm in (before, after):
        assert gains(firm, "H1") == (0, 0)
        assert window(firm, "H1", "AAA") == FREE
        assert lot(firm, "second", "L7") == Lot(Decimal(10), Decimal(140), date(2025, 1, 13), replaces=False)
        assert not about(firm, "lotwise ledger")


def test_lots_that_differ_from_the_ledger_are_said_and_are_what_is_held(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path,
        ("2025-06-12,own,buy,T2,AAA,10,90,,,,L7",),
        ("own,L7,AAA,8,2025-06-12,72,,", "spouse,L1,BBB,3,2025-06-20,9,,"),
    )
    assert post_files(folder).exit_status == 0
    with (folder / "transactions.csv").open("a", encoding="utf-8") as file:
        file.write("2025-06-25,own,sell,T9,AAA,2,20,18,,,\n")
    firm = read_firm(folder)
    said = about(firm, "lotwise ledger reconcile")
    assert [(each.severity, each.household, each.was) for each in said] == [
        (Severity.WARNING, "H1", "AAA in own: 10 in the ledger, 8 in the lots"),
        (Severity.WARNING, "H2", "BBB in spouse: 0 in the ledger, 3 in the lots"),
    ]
    assert lot(firm, "own", "L7").shares == 8
    # A purchase that only the lots know bars losses all the same.
    assert window(firm, "H2", "BBB") == Window(None, Decimal(3), date(2025, 7, 20))
    (unposted,) = about(firm, "lotwise ledger post")
    assert unposted.was == "1 later than what is posted"


def test_a_ledger_with_a_part_missing_stops_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, ("2025-06-12,own,buy,T2,AAA,10,90,,,,L7",), ("own,L7,AAA,8,2025-06-12,72,,",))
    post_files(folder)
    journal = folder / "ledger" / "journal"
    (journal / "000001.parquet").rename(journal / "000002.parquet")
    with pytest.raises(FolderError, match=r"000001\.parquet"):
        read_firm(folder)


def test_a_stated_sale_that_says_no_term_counts_as_short_and_says_so(tmp_path: Path) -> None:
    firm = read(
        tmp_path,
        (
            "2025-02-03,own,sell,T1,AAA,10,100,60,,,",
            "2025-02-03,own,sell,T2,BBB,10,100,60,,long,",
            "2024-12-30,own,sell,T3,BBB,10,100,60,,,",  # of last year
            "2025-02-03,ira,sell,T4,AAA,10,100,60,,,",
            "2025-02-03,second,buy,T5,AAA,10,100,,,,L7",
            "2025-02-04,second,sell,T6,AAA,10,100,100,,,",  # of a purchase of the record
        ),
    )
    assert gains(firm, "H1") == (40, 40)
    (said,) = about(firm, "a stated sale without a day")
    assert (said.file, said.line, said.column, said.severity) == ("transactions.csv", 8, "term", Severity.WARNING)
    assert (said.was, said.household) == ("empty", "H1")
