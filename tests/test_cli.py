"""The command line: what each command says, writes and leaves with."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

import lotwise
from lotwise.cli import app
from lotwise.cli_bench import bench_app
from lotwise.cli_ledger import ledger_app
from lotwise.lab.demo_firm import write_demo_firm
from tests.interchange.small_firm import small_firm, write

COMMANDS = ("demo", "rebalance", "explain", "frontier", "screens", "profile", "risk")


def lotwise_says(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def words(result: Result) -> str:
    """Everything printed, on one line: a terminal breaks lines where its width says."""
    return " ".join(result.output.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "firm", small_firm())


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli") / "firm"
    write_demo_firm(place, seed=2, households=3)
    return place


# --- help ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    result = lotwise_says(command, "--help")
    assert result.exit_code == 0
    assert f"Example: lotwise {command}" in words(result)


def test_the_help_loads_neither_a_compiler_nor_data_frames() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from lotwise.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(*{'numba', 'numpy', 'polars', 'pyarrow', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("group", "own"), [("ledger", ledger_app), ("bench", bench_app)])
def test_groups_that_are_loaded_late_have_the_help_and_the_commands_of_their_own(group: str, own: Typer) -> None:
    whole = words(lotwise_says("--help"))
    assert str(own.info.help) in whole.replace(" │ │ ", " ")
    said = words(lotwise_says(group, "--help"))
    names = [each.name or getattr(each.callback, "__name__", "") for each in own.registered_commands]
    assert names
    assert [name for name in names if f"│ {name} " not in said] == []


def test_the_help_names_every_command() -> None:
    said = words(lotwise_says("--help"))
    assert all(command in said for command in COMMANDS)


def test_the_version_is_said() -> None:
    assert words(lotwise_says("--version")) == f"lotwise {lotwise.__version__}"


# --- rebalance ----------------------------------------------------------------------------------------------------


def test_a_sound_firm_leaves_with_0_and_its_results(folder: Path, tmp_path: Path) -> None:
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out", "--threads", 1)
    assert result.exit_code == 0
    assert (tmp_path / "out" / "run.html").is_file()
    assert pl.read_csv(tmp_path / "out" / "households.csv").height == 3


def test_a_refused_household_leaves_with_1_and_the_others_results(folder: Path, tmp_path: Path) -> None:
    lots = folder / "lots.csv"
    lots.write_text(lots.read_text().replace("A1,L2,BBB,5.5,", "A1,L2,BBB,-5.5,"))
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert pl.read_csv(tmp_path / "out" / "households.csv")["status"].to_list() == [
        "refused",
        "proposed",
        "hold",
    ]


def test_a_bad_folder_leaves_with_2_and_writes_its_findings_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "lots.csv").unlink()
    (folder / "accounts.csv").write_text("account_id,household_id\nA1,H1\n")
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    said = words(result)
    assert "nothing could be done" in said
    assert "lots" in said
    assert "accounts.csv" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["findings.csv", "findings.parquet"]


def test_a_folder_that_is_not_there_leaves_with_2(tmp_path: Path) -> None:
    result = lotwise_says("rebalance", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "nothing could be done" in words(result)
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_written_leave_with_2(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file is in the way")
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert (tmp_path / "out").read_text() == "a file is in the way"


def test_only_the_households_named_are_rebalanced(folder: Path, tmp_path: Path) -> None:
    chosen = ("--household", "H1", "--household", "H3")
    assert lotwise_says("rebalance", folder, "--out", tmp_path / "out", *chosen).exit_code == 0
    assert pl.read_csv(tmp_path / "out" / "households.csv")["household_id"].to_list() == ["H1", "H3"]


def test_the_day_may_be_named(folder: Path, tmp_path: Path) -> None:
    assert lotwise_says("rebalance", folder, "--out", tmp_path / "out", "--date", "2025-06-27").exit_code == 0
    trades = pl.read_csv(tmp_path / "out" / "trades.csv")
    assert set(trades.filter(pl.col("symbol") == "BBB")["price"]) == {112.25}  # of that day; 113.25 on the next


@pytest.mark.parametrize("day", ["yesterday", "2025-02-30", "30.06.2025"])
def test_a_day_that_is_none_leaves_with_2(folder: Path, tmp_path: Path, day: str) -> None:
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out", "--date", day)
    assert result.exit_code == 2
    assert "must be a date as YYYY-MM-DD" in words(result)
    assert not (tmp_path / "out").exists()


def test_settings_come_from_the_environment(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTWISE_PARQUET", "false")
    lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").glob("*.parquet")] == []
    assert (tmp_path / "out" / "trades.csv").is_file()


@pytest.mark.parametrize("setting", [("LOTWISE_THREADS", "many"), ("LOTWISE_CSV", "perhaps")])
def test_a_setting_that_is_none_is_named_and_leaves_with_2(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str]
) -> None:
    monkeypatch.setenv(*setting)
    result = lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert setting[1] in words(result)


# --- explain ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("household", "symbol", "said"),
    [
        ("H1", "AAA", "L1 10 $1,030.00 51.5% long not sold: $66 of tax and $1 of trading against"),
        ("H1", "BBB", "L2 5.5 $622.88 3.6% short not sold: it is kept"),
        ("H1", "ETF", "L1 100 $9,800.00 8.2% long 16 shares sold: $0 of tax and $1 of trading against"),
        ("H3", "BBB", "L1 2 $226.50 55.8% long not sold: a restriction forbids selling it"),
    ],
)
def test_explain_says_of_each_lot_why_it_stays_or_goes(folder: Path, household: str, symbol: str, said: str) -> None:
    result = lotwise_says("explain", folder, household, symbol)
    assert result.exit_code == 0
    assert f"Household {household}" in words(result)
    assert said in words(result)


def test_explain_of_a_household_tells_of_every_account_and_name(folder: Path) -> None:
    said = words(lotwise_says("explain", folder, "H1"))
    assert "A1, $2,628.38" in said
    assert "A2, $9,820.00" in said
    assert all(f" {symbol} " in said for symbol in ("AAA", "BBB", "CCC", "ETF"))


@pytest.mark.parametrize(("household", "symbol"), [("H99", "AAA"), ("H1", "ZZZ")])
def test_explain_of_what_is_not_there_leaves_with_2_and_names_it(folder: Path, household: str, symbol: str) -> None:
    result = lotwise_says("explain", folder, household, symbol)
    assert result.exit_code == 2
    assert (household if household == "H99" else symbol) in words(result)


def test_explain_shows_the_findings_of_a_refused_household(folder: Path) -> None:
    lots = folder / "lots.csv"
    lots.write_text(lots.read_text().replace("A1,L2,BBB,5.5,", "A1,L2,BBB,-5.5,"))
    said = words(lotwise_says("explain", folder, "H1"))
    assert "lots.csv:2" in said
    assert "refused" in said


# --- risk and demo ------------------------------------------------------------------------------------------------


def test_a_policy_is_printed_key_by_key_with_its_layers(folder: Path) -> None:
    (folder / "overrides.toml").write_text('[H2]\ncash_band = 0.03\nlocation.equity.roth = -5\nnotes = "[sells]"\n')
    result = lotwise_says("profile", folder, "--household", "H2", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["owner"], told["profile"]) == ("H2", "gentle")
    keys = {each["key"]: (each["value"], each["from"]) for each in told["keys"]}
    assert keys["cash_band"] == ("0.03", "household H2")
    assert keys["harvest"] == ("year_round", "profile gentle")
    assert keys["risk_price_bps"] == ("40", "firm")
    assert keys["location_years"] == ("1", "default")
    assert keys["tax_budget"] == (None, "default")
    assert keys["location.equity.roth"] == ("-5", "household H2")
    table = words(lotwise_says("profile", folder, "--household", "H2"))
    assert told["version"] in table
    assert "[sells]" in table
    own = json.loads(lotwise_says("profile", folder, "--json").stdout)
    assert (own["owner"], own["profile"]) == ("the firm", None)
    assert own["version"] != told["version"]


def test_the_version_of_a_policy_is_in_the_results(folder: Path, tmp_path: Path) -> None:
    lotwise_says("rebalance", folder, "--out", tmp_path / "out")
    written = pl.read_csv(tmp_path / "out" / "households.csv", schema_overrides={"policy_version": pl.String})
    for household, version in written.select("household_id", "policy_version").iter_rows():
        told = json.loads(lotwise_says("profile", folder, "--household", household, "--json").stdout)
        assert told["version"] == version


def test_a_wrong_policy_leaves_with_1_and_what_is_not_there_with_2(folder: Path) -> None:
    (folder / "overrides.toml").write_text("[H2]\ncash_bnad = 0.03\n")
    wrong = lotwise_says("profile", folder, "--household", "H2")
    assert wrong.exit_code == 1
    assert "did you mean cash_band?" in words(wrong)
    assert lotwise_says("profile", folder, "--household", "H3").exit_code == 0
    assert lotwise_says("profile", folder, "--household", "H33").exit_code == 2
    assert lotwise_says("profile", folder / "nowhere").exit_code == 2


def with_screens(place: Path) -> Path:
    files = small_firm()
    files["restrictions.csv"] = (
        "household_id,rule,scope,value,weight,account_id\n"
        "*,never_buy,screen,smoke,,\n"
        "H1,never_own,screen,fossil,,\n"
        "H1,max_weight,screen,fossil,0.3,\n"
        "H3,max_weight,sector,Tech,0.4,\n"
    )
    files["securities.csv"] = files["securities.csv"].replace(",Oil,", ",Oil & Gas,")
    return write(place, files)


def test_screens_lists_whose_they_are_and_what_they_keep_out(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["screens", str(with_screens(tmp_path)), "--json"])
    assert result.exit_code == 0
    lines = {(line["household_id"], line["restricts"]): line for line in json.loads(result.stdout)}
    assert set(lines) == {(f"H{row}", "screen smoke") for row in (1, 2, 3)} | {("H1", "screen fossil")}
    fossil = lines["H1", "screen fossil"]
    assert fossil["rules"] == ["never_own screen fossil", "max_weight screen fossil 0.3"]
    assert (fossil["model_names"], fossil["model_weight"]) == (["AAA"], 0.5)
    assert "price" not in fossil
    assert "1 security by Oil & Gas (1)" in words(result)


def test_screens_of_a_household_are_priced(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["screens", str(with_screens(tmp_path)), "--household", "H1", "--json"])
    lines = {line["restricts"]: line["price"] for line in json.loads(result.stdout)}
    assert list(lines) == ["screen smoke", "screen fossil", "all of them"]
    # Nothing but AAA is sold for a screen: it is half of the model, and all of it gain.
    assert lines["screen fossil"]["tax_with"] > lines["screen fossil"]["tax_without"]
    assert lines["screen fossil"]["te_with"] > lines["screen fossil"]["te_without"]
    assert lines["all of them"]["objective_bps"] >= -lines["all of them"]["within_bps"]


def test_screens_shows_a_table_and_every_restriction_where_asked(tmp_path: Path) -> None:
    folder = with_screens(tmp_path)
    table = words(lotwise_says("screens", folder, "--all"))
    assert "sector Tech" in table
    assert "sector Tech" not in words(lotwise_says("screens", folder))
    assert "objective" in words(lotwise_says("screens", folder, "--household", "H3"))


def test_screens_of_a_household_that_is_not_there_leaves_with_2(tmp_path: Path) -> None:
    result = lotwise_says("screens", with_screens(tmp_path), "--household", "H9")
    assert result.exit_code == 2
    assert "one of the 3 of households.csv, was 'H9'" in words(result)


# --- frontier -----------------------------------------------------------------------------------------------------


def test_a_frontier_is_a_table_with_the_chosen_point_and_today(demo_folder: Path) -> None:
    said = lotwise_says("frontier", demo_folder, "--household", "H0002", "--points", 9)
    assert said.exit_code == 0
    assert "Household H0002" in words(said)
    assert "chosen" in words(said)
    assert "today" in words(said)
    assert "of 9 points" in words(said)


def test_a_frontier_as_json_has_every_point(demo_folder: Path) -> None:
    said = lotwise_says("frontier", demo_folder, "--household", "H0002", "--points", 9, "--json")
    found = json.loads(said.stdout)
    assert found["household_id"] == "H0002"
    assert len(found["points"]) == 9
    assert [point["chosen"] for point in found["points"]].index(True) == found["chosen"]
    assert found["today"]["tax"] == 0
    refined, chosen = found["refined"], found["points"][found["chosen"]]
    assert refined["risk_price_bps"] == chosen["risk_price_bps"]
    assert refined["at_frozen_rates"]["tax"] == chosen["tax"]
    assert refined["gained"] >= 0


def test_another_point_of_a_frontier_is_solved_by_its_true_tax_where_asked(demo_folder: Path) -> None:
    said = lotwise_says("frontier", demo_folder, "--household", "H0002", "--points", 9, "--json", "--at", 20)
    found = json.loads(said.stdout)
    nearest = min(found["points"], key=lambda point: abs(math.log(point["risk_price_bps"] / 20)))
    assert found["refined"]["risk_price_bps"] == nearest["risk_price_bps"]
    assert found["refined"]["at_frozen_rates"]["tracking_error"] == nearest["tracking_error"]
    assert lotwise_says("frontier", demo_folder, "--household", "H0002", "--at", 0).exit_code == 2


def test_a_frontier_is_written_as_a_picture_or_as_csv(demo_folder: Path, tmp_path: Path) -> None:
    for name in ("f.svg", "f.csv"):
        said = lotwise_says("frontier", demo_folder, "--household", "H0002", "--points", 9, "--out", tmp_path / name)
        assert said.exit_code == 0
    assert "household H0002" in (tmp_path / "f.svg").read_text()
    assert pl.read_csv(tmp_path / "f.csv").height == 9
    said = lotwise_says("frontier", demo_folder, "--household", "H0002", "--out", tmp_path / "f.png")
    assert said.exit_code == 2
    assert "must end in .svg or .csv" in words(said)


def test_a_household_without_a_frontier_leaves_with_2_and_the_reason(folder: Path) -> None:
    (folder / "lots.csv").write_text("account_id,lot_id,symbol,shares,acquired,basis\nA5,L1,NONE,2,2023-03-03,100\n")
    said = lotwise_says("frontier", folder, "--household", "H3")
    assert said.exit_code == 2
    assert "must be a symbol" in words(said)
    assert "refused for bad data: correct the errors" in words(said)
    said = lotwise_says("frontier", folder, "--household", "H33")
    assert said.exit_code == 2
    assert "did you mean H3?" in words(said)


def test_a_risk_model_that_was_saved_is_the_one_brought_along(demo_folder: Path, tmp_path: Path) -> None:
    firm = shutil.copytree(demo_folder, tmp_path / "firm")
    assert "Factors" in words(lotwise_says("risk", firm))
    assert not (firm / "risk").exists()  # looked at, not saved
    saved = lotwise_says("risk", firm, "--save", firm)
    assert saved.exit_code == 0
    assert {path.name for path in (firm / "risk").glob("*.csv")} >= {
        "exposures.csv",
        "covariance.csv",
        "specific.csv",
    }
    estimated, brought = tmp_path / "estimated", tmp_path / "brought"
    assert lotwise_says("rebalance", demo_folder, "--out", estimated).exit_code == 0
    assert lotwise_says("rebalance", firm, "--out", brought).exit_code == 0
    assert "estimated from prices" in (estimated / "run.html").read_text(encoding="utf-8")
    assert "brought along" in (brought / "run.html").read_text(encoding="utf-8")
    one, other = (pl.read_parquet(each / "households.parquet") for each in (estimated, brought))
    assert one["te_before"].to_list() == pytest.approx(other["te_before"].to_list(), rel=1e-6)


def test_the_demo_writes_a_firm_and_its_results_and_says_what_next(tmp_path: Path) -> None:
    result = lotwise_says("demo", "--out", tmp_path / "demo", "--households", 2, "--seed", 5)
    assert result.exit_code == 0
    assert (tmp_path / "demo" / "firm" / "firm.toml").is_file()
    assert pl.read_csv(tmp_path / "demo" / "results" / "households.csv").height == 2
    assert "lotwise explain" in words(result)
    assert "lotwise savings" in words(result)
    saved = lotwise_says("savings", tmp_path / "demo" / "firm", "--household", "H0001", "--json")
    assert saved.exit_code == 0
    assert json.loads(saved.stdout)["households"][0]["since"] == "2024-09-30"


def test_a_demo_without_a_past_has_no_ledger(tmp_path: Path) -> None:
    result = lotwise_says("demo", "--out", tmp_path / "demo", "--households", 1, "--seed", 5, "--no-history")
    assert result.exit_code == 0
    assert "lotwise savings" not in words(result)
    assert not (tmp_path / "demo" / "firm" / "ledger").exists()


def test_the_demo_does_not_write_into_a_folder_of_somebody_else(tmp_path: Path) -> None:
    write(tmp_path / "demo" / "firm", {"letter.txt": "dear"})
    result = lotwise_says("demo", "--out", tmp_path / "demo", "--households", 1)
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "demo" / "firm").iterdir()] == ["letter.txt"]


# --- Ctrl-C -------------------------------------------------------------------------------------------------------

# Runs the command, and where it is told to stop says so and waits for the signal: at a phase, or in the middle of
# writing, when one table stands and the next does not.
_CHILD = """
import sys, time
import polars as pl
import lotwise.cli as cli
import lotwise.nightly.run as run

place = sys.argv.pop(1)

def stop():
    print("here", flush=True)
    time.sleep(60)

run_folder = run.run_folder

def watched(*arguments, watch, **options):
    show = watch.on_phase
    def on_phase(name, total):
        show(name, total)
        if name == place:
            stop()
    watch.on_phase = on_phase
    return run_folder(*arguments, watch=watch, **options)

run.run_folder = watched
write_parquet = pl.DataFrame.write_parquet

def slow(self, path, *arguments, **options):
    write_parquet(self, path, *arguments, **options)
    if place == "between two files" and path.name == "households.parquet":
        stop()

pl.DataFrame.write_parquet = slow
cli.main()
"""


def interrupted(place: str, folder: Path, out: Path) -> tuple[int, str]:
    """Run `lotwise rebalance`, press Ctrl-C at a place; returns its exit status and what it said."""
    command = [sys.executable, "-c", _CHILD, place, "rebalance", str(folder), "--out", str(out)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "here\n", child.stderr.read()
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        return child.returncode, said


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as Ctrl-C does")
@pytest.mark.parametrize("place", ["solve", "between two files"])
def test_ctrl_c_leaves_no_half_written_results(folder: Path, tmp_path: Path, place: str) -> None:
    results = tmp_path / "results"
    status, said = interrupted(place, folder, results / "new")
    assert status == 130
    assert "interrupted: nothing was written" in said
    assert not results.exists() or list(results.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as Ctrl-C does")
def test_ctrl_c_leaves_the_results_of_the_run_before(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lotwise_says("rebalance", folder, "--out", out, "--household", "H1")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    status, _ = interrupted("between two files", folder, out)
    assert status == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
