"""Spoiled folders and files: no traceback, every row accounted for, and what was posted is posted once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.ledger_files.posting import PostReport, open_from_lots, post_files
from tests.interchange.ledger_folder import everything
from tests.interchange.mutations import Files, mutant
from tests.interchange.small_firm import small_firm

COLUMNS = (
    "date,account_id,kind,transaction_id,sequence,symbol,shares,amount,fee,lot_id,basis,ratio,new_symbol,"
    "cash_per_share,stated,acquired"
)
TRANSACTIONS = f"""{COLUMNS}
2025-07-01,A1,buy,N1,1,AAA,10,900,1,M1,,,,,,
2025-07-02,A3,sell,N2,,AAA,1,100,0.5,,,,,,,
2025-07-03,A2,dividend,N3,,ETF,,12.5,,,,,,,,
2025-07-04,A1,split,N4,,AAA,,,,,,2,,,,
2025-07-05,A5,sell,,,CCC,1,3,,L2,,,,,,
2025-07-06,A4,transfer_out,N6,,CCC,2,,,,,,,,,
2025-07-07,A1,symbol_change,N7,,BBB,,,,,,,BBX,,,
2025-07-08,A1,sell_short,N8,,CCC,2,20,,,,,,,,
2025-07-09,A1,cover,N9,,CCC,2,10,,,,,,,,
2025-07-10,A5,basis_correction,N10,,BBB,,,,L1,77,,,,,
2025-07-06,A3,mixed_merger,N11,,AAA,,,,,,1/2,CCC,5,,
2025-07-06,A1,transfer_in,N12,,CCC,1,,,,30,,,,,
2025-07-08,A1,sell,N13,,ETF,1,9,,,8,,,,true,
"""
SOUND: Files = {
    **{name: text.encode() for name, text in small_firm().items()},
    "transactions.csv": TRANSACTIONS.encode(),
    "corporate_actions.csv": b"date,symbol,kind,ratio,cash_per_share\n2025-07-11,CCC,split,3:2,\n",
    "identical.csv": b"symbol,group,from,until,source\nAAA,g,2025-01-01,,memo\nBBB,g,,,memo\n",
}


def write(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def attempt(folder: Path, *, opening: bool = False) -> PostReport | None:
    try:
        return open_from_lots(folder) if opening else post_files(folder, backdated=True)
    except FolderError:
        return None


def journalled(folder: Path) -> int:
    return sum(pl.read_parquet(path).height for path in (folder / "ledger" / "journal").glob("*.parquet"))


def test_the_sound_folder_is_posted_whole(tmp_path: Path) -> None:
    folder = write(tmp_path, SOUND)
    opened = attempt(folder, opening=True)
    assert opened is not None
    assert (opened.posted, opened.exit_status) == (7, 0)
    report = attempt(folder)
    assert report is not None
    assert (report.posted, report.refused) == (13, 0), report.findings


@pytest.mark.parametrize("seed", range(120))
def test_spoiled_folders_are_found_not_fallen_over(tmp_path: Path, seed: int) -> None:
    folder = write(tmp_path, mutant(SOUND, seed))
    for opening in (True, False):
        before = journalled(folder)
        report = attempt(folder, opening=opening)
        if report is None:
            assert journalled(folder) == before
            continue
        events = report.posted + report.actions
        assert 0 <= journalled(folder) - before - events <= 1  # beside the events, the action of the market itself
        found_errors = [found for found in report.findings if found.severity is Severity.ERROR]
        assert bool(found_errors) == bool(report.exit_status)
        assert not report.refused or found_errors
    if journalled(folder):
        held = everything(folder)
        again = attempt(folder)
        assert again is None or (again.posted, again.actions) == (0, 0)
        assert everything(folder) == held
