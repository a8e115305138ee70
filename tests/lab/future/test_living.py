"""A household through its futures: relative to the ordinary rule, the same again, told and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lotwise.errors import FolderError, UnknownNameError
from lotwise.interchange.firm_folder import Firm
from lotwise.lab.future.living import FIGURES, Futures, futures_of
from lotwise.lab.future.prices import Future
from lotwise.lab.future.telling import folder_of, page_of, write_futures
from lotwise.reports.future_page import cells, future_page, in_short
from tests.lab.future.family_firm import told_family
from tests.library.written_frames import HOSTILE

SHORT = Future(years=1, paths=2, growth=0.05)


@pytest.fixture(scope="module")
def firm() -> Firm:
    return told_family()


@pytest.fixture(scope="module")
def futures(firm: Firm, tmp_path_factory: pytest.TempPathFactory) -> Futures:
    return futures_of(firm, "H2", SHORT, ["looks = 'yearly'"], tmp_path_factory.mktemp("checkpoints"))


def test_everything_is_above_the_ordinary_rule(futures: Futures) -> None:
    assert set(futures.figures) == set(FIGURES)
    for name in ("sold", "stepped_up", "before_tax"):
        figures = futures.figures[name]
        assert figures.shape == (2, 7)
        assert (figures[:, 0] == 0).all()
        assert np.abs(figures).max() < 0.2
    assert (futures.figures["tracking"] > 0).all()
    assert futures.value == pytest.approx(41_300 - 0, rel=0.2)


def test_who_never_looks_at_losses_pays_no_less_tax(futures: Futures) -> None:
    names = [policy.name for policy in futures.policies]
    tax = futures.figures["tax"].mean(axis=0)
    assert tax[names.index("own profile")] <= tax[names.index("no harvesting")] + 1.0


def test_the_same_is_lived_again_and_not_twice(firm: Firm, tmp_path: Path) -> None:
    steps: list[int] = []
    one = futures_of(firm, "H2", Future(years=1, paths=1), (), tmp_path)
    again = futures_of(firm, "H2", Future(years=1, paths=1), (), tmp_path, lambda _name, _total: steps.append)
    assert len(steps) == 1  # taken up whole from its checkpoint
    for name in FIGURES:
        assert one.figures[name].tolist() == again.figures[name].tolist()


def test_it_is_told_and_written(futures: Futures, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "H2")
    page = write_futures(futures, folder)
    text = page.read_text(encoding="utf-8")
    for part in ("<svg", "Left out", "ordinary rule", "no harvesting", "looks = ", "Every security".lower()):
        assert part in text or part.replace("'", "&#39;") in text
    told = page_of(futures)
    assert len(cells(told)) == 7
    assert cells(told)[0][1] == "0.0%"
    said = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    own = futures.figures["sold"][:, 1]
    assert said["rows"][1]["sold"]["median"] == pytest.approx(float(np.median(own)))
    assert said["rows"][1]["sold"]["low"] == pytest.approx(min(own) + 0.1 * abs(own[1] - own[0]))
    assert pl.read_parquet(folder / "paths.parquet").height == 14
    assert "medians of 2 paths" in in_short(told)


def test_names_with_markup_are_only_text(futures: Futures) -> None:
    page = page_of(futures)._replace(name=HOSTILE, firm=HOSTILE, left_out=(HOSTILE,))
    assert "<script" not in future_page(page)


def test_a_folder_is_named_by_what_a_file_can_be_called() -> None:
    assert folder_of(Path("out"), "A/../B 1").name == "household-A_.._B_1"


def test_a_household_that_is_not_there_is_refused_with_the_nearest(firm: Firm) -> None:
    with pytest.raises(UnknownNameError, match=r"must be one of the 2 that are there, was 'H22'.*did you mean H2"):
        futures_of(firm, "H22", SHORT)


def test_a_household_of_bad_data_is_refused_with_the_reason() -> None:
    wrong = told_family()
    wrong.book.households.blocked[0] = True
    with pytest.raises(FolderError, match="household H1 is refused: its data cannot be used"):
        futures_of(wrong, "H1", SHORT)
