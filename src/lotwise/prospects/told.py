"""Why the recommended choice, when a choice pays, and when to keep what one has: in words and figures."""

from __future__ import annotations

from collections.abc import Sequence

from lotwise.money import DOLLAR
from lotwise.prospects.choices import Choice, Role, Standing, break_even
from lotwise.rebalancing.frontier import Frontier

__all__ = ["advice", "reasons", "step_farther", "step_nearer", "why_keep"]

# A step along the frontier: the choice of those to whom tracking is worth so many times as much.
_STEP = 2.0
_NO_TRADE = 1e-5  # of value, sold and bought: what a solver leaves of nothing


def _money(amount: float) -> str:
    whole = round(amount / DOLLAR)
    return f"{'-' if whole < 0 else ''}${abs(whole):,}"


def _percent(part: float, digits: int = 2) -> str:
    return f"{part * 100:.{digits}f}%"


def step_nearer(choices: Sequence[Choice], price: float) -> Choice | None:
    """The choice of those to whom tracking is worth twice as much, or the next dearer one there is."""
    dearer = [each for each in choices if each.risk_price is not None and each.risk_price > price]
    beyond = [each for each in dearer if (each.risk_price or 0.0) >= _STEP * price]
    return next(iter(beyond or dearer[::-1]), None)


def step_farther(choices: Sequence[Choice], price: float) -> Choice | None:
    """The choice of those to whom tracking is worth half as much, or the next cheaper one there is."""
    cheaper = [each for each in choices if each.risk_price is not None and each.risk_price < price]
    beyond = [each for each in cheaper if (each.risk_price or 0.0) <= price / _STEP]
    return next(iter(beyond[::-1] or cheaper), None)


def _counted(frontier: Frontier, choice: Choice, value: int) -> float:
    """What a point costs as the policy counts it, without tracking: tax, less what is due later anyway, and trading."""
    at = next(row for row, price in enumerate(frontier.risk_price.tolist()) if price == choice.risk_price)
    return float(frontier.objective[at] - frontier.risk_price[at] * frontier.tracking[at] ** 2) * value


def reasons(
    frontier: Frontier, choices: Sequence[Choice], standing: Standing, discount: float, better: float
) -> tuple[str, ...]:
    """Say why the recommended choice is the best, and what a step nearer or farther would change.

    `better` are the dollars by which its true tax made it so. Steps are along the frontier, which is drawn at the rates
    of the night: from its own point at that price.
    """
    price, value = float(frontier.risk_price[frontier.chosen]), standing.value
    best = next(each for each in choices if each.role is Role.RECOMMENDED)
    everything = next(each for each in choices if each.role is Role.LIQUIDATE)
    said = [_prices(price, discount), _what_it_does(best, frontier.tracking_today, value)]
    drawn = best
    if best.by_true_tax:
        drawn = next(each for each in choices if each.risk_price == price and not each.by_true_tax)
        said.append(
            f"It is solved by its true tax: losses offset the gains beside them. Were every gain taxed by itself, the"
            f" same prices would lead to {_percent(drawn.tracking)} {_for_tax(drawn.tax)}; this is ${better:,.0f}"
            " better in all. The steps below are from there."
        )
    for step, word in ((step_nearer(choices, price), "nearer"), (step_farther(choices, price), "farther")):
        if step is None:
            continue
        counted = _counted(frontier, step, value) - _counted(frontier, drawn, value)
        tracking = price * (step.tracking**2 - drawn.tracking**2) * value
        said.append(
            f"One step {word}, to {_percent(step.tracking)}: {_change(step.tax - drawn.tax)} tax this year. With the"
            f" costs of trading, and without the tax that would be due later anyway, that is {_change(counted)}; the"
            f" risk of being off the target counts {_change(tracking)} a year. Together {_money(counted + tracking)}"
            " worse."
        )
    whole = f"{_money(abs(everything.tax))} of tax ({_percent(abs(everything.tax) / value)} of value)"
    costs = f"costs {whole}" if everything.tax >= 0 else f"saves {whole} this year"
    more = everything.tax - best.tax
    beside = f"{_change(more)} tax than recommended" if round(more / DOLLAR) else "the same as recommended"
    said.append(f"Selling everything {costs}: {beside}.")
    return tuple(said)


def _what_it_does(best: Choice, today: float, value: int) -> str:
    if best.turnover < _NO_TRADE:
        return f"It trades nothing: tracking stays at {_percent(today)} a year, and no tax is due."
    part = f"({_percent(abs(best.tax) / value)} of value)"
    paid = f"for {_money(best.tax)} of tax {part}"
    if best.tax < 0:
        paid = f"and saves {_money(-best.tax)} of tax {part} this year"
    return f"It tracks within {_percent(best.tracking)} a year instead of {_percent(today)}, {paid}."


def _for_tax(tax: int) -> str:
    return f"for {_money(tax)}" if tax >= 0 else f"and save {_money(-tax)}"


def _prices(price: float, discount: float) -> str:
    return (
        f"Recommended is what costs least at the policy's own prices: a tracking error of 1% costs {price:g} bp of"
        f" value a year, and of a dollar of tax that would be due later anyway {discount:.2f} counts."
    )


def _change(amount: float) -> str:
    if not round(amount / DOLLAR):
        return "no more"
    return f"{_money(abs(amount))} {'less' if amount < 0 else 'more'}"


def why_keep(choices: Sequence[Choice], horizon: float) -> str:
    """Say why what one has is better kept than the recommended move made; '' where the move pays."""
    best = next(choice for choice in choices if choice.role is Role.RECOMMENDED)
    if best.turnover < _NO_TRADE:
        return "Nothing is worth trading at the policy's own price of tracking."
    if best.break_even is None:
        return "The move would bring it no nearer to the model."
    if best.break_even > horizon:
        years = f"{best.break_even:.1f} years of less tracking"
        return f"It would take {years} to pay for the tax of the move, more than the horizon of {horizon:g}."
    return ""


def advice(choices: Sequence[Choice], horizon: float, price: float, value: int) -> tuple[str, ...]:
    """Say of each way to move when it pays, or that it does not and one should keep what one has."""
    said = []
    for choice in choices:
        if choice.role not in (Role.RECOMMENDED, Role.LIQUIDATE):
            continue
        name = "The recommended move" if choice.role is Role.RECOMMENDED else "Selling everything"
        if choice.turnover < _NO_TRADE:
            said.append(f"{name} trades nothing: keep what you have.")
        elif choice.break_even is None:
            said.append(f"{name} saves no tracking: keep what you have.")
        elif choice.break_even <= 0.0:
            said.append(f"{name} costs nothing this year: it pays at once.")
        elif choice.break_even <= horizon:
            years = f"{choice.break_even:.1f}" if choice.break_even >= 0.05 else "less than 0.1"
            said.append(f"{name} pays for its tax after {years} years of less tracking.")
        else:
            said.append(
                f"{name} would take {choice.break_even:.1f} years to pay for its tax, more than the horizon of"
                f" {horizon:g}: keep what you have rather than do that."
            )
    return (*said, *_beyond(choices, horizon, price, value))


def _beyond(choices: Sequence[Choice], horizon: float, price: float, value: int) -> tuple[str, ...]:
    """Say when the further tax of selling everything pays, for those who would make the recommended move anyway."""
    best, everything = (
        next(choice for choice in choices if choice.role is role) for role in (Role.RECOMMENDED, Role.LIQUIDATE)
    )
    further = everything.tax + everything.cost - best.tax - best.cost
    years = break_even(further, (best.tracking, everything.tracking), price, value)
    if further <= 0 or years is None or best.turnover < _NO_TRADE:
        return ()
    verdict = f"more than the horizon of {horizon:g}: keep the rest" if years > horizon else "within the horizon"
    return (f"After the recommended move, selling the rest too would pay after {years:.1f} years, {verdict}.",)
