"""Screens that need no file: which industries tobacco, weapons, fossil, gambling and alcohol exclude.

The words stand in `built_in_screens.toml`, which says how they are read. A security is judged by its industry, or by
its sector where it has no industry.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from lotwise.securities.market import MarketLabels

__all__ = ["BuiltInScreen", "Found", "Judgement", "built_in_screens", "find_members"]

_FILE = "built_in_screens.toml"
_KEYS = {"meaning", "industries", "but_not", "whole", "too_broad"}
_NOT_A_WORD = re.compile(r"[^\w]+")


class Judgement(Enum):
    """What a screen says of one industry."""

    OUTSIDE = 0
    INSIDE = 1
    TOO_BROAD = 2  # it holds what is meant and much else


@dataclass(frozen=True, slots=True)
class BuiltInScreen:
    """One screen of the data file, its words in the form in which they are compared."""

    name: str
    meaning: str
    inside: re.Pattern[str]
    outside: re.Pattern[str] | None
    whole: frozenset[str]
    too_broad: frozenset[str]

    def judge(self, industry: str) -> Judgement:
        """Say whether an industry of this name is meant."""
        words = _words(industry)
        if words in self.too_broad:
            return Judgement.TOO_BROAD
        if words in self.whole:
            return Judgement.INSIDE
        if self.outside is not None and self.outside.search(words):
            return Judgement.OUTSIDE
        return Judgement.INSIDE if self.inside.search(words) else Judgement.OUTSIDE


@dataclass(frozen=True, slots=True)
class Found:
    """What a screen found: positions of its members, and how many securities each industry name stands for."""

    members: NDArray[np.int32]
    industries: dict[str, int]
    too_broad: dict[str, int]
    unknown: int  # securities that are no funds, with neither industry nor sector
    judged: int  # securities with one of the two


def _words(name: str) -> str:
    """Bring a name to the form that is compared: lower case, `and` for `&`, words parted by one blank."""
    return _NOT_A_WORD.sub(" ", name.casefold().replace("&", " and ")).strip()


def _pattern(phrases: list[str]) -> re.Pattern[str] | None:
    """Match any of the phrases, whole words side by side."""
    if not phrases:
        return None
    parts = [re.escape(_words(phrase)) + (r"\w*" if phrase.endswith("*") else "") for phrase in phrases]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")


@lru_cache(maxsize=1)
def built_in_screens() -> dict[str, BuiltInScreen]:
    """Every built-in screen by name, in the order of the data file.

    Raises ValueError for a key of the data file that is not known, or a screen without industries: it is ours.
    """
    text = files("lotwise.interchange.firm_folder").joinpath(_FILE).read_text(encoding="utf-8")
    screens = {}
    for name, table in tomllib.loads(text).items():
        strangers = sorted(set(table) - _KEYS)
        inside = _pattern(table.get("industries", []))
        if strangers or inside is None:
            raise ValueError(f"{_FILE}: [{name}] must have industries and only {sorted(_KEYS)}, had {sorted(table)}")
        screens[name] = BuiltInScreen(
            name,
            table["meaning"],
            inside,
            _pattern(table.get("but_not", [])),
            frozenset(map(_words, table.get("whole", []))),
            frozenset(map(_words, table.get("too_broad", []))),
        )
    return screens


def find_members(screen: BuiltInScreen, labels: MarketLabels, funds: NDArray[np.bool_]) -> Found:
    """Find the securities that a built-in screen excludes; `funds` are those of which no industry is expected."""
    judged: dict[str, Judgement] = {}
    counts: dict[str, int] = {}
    members = []
    unknown = 0
    for place, (industry, sector) in enumerate(zip(labels.industries, labels.sectors, strict=True)):
        name = industry or sector
        if not name:
            unknown += not funds[place]
            continue
        if name not in judged:
            judged[name] = screen.judge(name)
        counts[name] = counts.get(name, 0) + 1
        if judged[name] is Judgement.INSIDE:
            members.append(place)

    def of(judgement: Judgement) -> dict[str, int]:
        return {name: counts[name] for name in sorted(judged) if judged[name] is judgement}

    found = np.array(members, dtype=np.int32)
    return Found(found, of(Judgement.INSIDE), of(Judgement.TOO_BROAD), int(unknown), sum(counts.values()))
