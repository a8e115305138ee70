"""What is tried: each setting of the default profile at a few values around the default, everything else as it is."""

from __future__ import annotations

from typing import NamedTuple

from lotwise.households.profile import KEYS
from lotwise.households.profile_keys import in_words
from lotwise.lab.cohorts.policies import Looks, Policy, engine

__all__ = ["LOOKS", "Knob", "Tried", "knobs", "policy_of", "tried_values"]

LOOKS = "looks"


class Knob(NamedTuple):
    """A setting: the key of a profile (`looks`: how often it is looked at), and values as a profile writes them."""

    key: str
    default: str
    others: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.key.removesuffix("_bps").replace("_", " ")


class Tried(NamedTuple):
    """A setting at a value other than its default."""

    knob: int
    value: str


# Values around each default; `full` tries them all, a quick run the first so many.
_AROUND: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("risk_price_bps", 2, ("25", "100", "12.5", "200")),
    ("deferral_discount", 2, ("0.25", "0.75", "0.9")),
    ("harvest", 3, ('"any"', "0.9", '"year_round"', "0.94", '"none"')),
    ("worth_it_bps", 2, ("0.1", "5", "20")),
    ("trading_cost_multiplier", 2, ("1", "6")),
    ("carried_loss_value", 1, ("0.5", "1")),
    ("buy_opportunity_cost", 1, ("false",)),
    ("short_term_wait_cap", 0, ("6",)),
)


def knobs(base: Looks, *, full: bool) -> tuple[Knob, ...]:
    """Every setting that is tried; `base` is how often everything is looked at where nothing else is said."""
    looks = tuple(each.value for each in (Looks.DAILY, Looks.MONTHLY, Looks.QUARTERLY) if each is not base)
    made = [Knob(LOOKS, base.value, looks)]
    for key, quick, values in _AROUND:
        some = values if full else values[:quick]
        if some:
            made.append(Knob(key, in_words(KEYS[key], KEYS[key].default), some))
    return tuple(made)


def tried_values(settings: tuple[Knob, ...]) -> tuple[Tried, ...]:
    """Every setting at every other value, in order."""
    return tuple(Tried(place, value) for place, knob in enumerate(settings) for value in knob.others)


def policy_of(name: str, settings: tuple[Knob, ...], values: dict[int, str]) -> Policy:
    """The default profile with some settings at other values, by their place."""
    said = {knob.key: values.get(place, knob.default) for place, knob in enumerate(settings)}
    looks = Looks(said.pop(LOOKS))
    changed = [settings[place].key for place in sorted(values)]
    return engine(name, looks, "\n".join(f"{key} = {said[key]}" for key in changed if key != LOOKS))
