"""The journal only grows, part by part, whole or not at all; the cache may go at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import FolderError
from lotwise.ledger.fold import fold
from lotwise.storage.journal import NUMBER, SCHEMA, Journal
from lotwise.storage.ledger import Ledger
from tests.interchange.ledger_folder import everything, folder_with, ledger_of, parts, post

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
