"""A prospect's move, from nothing but a file of lots: read, valued, every choice with its exact tax, and the years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.atomic import replaced_files
from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList
from lotwise.interchange.firm_folder.header import read_header
from lotwise.interchange.prospect_file.as_firm import PROSPECT, Prospect, write_as_firm
from lotwise.interchange.prospect_file.assuming import AssumedLot, Assuming, with_assumptions
from lotwise.interchange.prospect_file.known import known_securities
from lotwise.interchange.prospect_file.lots import ProspectLots
from lotwise.interchange.prospect_file.reading import read_prospect
from lotwise.interchange.results import findings_table
from lotwise.nightly.compiling import compile_night
from lotwise.nightly.run import Watch, prepared_firm
from lotwise.nightly.transition_years import Future, years_under_budgets
from lotwise.prospects.choices import Choice, Floats, Role, Standing, choices_of, standing_of, with_recommended
from lotwise.prospects.told import advice, reasons
from lotwise.prospects.transition import Legacy, Resting, Transition, Unknown
from lotwise.prospects.true_tax import by_true_tax
from lotwise.rebalancing.frontier import Frontier, tax_tracking_frontier
from lotwise.reports.transition import budgets_frame, choices_frame, legacy_frame, transition_json
from lotwise.securities.market import SecurityKind

__all__ = ["Asked", "ProspectFirm", "prospect_firm", "transition_of", "write_transition"]

_NEAR_RECOMMENDED = 1.1  # times its tracking: complete, where nothing else is said
_PARTS = (0.25, 0.5, 1.0)  # of the recommended tax, as yearly budgets
_KEPT = 1e-4  # of a holding: less is none

_OF_RISK = ("risk", "(risk model)")  # findings about what is held or wanted

# What a finding about a cell that options say names in place of a file.
_OPTIONS = {"households.csv": "(options)", "accounts.csv": "(options)"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a transition."""

    prospect: Prospect
    as_of: date | None = None
    assuming: Assuming = field(default_factory=Assuming)
    points: int = 50
    horizon: float = 5.0  # years within which tax must be paid back by tracking
    budgets: tuple[int | None, ...] = ()  # money a year; empty = parts of the recommended tax, and none
    future: Future = field(default_factory=Future)
    threads: int = 0

    def __post_init__(self) -> None:
        if not self.horizon > 0:
            raise ValueError(f"the horizon must be more than 0 years, was {self.horizon}")
        if any(budget is not None and budget < 0 for budget in self.budgets):
            raise ValueError("a yearly budget of tax must be 0 or more")


@dataclass(frozen=True, slots=True)
class ProspectFirm:
    """A prospect as the one household of a firm, with the risk of its market, and the file it was made of."""

    firm: Firm
    read: ProspectLots
    lots: tuple[AssumedLot, ...]
    findings: tuple[Finding, ...]


def prospect_firm(file: Path, folder: Path, asked: Asked) -> ProspectFirm:
    """Read a prospect's lots as a household of a firm.

    Raises FolderError, with what was found, where no lot or nothing of the firm can be used, or the household is
    refused.
    """
    header = FindingList()
    said = read_header(folder, asked.as_of, header)
    if said.as_of is None:
        why = header.fatal[0] if header.fatal else f"{folder}: must be a firm folder"
        raise FolderError(why, header.all_sorted(()))
    known = known_securities(folder, said.as_of)
    read = read_prospect(file, known, said.as_of)
    lots, assumed = with_assumptions(file.name, read, known, said.as_of, asked.assuming)
    with TemporaryDirectory(prefix="lotwise-") as name:
        place = Path(name)
        lines = write_as_firm(place, folder, asked.prospect, lots, read.cash, known, said.as_of)
        try:
            firm, _ = prepared_firm(place, said.as_of)
        except FolderError as error:
            found = _of_file(error.findings, file.name, lines)
            raise FolderError(_worst(found) or str(error), (*read.findings, *found)) from error
    findings = (*read.findings, *assumed, *_of_file(firm.findings, file.name, lines))
    if firm.book.households.blocked[0]:
        raise FolderError(_worst(_of_file(firm.findings, file.name, lines)), findings)
    return ProspectFirm(firm, read, lots, findings)


def _worst(findings: Sequence[Finding]) -> str:
    return next((str(finding) for finding in findings if finding.severity is Severity.ERROR), "")


def _of_file(findings: Sequence[Finding], file: str, lines: Sequence[int]) -> tuple[Finding, ...]:
    """Findings about the prospect, with the lines of its own file; those about the rest of the firm are left out."""
    made = []
    for finding in findings:
        if finding.file == "lots.csv":
            own = lines[finding.line - 2] if finding.line and 2 <= finding.line < len(lines) + 2 else finding.line
            made.append(replace(finding, file=file, line=own, household=None))
        elif finding.file.startswith(_OF_RISK) and finding.severity is not Severity.NOTICE:
            made.append(replace(finding, household=None))
        elif finding.household in (PROSPECT, EVERY_HOUSEHOLD):
            line = None if finding.file in _OPTIONS else finding.line
            made.append(replace(finding, file=_OPTIONS.get(finding.file, finding.file), line=line, household=None))
    return tuple(made)


def transition_of(file: Path, folder: Path, asked: Asked, watch: Watch | None = None) -> Transition:
    """Work out every choice of a prospect's move to a model of a firm, and how long it takes under yearly budgets.

    Raises FolderError where nothing can be done with the file or the firm, ValueError where there is nothing to choose.
    """
    watch = watch or Watch()
    with watch.phase("read"):
        made = prospect_firm(file, folder, asked)
    firm = made.firm
    with watch.phase("compile"):
        compile_night(firm.book, firm.market)
    with watch.phase("solve"):
        frontier = tax_tracking_frontier(firm.book, firm.market, 0, asked.points)
        standing = standing_of(firm.book, firm.market)
        choices = choices_of(firm.book, firm.market, frontier, standing)
        chosen = frontier.trades.weight[frontier.chosen]
        after: Floats = np.bincount(frontier.trades.security, chosen, firm.market.price.size).astype(np.float64)
        better = 0.0
        if (true := by_true_tax(firm.book, firm.market, frontier, standing)) is not None:
            truly, after, better = true
            choices = with_recommended(choices, truly)
    best = next(choice for choice in choices if choice.role is Role.RECOMMENDED)
    near = _NEAR_RECOMMENDED * best.tracking if asked.future.near is None else asked.future.near
    budgets = asked.budgets or _budgets(best)
    years = years_under_budgets(firm, budgets, near, asked.future, asked.threads, watch)
    discount = float(firm.book.policies.deferral_discount[int(firm.book.households.policy[0])])
    return Transition(
        file=file.name,
        firm=firm.name,
        model=asked.prospect.model,
        profile=asked.prospect.profile,
        as_of=firm.as_of,
        standing=standing,
        lots=len(made.lots),
        resting=_resting(made.lots, asked.assuming),
        unknown=tuple(Unknown(each.symbol, each.line, each.basis) for each in made.read.unvalued),
        left_out=made.read.left_out,
        choices=choices,
        frontier=frontier,
        horizon=asked.horizon,
        reasons=reasons(frontier, choices, standing, discount, better),
        advice=advice(choices, asked.horizon, best.risk_price or 0.0, standing.value),
        legacy=_legacy(firm, standing, after),
        years=years,
        near=near,
        seed=asked.future.seed,
        drift=asked.future.drift,
        assumes=_assumes(asked, frontier),
        findings=made.findings,
    )


def _budgets(best: Choice) -> tuple[int | None, ...]:
    """A quarter, half and all of the recommended tax, and no budget; only the last where no tax is due."""
    if best.tax <= 0:
        return (None,)
    return (*(round(part * best.tax) for part in _PARTS), None)


def _resting(lots: Sequence[AssumedLot], assuming: Assuming) -> Resting:
    """How much of value and of gains rests on what was assumed."""
    value = sum(each.value for each in lots)
    sizes = [abs(each.value - each.basis) for each in lots]
    assumed = [size for size, each in zip(sizes, lots, strict=True) if each.basis_assumed]

    def part(amount: int, whole: int) -> float:
        return amount / whole if whole else 0.0

    return Resting(
        sum(each.basis_assumed or each.date_assumed for each in lots),
        part(sum(each.value for each in lots if each.basis_assumed), value),
        part(sum(each.value for each in lots if each.date_assumed), value),
        part(sum(assumed), sum(sizes)),
        assuming.basis,
        str(assuming.holding),
    )


def _legacy(firm: Firm, standing: Standing, after: Floats) -> tuple[Legacy, ...]:
    """What is held and is not in the target, the largest first, and how much of it the recommended point keeps."""
    securities = firm.market.price.size
    gain = np.bincount(firm.book.lots.security, standing.gain, securities)
    rows = np.flatnonzero((standing.weight > 0) & (standing.target == 0))
    kept = np.divide(after, standing.weight, out=np.zeros(securities), where=standing.weight > 0)
    return tuple(
        Legacy(
            firm.market_labels.symbols[row],
            firm.market_labels.names[row],
            SecurityKind(int(firm.market.kind[row])).name.lower(),
            round(standing.weight[row] * standing.value),
            int(gain[row]),
            min(float(kept[row]), 1.0) if kept[row] > _KEPT else 0.0,
        )
        for row in rows[np.argsort(-standing.weight[rows], kind="stable")].tolist()
    )


def _assumes(asked: Asked, frontier: Frontier) -> tuple[str, ...]:
    """What is taken for granted, in sentences."""
    future, assuming = asked.future, asked.assuming
    return (
        *frontier.assumes,
        "nothing was sold at a loss in the last 30 days, and no gain was realised this year before the move",
        f"a basis that is not known is {assuming.basis:.0%} of value; a lot without a date is {assuming.holding}-term",
        "selling everything counts every loss in full: buying the same names back within 30 days would bar them",
        f"simulated prices grow by {future.drift:.0%} a year on average, with the risk of the firm's model",
        "the target drifts with them; one visit a year; taxes are paid from other money, by the law of this year",
    )


def write_transition(out: Path, found: Transition) -> None:
    """Write a transition into a folder, whole or not at all: everything as JSON, the tables and findings as CSV.

    Raises OSError where the folder cannot be written, FolderError where it is a firm folder.
    """
    if (out / "firm.toml").exists():
        raise FolderError(f"{out}: must be a folder for results; it is a firm folder")
    tables = {
        "transition_choices.csv": choices_frame(found),
        "transition_budgets.csv": budgets_frame(found),
        "transition_legacy.csv": legacy_frame(found),
        "transition_findings.csv": findings_table(found.findings),
    }
    with replaced_files(out, ("transition.json", *tables)) as folder:
        (folder / "transition.json").write_text(transition_json(found), "utf-8")
        for name, table in tables.items():
            table.write_csv(folder / name)
