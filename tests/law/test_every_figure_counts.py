"""The law tests can fail: change any one figure, term or date that a case states, and its test fails.

So no adapter overlooks what a case expects, and the ledger meets it for no other reason than that it is right.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.law import (
    test_average_cost_law,
    test_corporate_action_law,
    test_gift_inherit_law,
    test_lot_selection_law,
    test_short_sale_law,
    test_wash_sale_contested_law,
    test_wash_sale_law,
)
from tests.law.case_facts import cases_of
from tests.law.test_own_cases import OWN, OwnCase, judge

_JUDGES: dict[str, Callable[[Mapping[str, Any]], object]] = {
    module.TOPIC: module.judge
    for module in (
        test_average_cost_law,
        test_corporate_action_law,
        test_gift_inherit_law,
        test_lot_selection_law,
        test_short_sale_law,
        test_wash_sale_contested_law,
        test_wash_sale_law,
    )
}
_STATED = ("expected", "readings", "gains", "lots")
_TERMS = {"ST": "LT", "LT": "ST", "short": "long", "long": "short"}
_OFF = Decimal(7)  # dollars or shares: beyond every tolerance


def _otherwise(value: Any) -> Any:
    """Return another value than the one stated; None where it is not a figure, a term or a date."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return value + _OFF
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, str) and value in _TERMS:
        return _TERMS[value]
    try:
        return (date.fromisoformat(value) + timedelta(days=1)).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _changes(stated: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every figure, term and date below, and what to put in its place."""
    entries = stated.items() if isinstance(stated, Mapping) else enumerate(stated) if isinstance(stated, list) else ()
    for key, value in entries:
        changed = _otherwise(value)
        if changed is not None and key not in ("sold", "from"):  # these say of what, not how much
            yield (*path, key), changed
        yield from _changes(value, (*path, key))


def _fails(judge_case: Callable[[Any], object], case: Any) -> bool:
    try:
        judge_case(case)
    except AssertionError:
        return True
    return False


def _unnoticed(case: Mapping[str, Any], judge_case: Callable[[Any], object]) -> Iterator[str]:
    """Changes of a case that its test does not notice."""
    stated = {key: case[key] for key in _STATED if key in case}
    if stated and not any(True for _ in _changes(stated)):
        yield f"{case['name']}: states nothing that could be changed"
    for path, changed in _changes(stated):
        other = copy.deepcopy(dict(case))
        inner: Any = other
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = changed
        if not _fails(judge_case, other):
            yield f"{case['name']}: {'.'.join(map(str, path))} = {changed}"


@pytest.mark.parametrize("topic", sorted(_JUDGES))
def test_a_changed_figure_is_noticed(topic: str, vectors_dir: Path) -> None:
    unnoticed = [text for case in cases_of(vectors_dir, topic) for text in _unnoticed(case, _JUDGES[topic])]
    assert not unnoticed, "\n".join(unnoticed)


@pytest.mark.parametrize("topic", sorted({own.topic for own in OWN}))
def test_a_changed_figure_of_an_own_case_is_noticed(topic: str) -> None:
    unnoticed = [
        text
        for own in OWN
        if own.topic == topic
        for text in _unnoticed(own.entry, lambda entry, topic=topic: judge(OwnCase(topic, entry)))  # type: ignore[misc]
    ]
    assert not unnoticed, "\n".join(unnoticed)
