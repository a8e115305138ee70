"""The journal only grows, part by part, whole or not at all; the cache may go at any time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import FolderError, Severity
from lotwise.interchange.ledger_files.posting import open_ledger
from lotwise.ledger.fold import fold
from lotwise.storage.journal import NUMBER, SCHEMA, Journal
from lotwise.storage.ledger import Ledger
from tests.interchange.ledger_folder import HEADER, everything, folder_with, ledger_of, parts, post

ROWS = (
    "2024-01-03,own,buy,T1,A,100,5000,1,L1",
    "2024-01-03,ira,buy,T2,A,10,500,,L2",
    "2024-02-01,own,sell,T3,A,30,1200,,",
)
MORE = ("2024-02-10,own,buy,T4,A,5,200,,L4", "2024-02-11,other,buy,T5,B,5,200,,")


def rows(count: int, account: str = "a") -> pl.DataFrame:
    given = {"date": [19000] * count, "account_id": [account] * count, "transaction_id": list(map(str, range(count)))}
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in given]
    return pl.DataFrame(given).with_columns(missing).select(SCHEMA.keys()).cast(pl.Schema(SCHEMA))


def test_parts_are_numbered_and_never_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(rows(3))
    first = (tmp_path / "000001.parquet").read_bytes()
    journal.append(rows(2, "b"))
    assert [path.name for path in journal.parts()] == ["000001.parquet", "000002.parquet"]
    assert (tmp_path / "000001.parquet").read_bytes() == first
    assert journal.rows() == 5
    assert journal.read()[NUMBER].to_list() == [0, 1, 2, 3, 4]
    assert journal.read(pl.Series(["b"]))[NUMBER].to_list() == [3, 4]
    assert journal.read().drop(NUMBER).equals(pl.concat([rows(3), rows(2, "b")]))


def test_dates_are_dates_for_whoever_opens_a_part(tmp_path: Path) -> None:
    path = Journal(tmp_path).append(rows(1))
    assert str(pl.read_parquet(path)["date"][0]) == "2022-01-08"


def test_a_missing_part_is_said(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(rows(1))
    journal.append(rows(1))
    (tmp_path / "000001.parquet").unlink()
    with pytest.raises(FolderError, match=r"must have 000001\.parquet"):
        journal.read()


def test_two_postings_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    class Slow(Journal):
        """Another process writes its part between counting the parts and naming the next one."""

        def parts(self) -> list[Path]:
            found = super().parts()
            if not found:
                Journal(self.folder).append(rows(7, "first"))
            return found

    tmp_path.mkdir(exist_ok=True)
    with pytest.raises(FolderError, match="post again"):
        Slow(tmp_path).append(rows(1, "second"))
    assert Journal(tmp_path).read()["account_id"].unique().to_list() == ["first"]
    assert parts_only(tmp_path) == ["000001.parquet"]


def parts_only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_crash_leaves_behind_is_not_looked_at(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    before = everything(folder)
    journal = folder / "ledger" / "journal"
    (journal / ".000002.parquet.partial-0badcafe").write_bytes(b"half a part")
    assert everything(folder) == before
    assert post(folder, *MORE).posted == 2
    assert "000002.parquet" in parts(folder)


def test_a_crash_between_journal_and_cache_loses_nothing(tmp_path: Path) -> None:
    whole = folder_with(tmp_path / "whole")
    post(whole, *ROWS)
    folder = folder_with(tmp_path / "crashed")
    post(folder, *ROWS)
    state = folder / "ledger" / "state"
    old = {path.name: path.read_bytes() for path in state.iterdir()}
    post(whole, *MORE, name="more.csv")
    post(folder, *MORE, name="more.csv")
    for name, content in old.items():  # the part was written, the cache is of before
        (state / name).write_bytes(content)
    assert everything(folder) == everything(whole)
    assert post(folder, *MORE, name="more.csv").posted == 0


@pytest.mark.parametrize("spoiled", ["lots", "realized", "washes", "names", "accounts", "refused", "fingerprint"])
def test_a_spoiled_cache_is_made_anew(tmp_path: Path, spoiled: str) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS, *MORE)
    before = everything(folder)
    state = folder / "ledger" / "state"
    ending = "json" if spoiled == "fingerprint" else "parquet"
    (state / f"{spoiled}.{ending}").write_bytes(b"[]")
    assert everything(folder) == before
    (state / f"{spoiled}.{ending}").unlink()
    assert everything(folder) == before


def test_the_cache_is_used_and_is_what_folding_again_gives(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    post(folder, *MORE, name="more.csv")
    ledger = ledger_of(folder)
    cached = ledger.standing()
    events, details = ledger.events()
    folded = fold(events, details, ledger.world())
    assert all(np.array_equal(one, other) for one, other in zip(cached.state, folded.state, strict=True))
    assert folded.state.washes.size == 2
    for path in (folder / "ledger" / "state").iterdir():
        path.unlink()
    again = ledger_of(folder).standing()
    assert all(np.array_equal(one, other) for one, other in zip(cached.state, again.state, strict=True))
    assert np.array_equal(cached.cash, again.cash)
    assert np.array_equal(cached.last_day, again.last_day)


def test_a_changed_register_folds_again(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS, *MORE)
    post(folder, "2024-02-12,other,buy,T6,A,9,300,,", name="other.csv")
    before = everything(folder)["washes"]
    married = "household_id,model,wash_group\nH1,core,all\nH2,core,all\nH3,core,all\n"
    folder_with(folder, households__csv=married)
    after = everything(folder)["washes"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert (len(before), len(after)) == (2, 3)


def test_a_killed_posting_leaves_all_or_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from lotwise.interchange.ledger_files.posting import post_files\n"
        "link = os.link\n"
        "def last_words(source, target):\n"
        "    WHEN == 'after' and link(source, target)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.link = last_words\n"
        f"post_files(Path({str(folder)!r}), [Path({str(folder / 'more.csv')!r})])\n"
    )
    (folder / "more.csv").write_text(
        "date,account_id,kind,transaction_id,symbol,shares,amount,fee,lot_id\n" + "\n".join(MORE) + "\n"
    )
    for when, posted in (("before", 3), ("after", 5)):
        done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
            [sys.executable, "-c", f"WHEN = {when!r}\n{code}"], check=False, env=dict(os.environ)
        )
        assert done.returncode == -signal.SIGKILL
        assert Ledger(folder, ledger_of(folder).register).journal.rows() == posted
        assert ledger_of(folder).events()[0].size == posted


SPOILED = [b"", b"PAR1", b"not a table at all"]


@pytest.mark.parametrize("content", SPOILED, ids=["empty", "cut", "text"])
def test_a_damaged_part_is_named_and_nothing_is_posted(tmp_path: Path, content: bytes) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    post(folder, *MORE, name="more.csv")
    second = folder / "ledger" / "journal" / "000002.parquet"
    whole = second.read_bytes()
    second.write_bytes(content)
    for act in (lambda: everything(folder), lambda: post(folder, "2024-03-01,own,deposit,T9,,,1,,", name="c.csv")):
        with pytest.raises(FolderError, match=r"000002\.parquet: must be a whole part of the journal, was damaged"):
            act()
    assert parts(folder) == ["000001.parquet", "000002.parquet"]
    second.write_bytes(whole)
    assert post(folder, *MORE, name="more.csv").duplicates == 2


def test_whatever_is_wrong_with_a_part_is_said_or_not_seen(tmp_path: Path) -> None:
    """Cut anywhere, or with a stretch of zeros: an error with the part's name, whatever the library makes of it."""
    journal = Journal(tmp_path)
    path = journal.append(rows(40))
    whole = path.read_bytes()
    said = 0
    for start in range(0, len(whole), len(whole) // 40):
        for content in (whole[:start], whole[:start] + bytes(60) + whole[start + 60 :]):
            path.write_bytes(content)
            try:
                journal.read()
                journal.rows()
            except FolderError as error:
                assert "000001.parquet" in str(error)  # noqa: PT017 - some damage is in what nobody reads
                said += 1
    assert said > 40


def test_a_file_where_a_folder_must_be_is_said(tmp_path: Path) -> None:
    for name in ("ledger", "ledger/journal"):
        folder = folder_with(tmp_path / name)
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("a file")
        with pytest.raises(FolderError, match="must be a folder that can be read, was: Not a directory"):
            post(folder, *ROWS)


def test_a_state_that_cannot_be_kept_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    before = everything(folder)
    state = folder / "ledger" / "state"
    shutil.rmtree(state)
    state.write_text("a file")
    opened = open_ledger(folder)
    (found,) = opened.findings
    assert (found.file, found.severity) == ("ledger/state", Severity.NOTICE)
    assert "folds the journal again" in found.to_do
    assert everything(folder) == before
    report = post(folder, *MORE, name="more.csv")
    assert (report.posted, report.exit_status) == (2, 0)
    assert [each.file for each in report.findings] == ["ledger/state"]
    assert state.read_text() == "a file"
    state.unlink()
    assert not open_ledger(folder).findings
    assert not open_ledger(folder).findings


NO_ROOM = """
import resource, sys
from pathlib import Path
from lotwise.errors import FolderError
from lotwise.interchange.ledger_files.posting import post_files
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    post_files(Path(sys.argv[1]), [Path(sys.argv[1]) / "more.csv"])
except FolderError as error:
    print(error)
"""


def test_a_disk_without_room_posts_nothing_and_says_so(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    (folder / "more.csv").write_text("\n".join([HEADER, *MORE]) + "\n")
    done = subprocess.run(  # noqa: S603 - this interpreter, code of this file
        [sys.executable, "-c", NO_ROOM, str(folder)], capture_output=True, text=True, check=True
    )
    assert "must be a folder that can be written, with room" in done.stdout
    assert "nothing was posted" in done.stdout
    assert parts(folder) == ["000001.parquet"]
    assert post(folder, *MORE, name="more.csv").posted == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="who may do everything is stopped by no permission")
def test_a_ledger_that_may_only_be_read_is_read_and_not_posted_to(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    post(folder, *ROWS)
    before = everything(folder)
    shutil.rmtree(folder / "ledger" / "state")
    closed = [folder / "ledger", folder / "ledger" / "journal"]
    for path in closed:
        path.chmod(0o555)
    try:
        assert [each.file for each in open_ledger(folder).findings] == ["ledger/state"]
        assert everything(folder) == before
        with pytest.raises(FolderError, match="nothing was posted"):
            post(folder, *MORE, name="more.csv")
    finally:
        for path in closed:
            path.chmod(0o755)
    assert parts(folder) == ["000001.parquet"]
    assert post(folder, *MORE, name="more.csv").posted == 2
