"""Screens: built-in ones by industry, lists, and scores with a threshold; what is excluded and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.interchange.firm_folder.built_in_screens import Judgement, built_in_screens
from lotwise.rebalancing.book import NameRule
from tests.interchange.book_integrity import assert_sound
from tests.interchange.small_firm import SYMBOLS, small_firm, write

ERROR, WARNING, NOTICE = Severity.ERROR, Severity.WARNING, Severity.NOTICE

SECURITIES = """symbol,name,kind,asset_class,sector,industry,spread_bps,identical_group
AAA,Alpha,stock,equity,Consumer Staples,Tobacco,4,
BBB,Beta,stock,equity,Energy,,2.5,
CCC,Gamma,stock,equity,Consumer Staples,Brewers,3,
ETF,Fund,etf,equity,,,1,index
ET2,Fund 2,etf,equity,,,1,index
"""

SCORES = """screen,symbol,score
esg,AAA,39.5
esg,BBB,40
esg,ETF,80
carbon,AAA,-1
carbon,BBB,2.5e2
listed,AAA,true
listed,BBB,false
"""


def firm_with(folder: Path, *restrictions: str, **files: str) -> Firm:
    """A small firm with these restrictions alone, and other files in place of its own."""
    written = small_firm()
    written["securities.csv"] = SECURITIES
    written["restrictions.csv"] = "\n".join(("household_id,rule,scope,value,weight,account_id", *restrictions, ""))
    del written["screens.csv"]
    written.update({f"{name}.csv": text for name, text in files.items()})
    firm = read_firm(write(folder, written))
    assert_sound(firm)
    return firm


def excluded(firm: Firm, household: int = 0) -> set[str]:
    """Names that a household may not buy."""
    rules, own = firm.book.rules, int(firm.book.households.rules[household])
    rows = range(rules.name_start[own], rules.name_start[own + 1])
    return {SYMBOLS[rules.name_security[row]] for row in rows if rules.name_flags[row] & NameRule.NO_BUY}


def blocked(firm: Firm) -> set[str]:
    return set(firm.labels.households[firm.book.households.blocked].tolist())


def said(firm: Firm, file: str, column: str) -> list[tuple[int | None, Severity, str]]:
    return [(f.line, f.severity, f.was) for f in firm.findings if (f.file, f.column) == (file, column)]


@pytest.mark.parametrize(
    ("screen", "industry", "judgement"),
    [
        ("tobacco", "Tobacco", Judgement.INSIDE),
        ("tobacco", "CIGARETTES", Judgement.INSIDE),
        ("tobacco", "Food, Beverage & Tobacco", Judgement.TOO_BROAD),
        ("tobacco", "Food Products", Judgement.OUTSIDE),
        ("weapons", "Aerospace & Defense", Judgement.INSIDE),
        ("weapons", "Guided Missiles & Space Vehicles & Parts", Judgement.INSIDE),
        ("weapons", "Ordnance & Accessories, (No Vehicles/Guided Missiles)", Judgement.INSIDE),
        ("weapons", "Life & Health Insurance", Judgement.OUTSIDE),
        ("fossil", "Oil, Gas & Consumable Fuels", Judgement.INSIDE),
        ("fossil", "Bituminous Coal & Lignite Surface Mining", Judgement.INSIDE),
        ("fossil", "Energy", Judgement.INSIDE),
        ("fossil", "Renewable Energy", Judgement.OUTSIDE),
        ("fossil", "Water, Sewer, Pipeline, Comm & Power Line Construction", Judgement.OUTSIDE),
        ("fossil", "Electric Utilities", Judgement.OUTSIDE),
        ("gambling", "Casinos & Gaming", Judgement.INSIDE),
        ("gambling", "Hotels (except Casino Hotels) and Motels", Judgement.OUTSIDE),
        ("gambling", "Electronic Gaming & Multimedia", Judgement.OUTSIDE),
        ("alcohol", "Distillers & Vintners", Judgement.INSIDE),
        ("alcohol", "Beverages - Wineries & Distilleries", Judgement.INSIDE),
        ("alcohol", "Soft Drinks & Non-alcoholic Beverages", Judgement.OUTSIDE),
        ("alcohol", "Beverages", Judgement.TOO_BROAD),
    ],
)
def test_industries_are_judged_by_their_words(screen: str, industry: str, judgement: Judgement) -> None:
    assert built_in_screens()[screen].judge(industry) is judgement


def test_every_screen_judges_the_wordings_it_was_written_with() -> None:
    """A word cut short or joined by a slip of the file would judge nothing."""
    assert set(built_in_screens()) == {"tobacco", "weapons", "fossil", "gambling", "alcohol"}
    for screen in built_in_screens().values():
        for name in screen.whole:
            assert screen.judge(name) is Judgement.INSIDE
        for name in screen.too_broad:
            assert screen.judge(name) is Judgement.TOO_BROAD


def test_a_built_in_screen_needs_no_file_and_says_what_it_found(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "H1,never_own,screen,tobacco,,")
    assert excluded(firm) == {"AAA"}
    assert not blocked(firm)
    assert said(firm, "securities.csv", "industry") == [(None, NOTICE, "1 security by Tobacco (1)")]
    assert firm.labels.restricted == ("screen tobacco",)


def test_a_sector_counts_where_there_is_no_industry(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "*,never_buy,screen,fossil,,")
    assert excluded(firm, 2) == {"BBB"}
    assert said(firm, "securities.csv", "industry") == [(None, NOTICE, "1 security by Energy (1)")]


def test_what_is_too_broad_or_unknown_is_said_and_outside(tmp_path: Path) -> None:
    text = SECURITIES.replace("Tobacco", '"Food, Beverage & Tobacco"').replace("Energy", "")
    firm = firm_with(tmp_path, "H1,never_own,screen,tobacco,,", securities=text)
    assert excluded(firm) == set()
    assert said(firm, "securities.csv", "industry") == [
        (None, WARNING, "0 securities; 1 with neither industry nor sector count as outside"),
        (None, WARNING, "1 security in Food, Beverage & Tobacco (1)"),
    ]


def test_without_any_industry_a_built_in_screen_cannot_be_kept(tmp_path: Path) -> None:
    text = "\n".join(row.rsplit(",", 4)[0] + ",,,1," for row in SECURITIES.splitlines()[1:])
    text = f"{SECURITIES.splitlines()[0]}\n{text}\n"
    firm = firm_with(tmp_path, "H2,never_own,screen,tobacco,,", securities=text)
    assert blocked(firm) == {"H2"}
    (found,) = [f for f in firm.findings if f.file == "restrictions.csv"]
    assert (found.line, found.column, found.severity) == (2, "value", ERROR)
    assert "goes by industry" in found.must_be


def test_a_screen_of_the_file_replaces_the_built_in_one(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "H1,never_own,screen,tobacco,,", screens="screen,symbol,score\ntobacco,CCC,\n")
    assert excluded(firm) == {"CCC"}
    assert said(firm, "securities.csv", "industry") == []


def test_symbols_that_no_security_has_are_named_with_the_line_of_the_first(tmp_path: Path) -> None:
    strangers = [f"NO{number}" for number in range(8)]
    listed = "".join(f"mine,{symbol},\n" for symbol in ("CCC", *strangers, "NO0"))
    firm = firm_with(tmp_path, "H1,never_own,screen,mine,,", screens=f"screen,symbol,score\n{listed}")
    assert excluded(firm) == {"CCC"}
    assert said(firm, "screens.csv", "symbol") == [(3, NOTICE, "NO0, NO1, NO2, NO3, NO4, NO5 and 2 more")]


def test_a_symbol_file_lists_by_true_and_false(tmp_path: Path) -> None:
    assert excluded(firm_with(tmp_path, "H1,never_own,screen,listed,,", screens=SCORES)) == {"AAA"}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("esg", {"AAA", "BBB", "ETF"}),
        ("esg < 40", {"AAA"}),
        ("esg<=40", {"AAA", "BBB"}),
        ("esg > 40.0", {"ETF"}),
        ("esg >= 4e1", {"BBB", "ETF"}),
        ("esg > 80", set()),
        ("carbon", {"BBB"}),
        ("carbon < 0", {"AAA"}),
        ("carbon >=-1", {"AAA", "BBB"}),
    ],
)
def test_a_threshold_takes_the_scores_on_its_side(tmp_path: Path, value: str, names: set[str]) -> None:
    firm = firm_with(tmp_path, f"H1,never_own,screen,{value},,", screens=SCORES)
    assert excluded(firm) == names
    assert not blocked(firm)


def test_securities_without_a_score_are_counted_and_outside(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "H1,never_own,screen,esg < 90,,", screens=SCORES)
    assert excluded(firm) == {"AAA", "BBB", "ETF"}
    assert said(firm, "screens.csv", "score") == [(None, NOTICE, "1 of 3 securities that are no funds without one")]


def test_the_same_threshold_written_twice_is_one_set(tmp_path: Path) -> None:
    rows = ("H1,never_own,screen,esg<40,,", "H2,never_own,screen,esg < 40.0,,")
    firm = firm_with(tmp_path, *rows, screens=SCORES)
    assert firm.book.households.rules[0] == firm.book.households.rules[1]
    assert firm.labels.restricted == ("screen esg < 40", "screen esg < 40")


def test_a_bound_on_a_threshold_looks_through_funds(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "H1,max_weight,screen,esg < 40,0.1,", screens=SCORES)
    groups = firm.book.groups
    assert firm.labels.groups == ("screen esg < 40",)
    shares = {SYMBOLS[s]: c for s, c in zip(groups.security.tolist(), groups.coefficient.tolist(), strict=True)}
    assert shares == {"AAA": 1.0, "ETF": 0.5, "ET2": 0.75}


@pytest.mark.parametrize(
    "value", ["esg < forty", "esg =< 40", "esg == 40", "esg << 40", "< 40", "esg < 40%", "esg ≤ 40"]
)
def test_a_threshold_that_cannot_be_read_blocks_its_household(tmp_path: Path, value: str) -> None:
    firm = firm_with(tmp_path, "H1,never_buy,symbol,AAA,,", f"H2,never_own,screen,{value},,", screens=SCORES)
    assert blocked(firm) == {"H2"}
    (found,) = [f for f in firm.findings if f.file == "restrictions.csv"]
    assert (found.line, found.column, found.severity, found.household) == (3, "value", ERROR, "H2")
    assert "esg < 40" in found.must_be


def test_a_threshold_on_a_range_is_not_read(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "*,never_own,screen,esg > 20 < 40,,", screens=SCORES)
    assert blocked(firm) == {"H1", "H2", "H3"}


@pytest.mark.parametrize(
    ("value", "hint"), [("esq < 40", "did you mean esg?"), ("listed < 1", ""), ("tobacco < 1", "")]
)
def test_a_threshold_needs_a_screen_with_numbers(tmp_path: Path, value: str, hint: str) -> None:
    firm = firm_with(tmp_path, f"H2,never_own,screen,{value},,", screens=SCORES)
    assert blocked(firm) == {"H2"}
    (found,) = [f for f in firm.findings if f.file == "restrictions.csv"]
    assert found.must_be == "a screen whose rows in screens.csv have numbers"
    assert hint in found.to_do


def test_an_unknown_screen_is_guessed_among_the_built_in_ones_too(tmp_path: Path) -> None:
    firm = firm_with(tmp_path, "H1,never_own,screen,tabacco,,")
    assert blocked(firm) == {"H1"}
    assert any("did you mean tobacco?" in f.to_do for f in firm.findings)


def test_two_scores_of_one_security_are_said(tmp_path: Path) -> None:
    rows = SCORES + "esg,AAA,50\nesg,BBB,40.0\ncarbon,AAA,1e999\n"
    firm = firm_with(tmp_path, "H1,never_own,screen,esg < 40,,", screens=rows)
    assert excluded(firm) == {"AAA"}
    found = [row[:2] for row in said(firm, "screens.csv", "score")]
    assert found == [(None, NOTICE), (9, WARNING), (11, WARNING), (11, WARNING)]


def test_without_securities_nothing_is_said_of_screens_and_requests_that_only_follows(tmp_path: Path) -> None:
    files = small_firm()
    files["restrictions.csv"] = "household_id,rule,scope,value,weight,account_id\nH1,never_own,screen,tobacco,,\n"
    files["substitutes.csv"] = "symbol,substitute,rank\nNEW,OTHER,1\n"
    del files["securities.csv"]
    with pytest.raises(FolderError) as caught:
        read_firm(write(tmp_path, files))
    about = ("restrictions.csv", "securities.csv", "substitutes.csv")
    assert [f.file for f in caught.value.findings if f.file in about and f.severity is not NOTICE] == ["securities.csv"]


@pytest.mark.parametrize("missing", ["accounts.csv", "lots.csv"])
def test_without_accounts_or_lots_nothing_is_said_of_requests_that_only_follows(tmp_path: Path, missing: str) -> None:
    files = small_firm()
    files["requests.csv"] = "request_id,account_id,household_id,kind,amount\nR1,A4,,rmd,5000\nR2,A1,,raise_cash,9000\n"
    files["accounts.csv"] = files["accounts.csv"].replace("A4,H3,traditional,0,true", "A4,H3,traditional,0,")
    del files[missing]
    with pytest.raises(FolderError) as caught:
        read_firm(write(tmp_path, files))
    assert [f for f in caught.value.findings if f.file == "requests.csv" and f.severity is not NOTICE] == []
