"""The lab's report as a document of blocks, to be set as PDF: what the page says, experiment by experiment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Document,
    Heading,
    NewPage,
    Note,
    Notes,
    Paragraph,
    Picture,
    Row,
    Table,
)
from lotwise.reports.lab_page import ExperimentPage

__all__ = ["lab_document"]


def lab_document(experiments: Sequence[ExperimentPage], as_of: date) -> Document:
    """Put experiments one after the other; `as_of` is the last day of their markets."""
    blocks: list[Block] = [
        Table(
            (
                Column("Experiment", number=False),
                Column("Verdict", number=False),
                Column("Published", False, wide=True),
            ),
            tuple(Row((each.title, each.verdict, each.claim)) for each in experiments),
        )
    ]
    for each in experiments:
        blocks += [NewPage(), *_blocks_of(each)]
    verdicts = ", ".join(f"{each.name} {each.verdict}" for each in experiments)
    return Document("lab", "The open lab", "claims of the field", "", as_of, f"{verdicts}.", tuple(blocks))


def _blocks_of(each: ExperimentPage) -> list[Block]:
    blocks: list[Block] = [
        Heading(each.title),
        Paragraph(f"{each.claim} ({each.source})"),
        Paragraph(f"{each.verdict.capitalize()}. {each.because}"),
        Paragraph(f"Rule of the verdict: {each.rule}", small=True),
    ]
    blocks += [Picture(picture["svg"], "", picture["words"]) for picture in each.pictures]
    for table in each.tables:
        first, *others = table["columns"]
        columns = (Column(first, number=False, wide=True), *(Column(name) for name in others))
        blocks.append(Table(columns, tuple(Row(tuple(row)) for row in table["rows"]), table["title"]))
        if table["note"]:
            blocks.append(Paragraph(table["note"], small=True))
    said = (("Market", each.market), ("Run", f"{each.size}, seed {each.seed}"), *each.settings)
    blocks.append(Heading("Definitions and settings"))
    blocks.append(Notes(tuple(Note(term, text) for term, text in (*each.definitions, *said))))
    return blocks
