"""A prospect's move as a folder of results: the proposal, everything as JSON, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lotwise.interchange.atomic import replaced_files, require_no_firm
from lotwise.interchange.results import findings_table
from lotwise.prospects.transition import Transition
from lotwise.reports.transition_tables import (
    budgets_frame,
    choices_frame,
    legacy_frame,
    plan_frame,
    transition_json,
    years_frame,
)

__all__ = ["write_transition"]

_PROPOSAL = ("proposal.pdf", "proposal.html")


def write_transition(out: Path, found: Transition, proposal: Mapping[str, str | bytes] | None = None) -> None:
    """Write a transition into a folder, whole or not at all: the proposal, JSON, tables and findings as CSV.

    A proposal of an earlier run goes, whether or not there is a new one. Raises OSError where the folder cannot be
    written, FolderError where it is a firm folder.
    """
    require_no_firm(out)
    tables = {
        "transition_choices.csv": choices_frame(found),
        "transition_plan.csv": plan_frame(found),
        "transition_budgets.csv": budgets_frame(found),
        "transition_years.csv": years_frame(found),
        "transition_legacy.csv": legacy_frame(found),
        "transition_findings.csv": findings_table(found.findings),
    }
    with replaced_files(out, (*_PROPOSAL, "transition.json", *tables)) as folder:
        for name, content in (proposal or {}).items():
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        (folder / "transition.json").write_text(transition_json(found), "utf-8")
        for name, table in tables.items():
            table.write_csv(folder / name)
