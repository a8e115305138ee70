"""Cases read from files, word by word: what a test does not understand fails, it is never passed over.

A folder of cases holds JSON files, each a list of cases; the `topic` of a case says which test it belongs to, whatever
the file's name. Numbers with a point are read as decimals, so that no binary number ever comes into being.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Facts", "UnknownShapeError", "cases_of", "topics_of"]

T = TypeVar("T")

# What tells where a case comes from; no test depends on it.
_ABOUT = frozenset(
    (
        "name",
        "topic",
        "source",
        "authority",
        "tolerance",
        "notes",
        "note_contested",
        "source_text_seen",
        "split",
        "citation",
        "facts",
    )
)


class UnknownShapeError(AssertionError):
    """A case says something that its test does not understand."""


class Facts:
    """A table of a case. Every key must be read; `done` fails on those that were not, in this table and below."""

    def __init__(self, where: str, table: Mapping[str, Any]) -> None:
        if not isinstance(table, Mapping):
            raise UnknownShapeError(f"{where}: must be a table, was {table!r}")
        self.where = where
        self._table = table
        self._read: set[str] = set()
        self._below: list[Facts] = []

    def __contains__(self, key: str) -> bool:
        return self._table.get(key) is not None

    def keys(self) -> Iterator[str]:
        """Keys not read yet."""
        return iter([key for key in self._table if key not in self._read])

    def raw(self, *keys: str) -> Any:
        """Value of the one of these keys that is there (names of one thing in several sources)."""
        found = [key for key in keys if self._table.get(key) is not None]
        self._read.update(keys)
        if len(found) != 1:
            raise UnknownShapeError(f"{self.where}: must have one of {list(keys)}, has {found or list(self._table)}")
        return self._table[found[0]]

    def number(self, *keys: str) -> Decimal:
        """A number, read exactly."""
        return self._cast(keys, _as_number, "a number")

    def ratio(self, *keys: str) -> Fraction:
        """A ratio: 0.2, "1/3", "3:1" or "3 for 1"."""
        return self._cast(keys, _as_ratio, "a ratio")

    def text(self, *keys: str) -> str:
        """A text."""
        return self._cast(keys, _as_text, "a text")

    def day(self, *keys: str) -> date:
        """A date."""
        return self._cast(keys, _as_day, "a date")

    def flag(self, key: str) -> bool:
        """True or false; false where the key is not there."""
        return self._cast((key,), _as_flag, "true or false") if key in self else False

    def numbers(self, *keys: str) -> list[Decimal]:
        """A list of numbers; a single number is a list of one."""
        return self._cast(keys, _as_numbers, "a list of numbers")

    def table(self, *keys: str) -> Facts:
        """A table within this one."""
        return self._nested(" ".join(keys), self.raw(*keys))

    def tables(self, *keys: str) -> list[Facts]:
        """A list of tables within this one."""
        value = self.raw(*keys)
        if not isinstance(value, list):
            raise UnknownShapeError(f"{self.where} {keys}: must be a list of tables, was {value!r}")
        return [self._nested(f"{keys[0]} {number}", entry) for number, entry in enumerate(value)]

    def table_lists(self, *keys: str) -> list[list[Facts]]:
        """A list of lists of tables."""
        return [
            [self._nested(f"{keys[0]} {number}", entry) for entry in part]
            for number, part in enumerate(self._cast(keys, _as_lists, "a list of lists"))
        ]

    def done(self) -> None:
        """Fail if anything was said that nobody asked for."""
        left = [key for key in self._table if key not in self._read and key not in _ABOUT]
        if left:
            raise UnknownShapeError(f"{self.where}: nothing understands {left}; teach the adapter of this topic")
        for facts in self._below:
            facts.done()

    def _nested(self, name: str, value: Any) -> Facts:
        facts = Facts(f"{self.where}, {name}", value)
        self._below.append(facts)
        return facts

    def _cast(self, keys: tuple[str, ...], cast: Callable[[Any], T], must_be: str) -> T:
        value = self.raw(*keys)
        try:
            return cast(value)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise UnknownShapeError(f"{self.where} {list(keys)}: must be {must_be}, was {value!r}") from error


def _as_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError
    return Decimal(value.replace(",", "") if isinstance(value, str) else value)


def _as_ratio(value: Any) -> Fraction:
    if not isinstance(value, str):
        return Fraction(_as_number(value))
    text = value.lower().replace("-for-", "/").replace(" for ", "/").replace(":", "/")
    new, _, old = text.partition("/")
    return Fraction(Decimal(new.strip())) / Fraction(Decimal(old.strip() or "1"))


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _as_day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(_as_text(value))


def _as_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _as_numbers(value: Any) -> list[Decimal]:
    return [_as_number(entry) for entry in (value if isinstance(value, list) else [value])]


def _as_lists(value: Any) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, list) for entry in value):
        raise TypeError
    return value


@cache
def _folder(folder: Path) -> dict[str, list[Mapping[str, Any]]]:
    """Cases of every file of a folder, by topic."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for file in sorted(folder.glob("*.json")):
        for case in json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal):
            found.setdefault(case.get("topic", file.stem), []).append(case)
    return found


def topics_of(folder: Path) -> dict[str, int]:
    """Number of cases of every topic of a folder."""
    return {topic: len(cases) for topic, cases in _folder(folder).items()}


def cases_of(folder: Path, topic: str) -> list[Mapping[str, Any]]:
    """Cases of a topic."""
    return _folder(folder).get(topic, [])
