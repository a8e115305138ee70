"""The project's own cases: facts from statutes, regulations, rulings, courts and issuers, retold in plain words.

Each file of `cases/` is a topic. A case has a name, a citation, the facts as events (see `plain_words`) and what must
come of them:

    gains   of each lot sold (all sales of it together, or those of one day, `sold`): gain, term and, where they matter,
            shares, proceeds, basis, disallowed, lost (disallowed for ever). Of lots without a name: `symbol`.
            Nothing else may be realised.
    lots    open at the end: shares, basis, held_from. Nothing else may be open.

Optional: relief (the standing order of every account), funds, identical (groups of symbols), reading.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lotwise.ledger.events import Relief
from lotwise.ledger.tables import Reading
from tests.law.case_facts import Facts
from tests.law.comparison import Comparison, is_long
from tests.law.open_lots import compare_lots, stated_lots
from tests.law.plain_words import describe_accounts, write_sentence
from tests.law.wash_sale_cases import WrittenCase, relief_of
from tests.ledger.written_events import Record
from tests.ledger.written_results import Gain, OpenLot

_CASES = Path(__file__).parent / "cases"

# A primary source: the Code, a regulation, a ruling or procedure, the Service's publications and forms, a court.
_PRIMARY = re.compile(
    r"26 U\.S\.C\. \d+|Treas\. Reg\. \d+\.\d+|Rev\. Rul\. \d+-\d+|Rev\. Proc\. \d+-\d+|IRS Publication \d+|Form \d+|"
    r"\d+ (U\.S\.|F\.2d|T\.C\.|B\.T\.A\.) \d+"
)


class OwnCase(NamedTuple):
    topic: str
    entry: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.topic}: {self.entry['name']}"


def own_cases() -> list[OwnCase]:
    return [
        OwnCase(file.stem, entry)
        for file in sorted(_CASES.glob("*.toml"))
        for entry in tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)["case"]
    ]


OWN = own_cases()


@pytest.mark.parametrize("own", OWN, ids=str)
def test_own_case(own: OwnCase) -> None:
    judge(own)


def judge(own: OwnCase) -> None:
    """Fail unless the ledger gives what the case states."""
    case = Facts(str(own), own.entry)
    check = Comparison(case)
    written = _written(case)
    outcome = written.fold(check)
    _compare_gains(check, written, outcome.gains, case.tables("gains") if "gains" in case else [])
    stated = case.tables("lots") if "lots" in case else []
    named = {str(lot.raw("lot")) for lot in stated}
    compare_lots(check, stated_lots(stated), [_by_symbol(lot, named) for lot in outcome.lots])
    case.done()
    check.done()


def _written(case: Facts) -> WrittenCase:
    record = Record()
    if "reading" in case:
        record.reading = Reading[case.text("reading").upper().replace(" ", "_")]
    describe_accounts(record, relief_of(case, "relief") if "relief" in case else Relief.FIFO)
    for symbol in case.raw("funds") if "funds" in case else ():
        record.fund(symbol)
    for group in case.tables("identical") if "identical" in case else ():
        record.identical(*group.raw("symbols"), first=group.day("from"))
    written = WrittenCase(record)
    for sentence in case.raw("events"):
        first = record.written
        write_sentence(record, sentence)
        written.note(sentence, range(first, record.written))
    return written


def _by_symbol(lot: OpenLot, named: set[str]) -> OpenLot:
    """Name a lot by its symbol where the case does not name it."""
    return lot if lot.name in named and lot.name else lot._replace(name=lot.symbol)


def _compare_gains(check: Comparison, written: WrittenCase, gains: Sequence[Gain], stated: Sequence[Facts]) -> None:
    told: set[int] = set()
    for facts in stated:
        wanted = {key: facts.text(key) for key in ("lot", "symbol") if key in facts}
        day = str(facts.day("sold")) if "sold" in facts else ""
        rows = [
            (number, gain)
            for number, gain in enumerate(gains)
            if wanted.get("lot", gain.name) == gain.name
            and wanted.get("symbol", gain.symbol) == gain.symbol
            and written.transaction_of[gain.event].startswith(day)
        ]
        what = " ".join([*wanted.values(), day]).strip()
        told.update(number for number, _ in rows)
        _compare_gain(check, what, [gain for _, gain in rows], facts)
    for number, gain in enumerate(gains):
        if number not in told:
            check.differ(f"realised besides: {gain}")


def _compare_gain(check: Comparison, what: str, gains: Sequence[Gain], facts: Facts) -> None:
    if "shares" in facts:
        check.shares(f"shares of {what}", sum((gain.shares for gain in gains), Decimal(0)), facts.number("shares"))
    for key, field in (("gain", "recognized"), ("lost", "permanent"), ("proceeds", "proceeds"), ("basis", "basis")):
        if key in facts:
            total = sum((getattr(gain, field) for gain in gains), Decimal(0))
            check.money(f"{key} of {what}", total, facts.number(key))
    disallowed = facts.number("disallowed") if "disallowed" in facts else Decimal(0)
    check.money(f"disallowed of {what}", sum((gain.disallowed for gain in gains), Decimal(0)), disallowed)
    if "term" in facts:
        check.term(what, {gain.long_term for gain in gains}, is_long(facts))


def test_every_case_cites_a_primary_source() -> None:
    for own in OWN:
        assert _PRIMARY.search(own.entry["citation"]), f"{own}: {own.entry['citation']!r} is no primary source"


def test_names_are_unique_and_cases_many() -> None:
    names = [str(own) for own in OWN]
    assert len(set(names)) == len(names)
    assert len(names) >= 40
