"""A prospect's move as the client's document has it: today, the choices, the curve, the plan, what is held and sold."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from lotwise.errors import Finding
from lotwise.money import DOLLAR
from lotwise.prospects.choices import Choice, Role
from lotwise.prospects.transition import BudgetYears, Legacy, Planned, Transition
from lotwise.reports.documents import choices as document
from lotwise.reports.documents.blocks import Document
from lotwise.reports.documents.html import document_html
from lotwise.reports.documents.pdf import Press, why_no_picture
from lotwise.reports.documents.theme import Theme, read_theme
from lotwise.reports.documents.transition_page import transition_document

__all__ = ["FORMATS", "proposal_document", "proposal_files", "theme_of", "transition_choices"]

FORMATS: tuple[Literal["pdf", "html"], ...] = ("pdf", "html")

_ROLES = {
    Role.NOTHING: document.Role.NOTHING,
    Role.BETWEEN: document.Role.OTHER,
    Role.RECOMMENDED: document.Role.RECOMMENDED,
    Role.LIQUIDATE: document.Role.LIQUIDATE,
}
_YEARS = {Role.NOTHING: 0}  # all others are done in this tax year, where no budget is asked for
_BETWEEN = (1 / 3, 2 / 3)  # of the way from the recommended choice to either end: points that the table has too
_NEAR = 5e-5  # of tracking: nearer than this two rows of the table would say the same
_MOST_SYMBOLS = 20  # named in one sentence


def theme_of(folder: Path, firm: str, formats: tuple[str, ...] = FORMATS) -> tuple[Theme, tuple[Finding, ...]]:
    """Read the look of a firm's documents; a logo is tried only where a PDF is asked for."""
    return read_theme(folder, firm, why_no_picture if "pdf" in formats else lambda _: "")


def proposal_document(found: Transition, name: str = "") -> Document:
    """Write the proposal as a document; without a name the prospect is called as its file is."""
    return transition_document(transition_choices(found, name or Path(found.file).stem))


def proposal_files(
    found: Transition, theme: Theme, formats: tuple[str, ...] = FORMATS, name: str = ""
) -> dict[str, str | bytes]:
    """Print the proposal; returns what each file holds, by its name.

    Raises ValueError for a format that is none, PressError where typst is not installed or cannot set it.
    """
    for each in formats:
        if each not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, was {each!r}")
    made: dict[str, str | bytes] = {}
    paper = proposal_document(found, name)
    if "html" in formats:
        made["proposal.html"] = document_html(paper, theme)
    if "pdf" in formats:
        made["proposal.pdf"] = Press(theme).pdf(paper)
    return made


def transition_choices(found: Transition, household: str, name: str = "") -> document.TransitionChoices:
    """Say a prospect's move in the figures of its document; the plan is the recommended choice, this year."""
    best = found.recommended
    plan = document.PlanYear(
        found.as_of.year,
        best.sold,
        best.short_gains,
        best.long_gains,
        best.tax,
        None,
        best.tracking,
        best.overlap,
    )
    return document.TransitionChoices(
        household_id=household,
        name=name,
        as_of=found.as_of,
        target=found.model,
        today=_today(found),
        choices=tuple(_choice(each, found) for each in _shown(found)),
        curve=tuple(document.CurveStep(each.tax, each.tracking) for each in found.between if not each.by_true_tax),
        plan=(plan,),
        yearly_budget=None,
        outside=tuple(_outside(each) for each in found.legacy),
        reasons=found.reasons,
        advice=found.advice,
        assumptions=(*_resting(found), *(each[0].upper() + each[1:] + "." for each in found.assumes)),
        keep=found.keep,
        missing=_missing(found),
        budgets=tuple(_budget(each) for each in found.years),
        lots=_lots(found),
        sales=tuple(_sale(each) for each in found.plan if each.sells),
        purchases=_purchases(found),
    )


def _today(found: Transition) -> document.Legacy:
    standing = found.standing
    short, long = standing.gains
    return document.Legacy(
        value=standing.value,
        taxable_value=standing.taxable,
        short_gain=short,
        long_gain=long,
        cost_unknown=round(found.resting.basis_value * (standing.value - standing.cash)),
        holdings=found.nothing.names,
        lots=found.lots,
        overlap=found.nothing.overlap,
        tracking=found.nothing.tracking,
    )


def _shown(found: Transition) -> list[Choice]:
    """Both ends, the recommended choice, and some points of the curve on both sides of it."""
    best = found.recommended
    drawn = [each for each in found.between if each is not best and not each.by_true_tax]
    picked: list[Choice] = []
    for end in (found.nothing, found.liquidate):
        for part in _BETWEEN:
            wanted = best.tracking + part * (end.tracking - best.tracking)
            side = [each for each in drawn if (each.tracking > best.tracking) == (end is found.nothing)]
            near = min(side, key=lambda each: abs(each.tracking - wanted), default=None)
            if near is not None and all(abs(near.tracking - other.tracking) > _NEAR for other in (*picked, best)):
                picked.append(near)
    return [found.nothing, *sorted([*picked, best], key=lambda each: -each.tracking), found.liquidate]


def _choice(choice: Choice, found: Transition) -> document.Choice:
    words = str(choice.role)
    if choice.role is Role.BETWEEN:
        words = "nearer the target" if choice.tracking < found.recommended.tracking else "farther from the target"
    return document.Choice(
        _ROLES[choice.role],
        words[0].upper() + words[1:],
        choice.tax,
        choice.tracking,
        choice.overlap,
        choice.turnover,
        _YEARS.get(choice.role, 1),
        choice.break_even,
    )


def _outside(legacy: Legacy) -> document.Outside:
    """A holding that the target does not have, and why it is held, if it is."""
    kept, gain = round(legacy.value * legacy.kept), round(legacy.gain * legacy.kept / DOLLAR)
    why = ""
    if kept:
        why = f"its gain of ${gain:,} costs more than it would save" if gain > 0 else "it stands for what the model has"
    return document.Outside(legacy.symbol, legacy.name, legacy.kind, legacy.value, legacy.gain, kept, why)


def _budget(found: BudgetYears) -> document.BudgetPlan:
    low, middle, high = (0.1, 0.5, 0.9)
    return document.BudgetPlan(
        found.budget,
        found.tax_in(1, middle),
        (found.years_at(low), found.years_at(middle), found.years_at(high)),
        (found.tax_at(low), found.tax_at(middle), found.tax_at(high)),
        found.most,
        found.complete_in(found.most),
    )


def _lots(found: Transition) -> tuple[document.LotGain, ...]:
    standing = found.standing
    columns = (standing.gain.tolist(), standing.days.tolist(), standing.long_term.tolist())
    return tuple(document.LotGain(gain, days, term) for gain, days, term in zip(*columns, strict=True) if gain)


def _sale(each: Planned) -> document.Sale:
    gain = each.gain if each.taxable else None
    return document.Sale(
        each.account, each.symbol, each.acquired, each.shares, each.value, gain, each.long_term, each.assumed
    )


def _purchases(found: Transition) -> tuple[document.Purchase, ...]:
    """By name, over all accounts, the largest first."""
    sums: dict[str, tuple[str, int]] = {}
    for each in found.plan:
        if not each.sells:
            sums[each.symbol] = each.name, sums.get(each.symbol, ("", 0))[1] + each.value
    rows = [document.Purchase(symbol, name, value) for symbol, (name, value) in sums.items()]
    return tuple(sorted(rows, key=lambda row: -row.value))


def _missing(found: Transition) -> tuple[str, ...]:
    """What to ask the prospect for."""
    said = []
    for what, symbols in (
        ("What was paid for", found.resting.no_basis),
        ("Whether it was bought more than a year ago, and when", found.resting.no_date),
    ):
        if symbols:
            said.append(f"{what}: {_listed(symbols)}.")
    if found.unknown:
        said.append(f"What it is and what it is worth: {_listed([each.symbol for each in found.unknown])}.")
    return tuple(said)


def _listed(symbols: tuple[str, ...] | list[str]) -> str:
    rest = len(symbols) - _MOST_SYMBOLS
    return ", ".join(symbols[:_MOST_SYMBOLS]) + (f" and {rest} more" if rest > 0 else "")


def _resting(found: Transition) -> tuple[str, ...]:
    """What of the figures rests on what the file does not say."""
    resting, said = found.resting, []
    if resting.no_basis:
        said.append(
            f"The cost of lots worth {resting.basis_value:.1%} of the holdings is not known: {resting.basis:.0%} of"
            f" value is assumed, and {resting.gains:.1%} of all gains and losses rests on it."
        )
    if resting.no_date:
        said.append(f"The date of lots worth {resting.date_value:.1%} of the holdings is not known: it is assumed.")
    if found.unknown:
        said.append(f"Not valued and in no figure: {_listed([each.symbol for each in found.unknown])}.")
    if found.left_out:
        said.append(f"Rows of the file that could not be used and are left out: {found.left_out:,}.")
    return tuple(said)
