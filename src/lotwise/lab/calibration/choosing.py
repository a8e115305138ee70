"""Choosing: the rule by which one half of history chooses a value, and the other half confirms it or does not.

The rule was written before anything was run; see `RULE`.
"""

from __future__ import annotations

from typing import NamedTuple

from lotwise.lab.calibration.tried import Knob, Tried
from lotwise.lab.calibration.worth import Noise, gain_over
from lotwise.lab.market_panel import Floats

__all__ = ["RULE", "Choice", "choice_of", "chosen_values", "judged"]

_TIMES = 2.0  # standard errors that a difference must exceed

RULE = (
    "One setting at a time: a half chooses the value that is worth most where all is sold at the end, if it is worth "
    "more than the default by over two standard errors, else the default. A setting does not matter where its best and "
    "its worst value are within two of its largest standard errors. A value that the first half chooses should be the "
    "default if it is worth more on the second half by over two standard errors, too, and costs no more than that "
    "where nothing is taxed at the end. Reproduced if no setting should be another; in part if some should, and the "
    "best of each together are worth less than 5 basis points a year on the second half. Else not."
)


class Choice(NamedTuple):
    """What a half makes of a setting."""

    place: int  # among all that is tried; -1: the default
    matters: bool
    spread: float  # best less worst, basis points a year
    noise: float  # the largest standard error


def choice_of(knob: int, tried: tuple[Tried, ...], worth: Floats) -> Choice:
    """Choose on a half: `worth` (kinds, starts, 1 + tried), the default first."""
    own = [place for place, each in enumerate(tried) if each.knob == knob]
    gains = {place: gain_over(worth, place + 1) for place in own}
    means = [0.0, *(gain.mean for gain in gains.values())]
    noise = max(gain.error for gain in gains.values())
    better = [place for place in own if _beyond(gains[place])]
    best = max(better, key=lambda place: gains[place].mean, default=-1)
    spread = max(means) - min(means)
    return Choice(best, spread > _TIMES * noise, spread, noise)


def _beyond(gain: Noise) -> bool:
    return gain.mean > _TIMES * gain.error


def chosen_values(choices: list[Choice], tried: tuple[Tried, ...]) -> dict[int, str]:
    """Values that a half chooses, by setting; those that stay are not in it."""
    return {tried[choice.place].knob: tried[choice.place].value for choice in choices if choice.place >= 0}


def judged(knob: Knob, choice: Choice, value: str, there: tuple[Noise, Noise]) -> tuple[bool, str]:
    """Whether a setting should be another, and the words; `there` are its gains on the other half: sold, stepped up."""
    if choice.place < 0:
        words = "" if choice.matters else ", does not matter"
        return False, f"{knob.default} kept{words}"
    sold, stepped_up = there
    if not _beyond(sold):
        return False, f"{knob.default} kept: {value} is not confirmed"
    if stepped_up.mean < -_TIMES * stepped_up.error:
        return False, f"{knob.default} kept: {value} costs {-stepped_up.mean:.1f} bp where nothing is taxed at the end"
    return True, f"should be {value}: worth {sold.mean:.1f} bp"
