"""Income that the record shows counts tonight: distributions as gains, dividends as far as they qualify, interest."""

from __future__ import annotations

import random
import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lotwise.errors import Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.ledger_files.posting import open_from_lots, post_files
from lotwise.money import DOLLAR
from tests.interchange.recorded_firm import (
    ACCOUNT_IDS,
    HOUSEHOLDS,
    PRICES,
    TRADES,
    about,
    gains,
    write_folder,
)
from tests.interchange.test_firm_folder_record_properties import history

HEADER = "date,account_id,kind,symbol,amount,ex_date,qualified,shares,fee,basis,acquired,lot_id"
FIRST = tuple(f"2025-01-02,{account},deposit,,1,,,,,,," for account in ACCOUNT_IDS)
OLD = ("own,L1,AAA,100,2020-01-02,900,,purchase", "own,L2,BBB,100,2025-06-16,900,,purchase")


def written(folder: Path, rows: tuple[str, ...], lots: tuple[str, ...] = OLD, **files: str) -> Path:
    """Write a folder of which the file of transactions tells the whole year."""
    return write_folder(folder, (), lots, transactions__csv="\n".join([HEADER, *FIRST, *rows, ""]), **files)


def income(firm: Firm, household: str) -> tuple[Decimal | int, Decimal | int]:
    """Dollars of qualified dividends and of other investment income of a household's year."""
    row = firm.book.tax[firm.labels.households.tolist().index(household)]
    return Decimal(int(row["qualified_dividends"])) / DOLLAR, Decimal(int(row["investment_income"])) / DOLLAR


def both_ways(folder: Path, day: date | None = None) -> tuple[Firm, Firm]:
    """The folder as it is, and with its transactions posted to a ledger; on its own day or another."""
    loose = read_firm(folder, day)
    assert post_files(folder).exit_status == 0
    return loose, read_firm(folder, day)


# Lots bought in the year, so that a ledger of the year knows them too.
BOUGHT = (
    "2025-01-03,own,buy,AAA,900,,,100,,,,L1",
    "2025-06-16,own,buy,BBB,900,,,100,,,,L2",
)
HELD = ("own,L1,AAA,100,2025-01-03,900,,purchase", "own,L2,BBB,100,2025-06-16,900,,purchase")


def test_the_years_income_of_transactions_and_of_a_ledger(tmp_path: Path) -> None:
    rows = (
        *BOUGHT,
        "2025-03-31,own,dividend,AAA,120.50,2025-03-14,true,,0.50,,,",
        "2025-06-30,own,dividend,BBB,60,2025-06-20,true,,,,,",  # 14 of 121 days so far: it will qualify, if kept
        "2025-06-30,own,dividend,AAA,7,2025-06-20,false,,,,,",
        "2025-06-02,own,interest,,5.25,,,,,,,",
        "2025-06-03,own,interest,,-2,,,,,,,",  # interest paid is no income
        "2025-06-30,ira,dividend,AAA,99,,true,,,,,",
        "2025-06-30,spouse,capital_gain_distribution,TWIN,30,2025-06-20,,,,,,",
        "2025-06-30,spouse,interest,,1,,,,,,,",
    )
    for firm in both_ways(written(tmp_path, rows, HELD)):
        assert income(firm, "H1") == (Decimal("180.50"), Decimal("12.25"))
        assert income(firm, "H2") == (0, 1)
        assert income(firm, "H3") == (0, 0)
        assert [gains(firm, name) for name in ("H1", "H2", "H3")] == [(0, 0), (0, 30), (0, 0)]


def test_shares_sold_too_soon_make_their_part_of_the_dividend_ordinary(tmp_path: Path) -> None:
    # Bought 100 on 2 June and 100 long before; ex on 6 June; the new ones are sold on 20 June after 18 days.
    rows = (
        "2025-01-03,own,buy,AAA,900,,,100,,,,L1",
        "2025-06-02,own,buy,AAA,1000,,,100,,,,L9",
        "2025-06-16,own,dividend,AAA,50,2025-06-06,true,,,,,",
        "2025-06-20,own,sell,AAA,1100,,,100,,,,L9",
    )
    for firm in both_ways(written(tmp_path, rows, HELD[:1])):
        assert income(firm, "H1") == (25, 25)
        assert gains(firm, "H1") == (100, 0)


def test_what_is_expected_of_the_year_counts_where_it_is_more_than_what_came(tmp_path: Path) -> None:
    header, *households = HOUSEHOLDS.splitlines()
    for expected, counted in (("", 40), ("39", 40), ("41", 41)):
        stated = "\n".join([f"{header},expected_qualified_dividends", *(f"{row},{expected}" for row in households), ""])
        rows = ("2025-03-31,own,dividend,AAA,40,2025-03-14,true,,,,,",)
        firm = read_firm(written(tmp_path / f"{counted}{expected}", rows, households__csv=stated))
        assert income(firm, "H1") == (counted, 0)


def test_income_of_last_year_and_of_days_to_come_is_not_of_this_year(tmp_path: Path) -> None:
    rows = (
        "2024-12-31,own,interest,,1,,,,,,,",
        "2025-01-02,own,interest,,2,,,,,,,",
        "2025-01-31,own,dividend,TWIN,4,2024-12-20,,,,,,",  # a fund's of December (26 U.S.C. 852(b)(7))
        "2025-01-31,own,dividend,AAA,8,2024-12-20,,,,,,",
        "2025-06-30,own,interest,,16,,,,,,,",
    )
    for firm in both_ways(written(tmp_path, rows)):
        assert income(firm, "H1") == (0, 2 + 8 + 16)
    again = written(tmp_path / "again", rows, prices__csv=PRICES.replace("06-30", "06-29"))
    for firm in both_ways(again, date(2025, 6, 29)):
        assert income(firm, "H1") == (0, 2 + 8)


def test_a_reinvestment_alone_is_income_and_beside_its_dividend_it_is_not(tmp_path: Path) -> None:
    rows = (
        "2025-03-31,own,reinvest,AAA,20,,,2,,,,D1",
        "2025-06-20,own,dividend,AAA,11,2025-06-06,true,,,,,",
        "2025-06-20,own,reinvest,AAA,11,,,1,,,,D2",
        "2025-01-03,own,buy,AAA,900,,,100,,,,L1",
    )
    lots = (HELD[0], "own,D1,AAA,2,2025-03-31,20,,reinvest", "own,D2,AAA,1,2025-06-20,11,,reinvest")
    for firm in both_ways(written(tmp_path, rows, lots)):
        assert income(firm, "H1") == (11, 20)


def test_a_record_that_does_not_know_the_gains_shows_its_income_all_the_same(tmp_path: Path) -> None:
    late = "\n".join([HEADER, "2025-06-02,own,capital_gain_distribution,TWIN,30,,,,,,,", *_INTEREST, ""])
    firm = read_firm(write_folder(tmp_path, (), OLD, transactions__csv=late))
    assert gains(firm, "H1") == (77, 0)  # households.csv, whose gains hold what was distributed
    assert income(firm, "H1") == (0, 5)


_INTEREST = ("2025-06-02,own,interest,,5,,,,,,,",)


def test_a_ledger_opened_in_june_knows_the_years_income_and_not_its_gains(tmp_path: Path) -> None:
    rows = ("2025-01-10,own,dividend,AAA,40,2025-01-03,true,,,,,", "2025-03-10,own,sell,AAA,100,,,10,,,,")
    folder = written(tmp_path, rows)
    assert open_from_lots(folder).exit_status == 0
    firm = read_firm(folder)
    assert income(firm, "H1") == (40, 0)
    assert gains(firm, "H1") == (77, 0)  # the sale of March is not in the ledger: its basis is not stated


def test_gains_in_households_csv_that_the_record_contradicts_are_named_once(tmp_path: Path) -> None:
    sale = "2025-03-10,own,sell,AAA,100,,,10,,150,2020-01-02,"
    firm = read_firm(written(tmp_path, (sale,)))
    (said,) = about(firm, "the gains of the year that the record tells")
    assert (said.file, said.line, said.column, said.severity) == (
        "households.csv", 2, "ytd_short_gains", Severity.NOTICE,
    )  # fmt: skip
    assert (
        said.was == "H1: short $77.00 and long empty, by the record short $0.00 and long -$50.00 (and 2 more such rows)"
    )
    for cell in ("0", "", "0.99"):  # whole dollars are good enough
        agreed = HOUSEHOLDS.replace(",77", f",{cell}")
        firm = read_firm(written(tmp_path / f"agreed {cell}", (sale,), households__csv=agreed))
        assert not about(firm, "the gains of the year that the record tells")
    unknown = f"{TRADES}\n2025-06-10,own,sell,T1,AAA,10,100,150,2020-01-02,,\n"  # begins in June
    firm = read_firm(write_folder(tmp_path / "late", (), OLD, transactions__csv=unknown))
    assert not about(firm, "the gains of the year that the record tells")


@pytest.mark.parametrize("kind", ["dividend", "interest", "capital_gain_distribution"])
def test_a_payment_without_an_amount_is_named_and_does_not_count(tmp_path: Path, kind: str) -> None:
    rows = (f"2025-03-10,own,{kind},AAA,,,,,,,,", *_INTEREST)
    firm = read_firm(written(tmp_path, rows))
    (said,) = about(firm, "a payment of 0 or more dollars")
    assert (said.line, said.column, said.was, said.household) == (8, "amount", "empty", "H1")
    assert said.severity is Severity.WARNING
    assert income(firm, "H1") == (0, 5)


def test_a_dividend_taken_back_is_named_and_a_wrong_ex_date_only_loses_itself(tmp_path: Path) -> None:
    rows = (
        "2025-03-10,own,dividend,AAA,-12.5,,true,,,,,",
        "2025-03-11,own,dividend,AAA,40,soon,true,,,,,",
    )
    firm = read_firm(written(tmp_path, rows))
    (said,) = about(firm, "a payment of 0 or more dollars")
    assert (said.line, said.was) == (8, "'-12.5'")
    assert [found.line for found in firm.findings if found.column == "ex_date"] == [9]
    assert income(firm, "H1") == (40, 0)  # the day of payment stands for the ex-date


def test_dividends_that_never_say_whether_they_are_qualified_are_noticed_once(tmp_path: Path) -> None:
    rows = ("2025-03-10,own,dividend,AAA,12,,,,,,,", "2025-04-10,own,dividend,AAA,12,,,,,,,")
    for firm in both_ways(written(tmp_path, rows)):
        (said,) = about(firm, "true or false for dividends")
        assert (said.severity, said.column, said.was) == (Severity.NOTICE, "qualified", "2 dividends without it")
        assert income(firm, "H1") == (0, 24)
    assert not about(
        read_firm(written(tmp_path / "one", (*rows, rows[0].replace(",12,,", ",1,,false")))), "true or false for"
    )


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
@example(44)  # a dividend in an account whose shares were the spouse's or another account's
def test_posted_or_not_the_income_is_the_same_and_no_dollar_of_it_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    trades, lots = history(chance)
    trades = tuple(row for row in trades if ",reinvest," not in row and not _sells_reinvested(row, trades))
    kept = {row.split(",")[-1] for row in trades}
    lots = tuple(row for row in lots if row.split(",")[1] in kept)
    paid = tuple(_payment(chance) for _ in range(chance.randrange(1, 12)))
    columns = f"{TRADES},ex_date,qualified"
    rows = [f"2025-01-02,{account},deposit,,,,1,,,,,," for account in ACCOUNT_IDS]
    rows += sorted([*(f"{row},," for row in trades), *paid])
    with tempfile.TemporaryDirectory() as place:
        folder = write_folder(Path(place) / "firm", (), lots, transactions__csv="\n".join([columns, *rows, ""]))
        loose, posted = both_ways(folder)
    assert loose.book.tax.tolist() == posted.book.tax.tolist()
    for household, accounts in (("H1", ("own", "second")), ("H2", ("spouse",)), ("H3", ("other",))):
        cells = [row.split(",") for row in paid]
        mine = sum(Decimal(row[6]) for row in cells if row[1] in accounts and row[2] != "capital_gain_distribution")
        assert sum(income(loose, household)) == mine


def _sells_reinvested(row: str, trades: tuple[str, ...]) -> bool:
    """Whether a sale is of a lot that was reinvested: left out here, since such purchases are income themselves."""
    lot = row.rsplit(",", maxsplit=1)[-1]
    return any(",reinvest," in other and other.endswith(f",{lot}") for other in trades)


def _payment(chance: random.Random) -> str:
    """One payment of the first half of the year, ex-date included; only stocks, so that none counts in December."""
    day = date(2025, 1, 3) + timedelta(days=chance.randrange(0, 179))
    account = chance.choice(("own", "second", "ira", "spouse", "other"))
    kind = chance.choice(("dividend", "dividend", "dividend", "interest", "capital_gain_distribution"))
    ex = day - timedelta(days=chance.randrange(0, 25))
    amount = Decimal(chance.randrange(1, 10**6)) / 100
    return (
        f"{day},{account},{kind},,{chance.choice(('AAA', 'BBB'))},,{amount},,,,,{ex},{chance.choice(('true', 'false'))}"
    )
