"""A prospect's move, from nothing but a file of lots: read, valued, every choice with its exact tax, and the years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from lotwise.errors import Finding, FolderError, Severity
from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.firm_folder.findings import EVERY_HOUSEHOLD, FindingList
from lotwise.interchange.firm_folder.header import read_header
from lotwise.interchange.prospect_file.as_firm import PROSPECT, Prospect, write_as_firm
from lotwise.interchange.prospect_file.assuming import AssumedLot, Assuming, with_assumptions
from lotwise.interchange.prospect_file.known import known_securities
from lotwise.interchange.prospect_file.lots import ProspectLots
from lotwise.interchange.prospect_file.reading import read_prospect
from lotwise.nightly.compiling import compile_night
from lotwise.nightly.run import Watch, prepared_firm
from lotwise.nightly.transition_told import assumed, legacy_of, planned, resting_on
from lotwise.nightly.transition_years import Future, years_under_budgets
from lotwise.prospects.choices import Choice, Role, choices_of, standing_of, with_recommended
from lotwise.prospects.plan import moves_of_point, moves_of_trades
from lotwise.prospects.told import advice, reasons, why_keep
from lotwise.prospects.transition import Transition, Unknown
from lotwise.prospects.true_tax import by_true_tax
from lotwise.rebalancing.frontier import tax_tracking_frontier

__all__ = ["Asked", "ProspectFirm", "prospect_firm", "transition_of"]

_NEAR_RECOMMENDED = 1.1  # times its tracking: complete, where nothing else is said
_PARTS = (0.25, 0.5, 1.0)  # of the recommended tax, as yearly budgets

_REFUSED = "; until then the household is refused"
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
    # Nobody is refused here but the file or the options that somebody has just typed.
    return tuple(replace(each, to_do=each.to_do.removesuffix(_REFUSED)) for each in made)


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
        moves = moves_of_point(firm.book, firm.market, frontier, standing)
        true = by_true_tax(firm.book, firm.market, frontier, standing)
        if true is not None:
            choices = with_recommended(choices, true.choice)
            moves = moves_of_trades(firm.book, true.trades)
    best = next(choice for choice in choices if choice.role is Role.RECOMMENDED)
    near = _NEAR_RECOMMENDED * best.tracking if asked.future.near is None else asked.future.near
    budgets = asked.budgets or _budgets(best)
    years = years_under_budgets(firm, budgets, near, asked.future, asked.threads, watch)
    resting = resting_on(made.lots, asked.assuming)
    discount = float(firm.book.policies.deferral_discount[int(firm.book.households.policy[0])])
    return Transition(
        file=file.name,
        firm=firm.name,
        model=asked.prospect.model,
        profile=asked.prospect.profile,
        as_of=firm.as_of,
        standing=standing,
        lots=len(made.lots),
        resting=resting,
        unknown=tuple(Unknown(each.symbol, each.line, each.basis) for each in made.read.unvalued),
        left_out=made.read.left_out,
        choices=choices,
        frontier=frontier,
        horizon=asked.horizon,
        reasons=reasons(frontier, choices, standing, discount, true.better if true else 0.0),
        advice=advice(choices, asked.horizon, best.risk_price or 0.0, standing.value),
        keep=why_keep(choices, asked.horizon),
        plan=planned(firm, made.lots, moves),
        legacy=legacy_of(firm, standing, moves),
        years=years,
        near=near,
        seed=asked.future.seed,
        drift=asked.future.drift,
        assumes=assumed(asked.future, asked.assuming, frontier, unsure=resting.lots > 0),
        findings=made.findings,
    )


def _budgets(best: Choice) -> tuple[int | None, ...]:
    """A quarter, half and all of the recommended tax, and no budget; only the last where no tax is due."""
    if best.tax <= 0:
        return (None,)
    return (*(round(part * best.tax) for part in _PARTS), None)
