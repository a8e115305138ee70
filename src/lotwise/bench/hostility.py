"""Thousands of hostile accounts, one thing wrong with each or several at once: solved, and every claim checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lotwise.bench.accounts import ordinary, problem_of
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.accounts_mixed import mixture
from lotwise.bench.hostility_checks import CONVEX_GAP_BP, Examined, examine
from lotwise.bench.optimum import optimum
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.tables import MeasuredTable

__all__ = ["HostileCase", "cases", "hostility"]

_BASIS_POINT = 1e-4
_AIM = 2.0  # bp of gap after signs
_MOST_SHOWN = 25  # rows of a table of single accounts
_MOST_SPLIT = 60  # accounts whose gap is split by branch and bound
_MOST_NODES = 300
_FACTORS = (1, 2, 5, 8, 20, 40)


class HostileCase(NamedTuple):
    """An account, the group it is counted in, and the Python that makes it again."""

    group: str
    label: str
    account: ReferenceAccount


def cases(each: int, mixed: int, seed: int = 0) -> Iterator[HostileCase]:
    """Make `each` accounts of every kind, 2 to 200 names, and so many mixtures; the same seed, the same accounts."""
    for kind in HOSTILE:
        for number in range(seed, seed + each):
            rng = np.random.default_rng([number, 4])
            names, factors = int(np.exp(rng.uniform(np.log(2), np.log(201)))), int(rng.choice(_FACTORS))
            label = f'hostile("{kind}", {number}, {names}, {factors})'
            yield HostileCase(kind, label, hostile(kind, number, names, factors))
    for number in range(seed, seed + mixed):
        kinds, account = mixture(number)
        yield HostileCase(f"mixture of {len(kinds)}", f"mixture({number}): {', '.join(kinds)}", account)


def hostility(each: int, mixed: int, seed: int = 0) -> Iterator[MeasuredTable]:
    """Examine them all: what was claimed and held, gaps by kind, what exceeds the aim and why, what gave way."""
    groups: dict[str, list[Examined]] = {}
    examine("compiled before anything is timed", ordinary(0, 10))
    wide: list[tuple[Examined, ReferenceAccount]] = []
    for case in cases(each, mixed, seed):
        found = examine(case.label, case.account)
        groups.setdefault(case.group, []).append(found)
        if found.gap > _AIM and not found.faults:
            wide = sorted([*wide, (found, case.account)], key=lambda pair: -pair[0].gap)[:_MOST_SPLIT]
    every = [found for group in groups.values() for found in group]
    yield _claims(every)
    yield _faults(every)
    yield _gaps(groups)
    yield _sizes(every)
    yield _beyond_the_aim(wide)
    yield _gave_way(groups)


def _claims(every: Sequence[Examined]) -> MeasuredTable:
    """What holds for all accounts, and the worst of each."""
    given_way = [found for found in every if found.unreachable]
    seconds = np.array([found.seconds for found in every])
    steps = np.array([found.steps for found in every])
    worst_bound = max(found.bound_off for found in every)
    unsupported = sum(found.unsupported > CONVEX_GAP_BP for found in every)
    several = sum(found.cases > 1 for found in every)
    rows = [
        ("accounts", f"{len(every):,}"),
        ("with a fault (any claim below that does not hold)", f"{sum(bool(found.faults) for found in every):,}"),
        ("bound recomputed from raw lots: off by, in parts of its terms", f"{worst_bound:.1e}"),
        ("proved by several cases / the most cases", f"{several:,} / {max(found.cases for found in every)}"),
        (f"largest convex gap, bp (at most {CONVEX_GAP_BP})", f"{max(found.envelope_gap for found in every):.1e}"),
        (f"prices do not support the trades within {CONVEX_GAP_BP} bp", f"{unsupported:,}"),
        ("largest cash residual", f"{max(found.cash_residual for found in every):.1e}"),
        ("could not keep a bound or their cash: said, with the reason", f"{len(given_way):,}"),
        (
            "ms per account: median, 99%, max",
            " / ".join(f"{1e3 * x:.2f}" for x in np.quantile(seconds, [0.5, 0.99, 1])),
        ),
        ("Newton steps: median, 99%, max", " / ".join(f"{x:,.0f}" for x in np.quantile(steps, [0.5, 0.99, 1]))),
    ]
    note = (
        "Checked of each by code that shares nothing with the engine: status solved; the bound from the raw lots at "
        "the multipliers that came back; the objective from the trades; cash; no lot oversold, nothing barred bought, "
        "nothing bought and sold; and where bounds gave way, that no portfolio misses less (a linear program)."
    )
    faulty = sum(bool(found.faults) for found in every)
    missed = [f"{faulty} of {len(every):,} hostile accounts have a fault, must be none"] if faulty else []
    return MeasuredTable("Hostile accounts", ("", "all"), rows, note, missed)


def _faults(every: Sequence[Examined]) -> MeasuredTable:
    faulty = [found for found in every if found.faults]
    rows = [(found.label, "; ".join(found.faults)) for found in faulty[:_MOST_SHOWN]] or [("none", "")]
    more = f"{len(faulty) - _MOST_SHOWN} more." if len(faulty) > _MOST_SHOWN else ""
    return MeasuredTable("Faults", ("account", "what does not hold"), rows, more)


def _gaps(groups: dict[str, list[Examined]]) -> MeasuredTable:
    """Distribution of the gap after signs, by kind."""
    rows = []
    for group, found in groups.items():
        gaps = np.array([each.gap for each in found])
        faults, unreachable = sum(bool(each.faults) for each in found), sum(bool(each.unreachable) for each in found)
        rows.append((group, f"{len(found):,}", str(faults), str(unreachable), *_figures(gaps), _beyond(gaps)))
    header = ("kind", "accounts", "faults", "out of reach", "mean", "median", "99%", "max", "above 2")
    note = "Gap of the trades as returned to the certified bound, bp of value; violations of soft bounds charged."
    return MeasuredTable("Gap after signs, by kind", header, rows, note)


def _sizes(every: Sequence[Examined]) -> MeasuredTable:
    """The same by number of names: what one name's choice is worth falls as the names grow many."""
    ranges = ((1, 1), (2, 4), (5, 9), (10, 19), (20, 39), (40, 99), (100, 199), (200, 10_000))
    rows = []
    for least, most in ranges:
        gaps = np.array([found.gap for found in every if least <= found.names <= most])
        if gaps.size:
            words = f"{least} to {most}" if most < 10_000 else f"{least} and more"
            rows.append((words, f"{gaps.size:,}", *_figures(gaps), _beyond(gaps)))
    header = ("names", "accounts", "mean", "median", "99%", "max", "above 2")
    return MeasuredTable("Gap after signs, by size", header, rows, "bp of value, all kinds together.")


def _figures(gaps: np.ndarray) -> tuple[str, ...]:
    figures = (gaps.mean(), *np.quantile(gaps, [0.5, 0.99]), gaps.max())
    return tuple(f"{float(each) + 0.0:.4f}" for each in figures)


def _beyond(gaps: np.ndarray) -> str:
    return str(int((gaps > _AIM).sum()))


def _beyond_the_aim(wide: Sequence[tuple[Examined, ReferenceAccount]]) -> MeasuredTable:
    """Why a gap is wide: whether better signs exist, or the bound is low."""
    rows = []
    choices, bounds = [], []
    for found, account in wide:
        best = optimum(problem_of(account), tolerance=1e-3 * found.gap * _BASIS_POINT, most_nodes=_MOST_NODES)
        lower, upper = best.bound / _BASIS_POINT, best.objective / _BASIS_POINT
        objective = found.objective / _BASIS_POINT
        choice, left = max(objective - upper, 0.0), max(upper - lower, 0.0)
        choices.append(choice)
        bounds.append(found.gap - choice)
        rows.append(
            (found.label, *(f"{x:.2f}" for x in (found.gap, choice, found.gap - choice, left)), f"{best.nodes}")
        )
    note = ""
    if rows:
        note = (
            f"The widest {len(rows)}: mean choice (ours minus the best found) {np.mean(choices):.2f} bp, mean bound "
            f"(the best found minus ours) {np.mean(bounds):.2f} bp. Open: what branch and bound left between the two "
            f"at {_MOST_NODES} nodes."
        )
    header = ("account", "gap bp", "choice", "bound", "open", "nodes")
    return MeasuredTable("Gaps above 2 bp, and where they come from", header, rows[:_MOST_SHOWN], note)


def _gave_way(groups: dict[str, list[Examined]]) -> MeasuredTable:
    """The reason given for the first account of each kind that could not keep a bound."""
    rows = []
    for group, found in groups.items():
        first = next((each for each in found if each.unreachable), None)
        if first:
            more = f" and {len(first.unreachable) - 2} more" if len(first.unreachable) > 2 else ""
            rows.append((group, first.label, "; ".join(first.unreachable[:2]) + more))
    return MeasuredTable("What gave way, one account of each kind", ("kind", "account", "reason"), rows)
