"""Thousands of hostile accounts, one thing wrong with each or several at once: solved, and every claim checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from lotwise.bench.accounts import ordinary
from lotwise.bench.accounts_hostile import HOSTILE, hostile
from lotwise.bench.accounts_mixed import mixture
from lotwise.bench.hostility_checks import CONVEX_GAP_BP, Examined, examine
from lotwise.bench.reference.account import ReferenceAccount
from lotwise.bench.tables import MeasuredTable
from lotwise.optimizer.problem import MOST_SPLITS

__all__ = ["HostileCase", "cases", "hostility"]

_AIM = 2.0  # bp of gap as returned
_MOST_SHOWN = 25  # rows of a table of single accounts
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
    for case in cases(each, mixed, seed):
        found = examine(case.label, case.account)
        groups.setdefault(case.group, []).append(found)
    every = [found for group in groups.values() for found in group]
    yield _claims(every)
    yield _faults(every)
    yield _gaps(groups)
    yield _sizes(every)
    yield _beyond_the_aim(every)
    yield _gave_way(groups)


def _claims(every: Sequence[Examined]) -> MeasuredTable:
    """What holds for all accounts, and the worst of each."""
    given_way = [found for found in every if found.unreachable]
    seconds = np.array([found.seconds for found in every])
    steps = np.array([found.steps for found in every])
    worst_bound = max(found.bound_off for found in every)
    several = sum(found.cases > 1 for found in every)
    unsupported = sum(found.unsupported > CONVEX_GAP_BP for found in every)
    rows = [
        ("accounts", f"{len(every):,}"),
        ("with a fault (any claim below that does not hold)", f"{sum(bool(found.faults) for found in every):,}"),
        ("bound recomputed from raw lots: off by, in parts of its terms", f"{worst_bound:.1e}"),
        (f"largest convex gap, bp (at most {CONVEX_GAP_BP})", f"{max(found.envelope_gap for found in every):.1e}"),
        ("proved by several cases / the most cases", f"{several:,} / {max(found.cases for found in every)}"),
        (f"prices do not support the trades within {CONVEX_GAP_BP} bp", f"{unsupported:,}"),
        ("largest gap of the trades to their bound, bp", f"{max(found.gap for found in every):.1e}"),
        ("largest cash residual", f"{max(found.cash_residual for found in every):.1e}"),
        ("could not keep a bound or their cash: said, with the reason", f"{len(given_way):,}"),
        (
            "ms per account: median, 99%, max",
            " / ".join(f"{1e3 * x:.2f}" for x in np.quantile(seconds, [0.5, 0.99, 1])),
        ),
        ("Newton steps: median, 99%, max", " / ".join(f"{x:,.0f}" for x in np.quantile(steps, [0.5, 0.99, 1]))),
    ]
    note = (
        "Checked of each by code that shares nothing with the engine: status solved; every bound from the raw lots at "
        "the multipliers that came back, and that the cases are all portfolios; the objective from the trades; cash; "
        "no lot oversold, nothing barred bought, nothing bought and sold; and where bounds gave way, that no portfolio "
        "misses less (a linear program)."
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
    """Distribution of the gap, by kind."""
    rows = []
    for group, found in groups.items():
        gaps = np.array([each.gap for each in found])
        faults, unreachable = sum(bool(each.faults) for each in found), sum(bool(each.unreachable) for each in found)
        rows.append((group, f"{len(found):,}", str(faults), str(unreachable), *_figures(gaps), _beyond(gaps)))
    header = ("kind", "accounts", "faults", "out of reach", "mean", "median", "99%", "max", "above 2")
    note = "Gap of the trades as returned to the certified bound, bp of value; violations of soft bounds charged."
    return MeasuredTable("Gap as returned, by kind", header, rows, note)


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
    return MeasuredTable("Gap as returned, by size", header, rows, "bp of value, all kinds together.")


def _figures(gaps: np.ndarray) -> tuple[str, ...]:
    figures = (gaps.mean(), *np.quantile(gaps, [0.5, 0.99]), gaps.max())
    return tuple(f"{float(each) + 0.0:.4f}" for each in figures)


def _beyond(gaps: np.ndarray) -> str:
    return str(int((gaps > _AIM).sum()))


def _beyond_the_aim(every: Sequence[Examined]) -> MeasuredTable:
    """Which gaps are wide though every claim holds: the search over choices ended before it had proved them."""
    wide = sorted((found for found in every if found.gap > _AIM and not found.faults), key=lambda each: -each.gap)
    rows = [(found.label, f"{found.gap:.2f}", str(found.solves), str(found.cases)) for found in wide[:_MOST_SHOWN]]
    ended = sum(found.solves > MOST_SPLITS for found in wide)
    note = (
        f"{len(wide)} in all. In {ended} the search ended at its most solves, {MOST_SPLITS} after the first: what was "
        "open kept the bound that it had."
    )
    header = ("account", "gap bp", "convex solves", "cases")
    return MeasuredTable(f"Gaps above {_AIM:.0f} bp", header, rows or [("none", "", "", "")], note if wide else "")


def _gave_way(groups: dict[str, list[Examined]]) -> MeasuredTable:
    """The reason given for the first account of each kind that could not keep a bound."""
    rows = []
    for group, found in groups.items():
        first = next((each for each in found if each.unreachable), None)
        if first:
            more = f" and {len(first.unreachable) - 2} more" if len(first.unreachable) > 2 else ""
            rows.append((group, first.label, "; ".join(first.unreachable[:2]) + more))
    return MeasuredTable("What gave way, one account of each kind", ("kind", "account", "reason"), rows)
