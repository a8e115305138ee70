"""Pictures of savings, lot ages and gains against the numbers they are drawn from."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lotwise.reports.gain_bars import GainBar, gain_bars
from lotwise.reports.look import BLUE, GREEN, GREY, INK, ORANGE, YELLOW
from lotwise.reports.lot_ages import AGES, Aged, lot_ages
from lotwise.reports.savings_pictures import SOURCES, Level, Step, compact, savings_over_time, waterfall

SVG = "{http://www.w3.org/2000/svg}"
PARTS = st.tuples(*(st.floats(-1e6, 1e6) for _ in range(3)))


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def rects(root: ET.Element, colour: str) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of all bars of a colour, the key left out."""
    return [
        (float(each.get("x", 0)), float(each.get("y", 0)), float(each.get("width", 0)), float(each.get("height", 0)))
        for each in root.iter(f"{SVG}rect")
        if each.get("fill") == colour and each.get("width") != "11"
    ]


def levels(*parts: tuple[float, float, float]) -> list[Level]:
    return [Level(date(2024, 1, 31) + timedelta(days=31 * place), part) for place, part in enumerate(parts)]


def test_sources_are_stacked_in_proportion() -> None:
    root = parsed(savings_over_time(levels((40.0, 20.0, 10.0), (80.0, 20.0, 10.0)), "t"))
    (one, two), (other, _), (third, _) = (rects(root, colour) for _, colour in SOURCES)
    assert two[3] == pytest.approx(2 * one[3], abs=0.3)
    assert one[3] == pytest.approx(2 * other[3], abs=0.3)
    assert other[1] + other[3] == pytest.approx(one[1], abs=0.2)  # on top of the one below
    assert third[1] + third[3] == pytest.approx(other[1], abs=0.2)


def test_costs_hang_below_zero_and_a_line_shows_the_sum() -> None:
    root = parsed(savings_over_time(levels((50.0, -20.0, 0.0)), "t"))
    (deferral,), (harvesting,) = rects(root, BLUE), rects(root, YELLOW)
    assert deferral[1] + deferral[3] == pytest.approx(harvesting[1], abs=0.2)
    assert rects(root, GREEN) == []
    assert "in all" in texts(root)
    assert "in all" not in texts(parsed(savings_over_time(levels((50.0, 20.0, 0.0)), "t")))


def test_months_without_savings_say_so_in_words() -> None:
    assert "Nothing saved and nothing lost so far." in texts(parsed(savings_over_time(levels((0.0, 0.0, 0.0)), "t")))


@given(st.lists(PARTS.filter(any), min_size=1, max_size=140))
def test_many_months_are_thinned_and_the_last_stays(parts: list[tuple[float, float, float]]) -> None:
    shown = levels(*parts)
    root = parsed(savings_over_time(shown, "t"))
    columns = [each for each in root.iter(f"{SVG}g") if each.find(f"{SVG}title") is not None]
    assert 1 <= len(columns) <= 60
    title = columns[-1].find(f"{SVG}title")
    assert title is not None
    assert (title.text or "").startswith(str(shown[-1].day))
    for left, top, width, height in (rect for _, colour in SOURCES for rect in rects(root, colour)):
        assert 0 <= left <= left + width <= 380
        assert 26 - 0.1 <= top <= top + height <= 232


def test_the_waterfall_falls_from_bar_to_bar() -> None:
    steps = [
        Step("Ordinary", 100.0, change=False),
        Step("Deferral", -60.0, change=True, colour=BLUE),
        Step("Harvesting", 10.0, change=True, colour=YELLOW),
        Step("Done", 50.0, change=False, colour=INK),
    ]
    root = parsed(waterfall(steps, "t"))
    (ordinary,) = (each for each in rects(root, GREY) if each[3] == 26)
    (deferral,), (harvesting,), (done,) = (rects(root, colour) for colour in (BLUE, YELLOW, INK))
    unit = ordinary[2] / 100
    assert deferral[2] == pytest.approx(60 * unit, abs=0.2)
    assert deferral[0] + deferral[2] == pytest.approx(ordinary[0] + ordinary[2], abs=0.2)
    assert harvesting[0] == pytest.approx(deferral[0], abs=0.2)
    assert done[0] + done[2] == pytest.approx(harvesting[0] + harvesting[2], abs=0.2)
    assert {"$100", "\u2212$60", "+$10", "$50"} <= set(texts(root))


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=6))
def test_a_waterfall_of_any_signs_stays_in_its_frame(amounts: list[float]) -> None:
    steps = [Step("a name of two lines", amount, change=place > 0, colour=BLUE) for place, amount in enumerate(amounts)]
    for left, top, width, height in rects(parsed(waterfall(steps, "t")), BLUE):
        assert 132 <= left <= left + width <= 380
        assert top + height <= 4 + 37 * len(steps) + 6


def test_gains_stand_at_the_age_of_their_lots() -> None:
    lots = [Aged(100.0, 30, long_term=False), Aged(-40.0, 366, long_term=False), Aged(60.0, 365, long_term=True),
            Aged(50.0, 4_000, long_term=True)]  # fmt: skip
    root = parsed(lot_ages(lots, "t"))
    said = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert "0\u20133 months: gains $100" in said
    assert "6\u201312 months: losses \u2212$40" in said  # 366 days in a leap year: still short term
    assert "1\u20132 years: gains $60" in said
    assert "10+ years: gains $50" in said
    assert len(rects(root, ORANGE)) == 3
    assert len(rects(root, BLUE)) == 1


def test_ages_ascend() -> None:
    assert all(one[1] < other[1] for one, other in pairwise(AGES))


@given(st.floats(0, 1e8), st.floats(-1e8, 0), st.floats(0, 1e8), st.floats(-1e8, 0))
def test_bars_of_gains_stay_in_their_frame_and_say_the_net(a: float, b: float, c: float, d: float) -> None:
    root = parsed(gain_bars([GainBar("Short", a, b), GainBar("Long", c, d)], "t"))
    for colour in (BLUE, ORANGE):
        assert all(0 <= left <= left + width <= 380 for left, _, width, _ in rects(root, colour))
    assert sum(text.startswith("net ") for text in texts(root)) == 4  # each with its rim


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "$0"), (250.0, "$250"), (-2_500.0, "\u2212$2.5k"), (1.5e6, "$1.5m"), (2e9, "$2bn")]
)
def test_axes_write_dollars_in_few_letters(value: float, said: str) -> None:
    assert compact(value) == said


LETTER = 6.6  # of the size of these pictures, the mean of digits and signs


def outside(root: ET.Element) -> list[str]:
    """Words that run out of a picture at its left or its right."""
    width = float(root.get("viewBox", "").split()[2])
    found = []
    for each in root.iter(f"{SVG}text"):
        words, x = each.text or "", float(each.get("x", 0))
        size = len(words) * LETTER * float(each.get("font-size", 12)) / 12
        left = x - size * {"start": 0.0, "middle": 0.5, "end": 1.0}[each.get("text-anchor", "start")]
        if left < -1 or left + size > width + 1:
            found.append(words)
    return found


@given(st.lists(st.floats(-9e8, 9e8), min_size=3, max_size=3), st.floats(-9e8, 9e8))
@example([0.0, 0.0, 0.0], -0.001953125)  # a fraction of a cent
def test_large_amounts_stay_in_the_pictures(parts: list[float], first: float) -> None:
    steps = [Step("Tax of the ordinary rebalance", first, change=False)]
    steps += [Step(name, part, change=True) for (name, _), part in zip(SOURCES, parts, strict=True)]
    steps.append(Step("Tax of what was done", first + sum(parts), change=False))
    assert outside(parsed(waterfall(steps, "t"))) == []
    bars = [GainBar("Short term", abs(parts[0]), -abs(parts[1])), GainBar("Long term", abs(first), -abs(parts[2]))]
    assert outside(parsed(gain_bars(bars, "g"))) == []
    assert outside(parsed(lot_ages([Aged(first, 10, long_term=False)], "a"))) == []


def test_a_month_alone_is_a_column_and_not_a_wall() -> None:
    (deferral,) = rects(parsed(savings_over_time(levels((5.0, 3.0, 0.0)), "t")), BLUE)
    assert deferral[2] < 60
