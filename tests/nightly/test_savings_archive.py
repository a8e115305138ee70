"""What was told is told again: the next night, after late corrections, and with every file named that it came of."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

import lotwise
from lotwise.cli import app
from lotwise.errors import FolderError
from lotwise.interchange.firm_folder import read_firm
from lotwise.interchange.inputs import input_files
from lotwise.interchange.ledger_files.posting import post_files
from lotwise.nightly.run import run_folder
from lotwise.nightly.savings import told_savings, write_savings
from lotwise.nightly.savings_archive import compare_savings, read_archive, told_again
from lotwise.savings.shadow_rule import Order, ShadowRule
from tests.nightly.told_firm import LAST, told_firm

NEXT = date(2026, 3, 2)
_OPENED: set[str] = set()
_WATCHING: list[bool] = []


def _watch(event: str, args: tuple[object, ...]) -> None:
    if _WATCHING and event == "open" and isinstance(args[0], str):
        _OPENED.add(args[0])


sys.addaudithook(_watch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return told_firm(tmp_path_factory.mktemp("told") / "firm")


@pytest.fixture(scope="module")
def archive(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of the firm, told by a rule of its own from a first day on."""
    out = tmp_path_factory.mktemp("archive") / "told"
    rule = ShadowRule(band=0.1, relief=Order.HIFO)
    write_savings(out, told_savings(folder, None, [], rule, since=date(2025, 7, 1)))
    return out


def next_night(folder: Path, copy: Path) -> Path:
    """The folder one trading day on: a price more, a lot bought, its purchase and a late dividend posted, a split."""
    shutil.copytree(folder, copy)
    (copy / "firm.toml").write_text(f'version = 1\nname = "Told"\nas_of = {NEXT}\n')
    prices = copy / "prices.csv"
    halved = prices.read_text().replace(",A,100,100", ",A,50,50").replace(",A,150,150", ",A,75,75")
    prices.write_text(halved + f"{NEXT},A,75,75\n{NEXT},B,50,51\n")  # on the share basis of the new day
    with (copy / "corporate_actions.csv").open("a") as actions:
        actions.write(f"{NEXT},A,split,2\n")
    lots = (copy / "lots.csv").read_text().replace("L1,A,500", "L1,A,800").replace("L3,A,10", "L3,A,20")
    (copy / "lots.csv").write_text(f"{lots}A1,L9,B,10,{NEXT},500\n")
    accounts = (copy / "accounts.csv").read_text().replace("16000", "15900")
    (copy / "accounts.csv").write_text(accounts)
    with (copy / "transactions.csv").open("a") as rows:
        rows.write(f"{NEXT},A1,buy,t3,B,10,-500,50,\n2026-02-20,A1,dividend,t4,B,,400,,true\n")
    posted = post_files(copy, backdated=True, today=NEXT)
    assert (posted.posted, posted.refused) == (2, 0), posted.findings
    return copy


def test_the_next_night_still_comes_to_the_same_cent(folder: Path, archive: Path, tmp_path: Path) -> None:
    later = next_night(folder, tmp_path / "next")
    shown = CliRunner().invoke(app, ["savings", str(later), "--check", str(archive)])
    words = " ".join(shown.output.split())
    assert shown.exit_code == 0, words
    assert "every figure comes out as it was told, to the cent" in words
    # The purchase, the dividend of before, and the split of both accounts.
    assert "4 events were posted since and are left out, 1 of them late, of days until 2026-02-27" in words
    # Told anew for the archive's day, the late dividend counts.
    anew = told_savings(later, LAST, ["H2"], read_archive(archive).rule, since=date(2025, 7, 1))
    assert anew.recorded.late == 0
    assert anew.recorded.rows > read_archive(archive).posted.rows


def test_a_late_correction_of_that_day_is_seen_by_a_new_telling(folder: Path, archive: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "late")
    with (tmp_path / "late" / "transactions.csv").open("a") as rows:
        rows.write("2026-01-16,A1,sell,t3,A,100,15000,150,\n")
    assert post_files(tmp_path / "late", backdated=True, today=LAST).posted == 1
    earlier = read_archive(archive)
    found = compare_savings(archive, told_again(tmp_path / "late", earlier))
    assert (found.is_same, found.later, found.late) == (True, 1, 1)
    assert found.changed_inputs == ("transactions.csv",)
    anew = told_savings(tmp_path / "late", earlier.as_of, [], earlier.rule, since=earlier.since)
    assert compare_savings(archive, anew).changed_households == ("H1",)


def test_a_check_takes_its_settings_from_the_archive(folder: Path, archive: Path) -> None:
    runner = CliRunner()
    same = runner.invoke(app, ["savings", str(folder), "--check", str(archive), "--household", "H1", "--band", "0.1"])
    assert same.exit_code == 0, same.output
    assert "changed since: nothing" in " ".join(same.output.split())
    for option, value, was in (
        ("--band", "0.2", "0.1"),
        ("--date", "2026-02-26", str(LAST)),
        ("--relief", "lifo", "hifo"),
    ):
        other = runner.invoke(app, ["savings", str(folder), "--check", str(archive), option, value])
        words = " ".join(other.output.split())
        assert other.exit_code == 2
        assert f"{option} must be as" in words
        assert f"was told, {was}, was {value}" in words


def test_an_archive_of_one_household_does_not_speak_of_others(folder: Path, tmp_path: Path) -> None:
    write_savings(tmp_path / "one", told_savings(folder, None, ["H1"], ShadowRule()))
    runner = CliRunner()
    assert runner.invoke(app, ["savings", str(folder), "--check", str(tmp_path / "one")]).exit_code == 0
    other = runner.invoke(app, ["savings", str(folder), "--check", str(tmp_path / "one"), "--household", "H2"])
    assert other.exit_code == 2
    assert "H2" in other.output


def test_every_file_that_reading_opens_is_among_the_inputs(folder: Path, archive: Path) -> None:
    (folder / "glide.csv").write_text("household_id,from,model\n")
    try:
        _OPENED.clear()
        _WATCHING.append(True)
        run = told_savings(folder, None, [], ShadowRule())
        _WATCHING.clear()
    finally:
        _WATCHING.clear()
        (folder / "glide.csv").unlink()
    inside = {Path(path).relative_to(folder).as_posix() for path in _OPENED if path.startswith(f"{folder}/")}
    read = {path for path in inside if not path.startswith("ledger/state/")}  # what was folded of the journal
    assert {"securities.csv", "glide.csv", "risk/exposures.csv", "firm.toml"} <= read
    assert read <= set(run.inputs)
    assert "lotwise" in json.loads((archive / "savings.json").read_text())["inputs"]


def test_another_identical_group_is_named(folder: Path, archive: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "grouped")
    securities = tmp_path / "grouped" / "securities.csv"
    lines = securities.read_text().splitlines()
    securities.write_text("\n".join([f"{lines[0]},identical_group", *(f"{line},both" for line in lines[1:])]) + "\n")
    assert read_firm(tmp_path / "grouped").as_of == LAST
    assert [path.name for path in input_files(folder)].count("securities.csv") == 1
    found = compare_savings(archive, told_again(tmp_path / "grouped", read_archive(archive)))
    assert "securities.csv" in found.changed_inputs


def test_a_day_after_the_last_price_is_refused(folder: Path) -> None:
    assert told_savings(folder, date(2026, 3, 1), ["H1"], ShadowRule()).firm.as_of == date(2026, 3, 1)  # a Sunday
    with pytest.raises(ValueError, match="date must be at most 2026-02-27, the day of the last price"):
        told_savings(folder, NEXT, ["H1"], ShadowRule())


def test_a_day_of_the_folder_after_the_last_price_is_refused_with_its_line(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    shutil.copytree(folder, later)
    (later / "firm.toml").write_text(f'version = 1\nname = "Told"\nas_of = {NEXT}\n')
    said = (
        f"firm.toml:3 [as_of]: must be at most {LAST}, the day of the last price, or one without trading right after "
        f"it; was {NEXT}; add prices until then, or say an earlier day"
    )
    for command in ("savings", "documents"):
        shown = CliRunner().invoke(app, [command, str(later), "--out", str(tmp_path / command)])
        assert (shown.exit_code, said in " ".join(shown.output.split())) == (2, True), shown.output
        assert not (tmp_path / command).exists()
    assert told_savings(later, LAST, ["H1"], ShadowRule()).firm.as_of == LAST
    in_memory = lotwise.read_firm(later)  # a price of the eve is one that can be traded at
    with pytest.raises(FolderError, match=r"firm\.toml:3 \[as_of\]: must be at most"):
        in_memory.savings()


def test_a_night_long_after_the_last_price_decides_nothing(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    shutil.copytree(folder, later)
    (later / "firm.toml").write_text('version = 1\nname = "Told"\nas_of = 2026-03-09\n')
    said = f"firm.toml:3 [as_of]: must be within 5 trading days of the last price, which is of {LAST}; was 2026-03-09"
    with pytest.raises(FolderError, match=re.escape(said)):
        run_folder(later, tmp_path / "out")
    assert (
        said.partition(": ")[2].partition(";")[0].removeprefix("must be ")
        in (tmp_path / "out" / "findings.csv").read_text()
    )
    with pytest.raises(ValueError, match=f"date must be within 5 trading days of the last price, which is of {LAST}"):
        run_folder(later, tmp_path / "out", as_of=date(2026, 3, 10))


def test_a_file_in_place_of_a_folder_is_named_with_its_option(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    for command in (["savings", str(folder)], ["documents", str(folder)]):
        for place in (tmp_path / "afile", tmp_path / "afile" / "within"):
            shown = CliRunner().invoke(app, [*command, "--out", str(place)])
            assert shown.exit_code == 2
            assert "--out must be a folder, was" in " ".join(shown.output.split())
    assert (tmp_path / "afile").read_text() == ""


def test_later_transactions_are_one_line_with_their_count(folder: Path) -> None:
    shown = CliRunner().invoke(app, ["savings", str(folder), "--household", "H1", "--date", "2025-07-31"])
    assert shown.output.count("later transactions are not looked at") == 1
    assert "and 1 more like this one" in " ".join(shown.output.split())
