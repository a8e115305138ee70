"""A prospect's move as the client's document has it: today, the choices, the curve, one year's plan, what is kept."""

from __future__ import annotations

from lotwise.money import DOLLAR
from lotwise.prospects.choices import Choice, Role
from lotwise.prospects.transition import Legacy, Transition
from lotwise.reports.documents import choices as document

__all__ = ["transition_choices"]

_ROLES = {
    Role.NOTHING: document.Role.NOTHING,
    Role.BETWEEN: document.Role.OTHER,
    Role.RECOMMENDED: document.Role.RECOMMENDED,
    Role.LIQUIDATE: document.Role.LIQUIDATE,
}
_YEARS = {Role.NOTHING: 0}  # all others are done in this tax year, where no budget is asked for


def transition_choices(found: Transition, household: str, name: str = "") -> document.TransitionChoices:
    """Say a prospect's move in the figures of its document; the plan is the recommended choice, this year."""
    best, standing = found.recommended, found.standing
    short, long = standing.gains
    held = standing.value - standing.cash
    today = document.Legacy(
        value=standing.value,
        taxable_value=standing.taxable,
        short_gain=short,
        long_gain=long,
        cost_unknown=round(found.resting.basis_value * held),
        holdings=found.nothing.names,
        lots=found.lots,
        overlap=found.nothing.overlap,
        tracking=found.nothing.tracking,
    )
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
        today=today,
        choices=tuple(_choice(each) for each in (found.nothing, best, found.liquidate)),
        curve=tuple(document.CurveStep(each.tax, each.tracking) for each in found.between if not each.by_true_tax),
        plan=(plan,),
        yearly_budget=None,
        kept=tuple(_kept(each) for each in found.legacy if each.kept > 0),
        reasons=found.reasons,
        advice=(*found.advice, *_by_budget(found)),
        assumptions=found.assumes,
    )


def _choice(choice: Choice) -> document.Choice:
    words = str(choice.role)
    return document.Choice(
        _ROLES[choice.role],
        words[0].upper() + words[1:],
        choice.tax,
        choice.tracking,
        choice.overlap,
        choice.turnover,
        _YEARS.get(choice.role, 1),
    )


def _kept(legacy: Legacy) -> document.Kept:
    value, gain = round(legacy.value * legacy.kept), round(legacy.gain * legacy.kept / DOLLAR)
    why = f"its gain of ${gain:,} costs more than it would save" if gain > 0 else "it stands for what the model has"
    return document.Kept(legacy.symbol, legacy.name, value, why)


def _by_budget(found: Transition) -> tuple[str, ...]:
    """Say how long the move takes under each yearly budget of tax."""
    said = []
    for each in found.years:
        if each.budget is None:
            continue
        low, middle, high = (each.years_at(part) for part in (0.1, 0.5, 0.9))
        late = f"more than {each.most}"
        took = f"{middle or late} tax years ({low or late} to {high or late} in four of five simulated futures)"
        said.append(f"With at most ${each.budget / DOLLAR:,.0f} of tax a year the move takes {took}.")
    return tuple(said)
