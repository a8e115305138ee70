"""The terminal summary against the data."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console

from lotwise.errors import Finding, Severity
from lotwise.reports.run import Run
from lotwise.reports.summary import summary
from tests.reports.small_run import simulated_run, small_run


def shown(run: Run, width: int = 160) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=False).print(summary(run, Path("out")))
    return stream.getvalue()


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_totals_and_problems() -> None:
    text = squeezed(shown(small_run().run()))
    assert "Households 2 proposed, 1 hold, 1 refused, 1 failed" in text
    assert "Tax now $130 saved" in text
    assert "Tracking error 1.54% to 1.09%" in text
    assert "harvests a $1,234 long-term loss: $294 of tax saved now" in text
    assert "refused: 2 errors in its data, first: lots.csv:17" in text
    assert "* max_weight sector Energy 0.1 10.00% 11.20%" in text
    assert "Proved within under 0.0001 bp in the convex part" in text
    # by value: 1,000,000 at 0.8 bp, 250,000.1234 at 0.1 bp, 500,000 at 0.2 bp
    assert "As written within" in text
    assert "bp on average by value" in text
    assert "2 errors, 2 warnings, 1 notice" in text
    assert "Written to out: trades.csv, households.csv, findings.csv" in text


def test_households_of_one_message_share_a_row() -> None:
    text = shown(simulated_run(2_000, 1, seed=3).run())
    # 36 failed households, some of them with a finding of their own: two messages
    assert 1 <= text.count("re-verification found a broken rule") <= 2
    assert " more " in text
    assert len(text.splitlines()) < 60


def test_names_are_no_markup_and_obey_no_terminal() -> None:
    run = small_run()
    hostile = "[bold red]x[/] \x1b[31m\x07"
    labels = replace(run.labels, households=np.array([hostile, "H2", hostile, "H4", "H5"]))
    text = shown(replace(run, labels=labels, findings=()).run(firm=hostile))
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_an_error_that_changes_everything_is_said_in_full() -> None:
    found = Finding("risk", None, None, Severity.ERROR, "a sound risk model", "of no use", "an estimated one is used")
    text = squeezed(shown(replace(small_run(), findings=(found,)).run()))
    assert "risk: must be a sound risk model; was of no use; an estimated one is used" in text


def test_a_narrow_terminal_still_works() -> None:
    assert "H1" in shown(small_run().run(), width=60)


def test_a_restriction_of_the_household_is_named_by_it() -> None:
    run = small_run().run()
    accounts = run.relaxations.with_columns(account_id=pl.lit(None, dtype=pl.String))
    text = squeezed(shown(replace(run, relaxations=accounts)))
    household = run.relaxations["household_id"][0]
    assert f"{household} * max_weight sector Energy 0.1 10.00% 11.20%" in text


def test_what_is_written_nowhere_names_no_folder() -> None:
    stream = io.StringIO()
    Console(file=stream, width=160, force_terminal=False).print(summary(small_run().run()))
    assert "Written to" not in stream.getvalue()
