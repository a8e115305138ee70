"""Pictures against the numbers they are drawn from."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.reports.look import BLUE, GREY, ORANGE, Scale, ticks
from lotwise.reports.pictures import Arrow, Axis, Bar, Layer, Share, arrows, bars, histogram, strip

SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Axis("x", str)
HOSTILE = '<script>alert("1")</script>&\x00\u202e'


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(2, 10))
def test_ticks_cover_the_range_in_equal_round_steps(low: float, span: float, about: int) -> None:
    marks = ticks(low, low + span, about)
    slack = 1e-6 * max(abs(low), span, 1e-12)
    assert marks[0] <= low + slack
    assert marks[-1] >= low + span - slack
    steps = np.diff(marks)
    assert steps.min() > 0
    assert np.allclose(steps, steps[0])
    assert len(marks) <= 2 * about + 3


def test_ticks_of_nonsense_are_refused() -> None:
    with pytest.raises(ValueError, match="finite and ascending, was 1 to 0"):
        ticks(1, 0)
    with pytest.raises(ValueError, match="finite and ascending"):
        ticks(0, float("nan"))


def test_a_scale_keeps_what_is_outside_at_its_edge() -> None:
    scale = Scale(0, 10, 100, 200)
    assert [scale(value) for value in (-5, 0, 5, 10, 50)] == [100, 100, 150, 200, 200]


def test_each_case_has_a_dot_coloured_by_its_sign_and_named() -> None:
    cases = [
        Arrow(0.02, 0, 0.01, -40.0, "saves"),
        Arrow(0.03, 0, 0.02, 25.0, "owes"),
        Arrow(0.01, 0, 0.01, 0.0, "neither"),
    ]
    root = parsed(arrows(cases, Arrow(0.02, 0, 0.015, -5, "all"), PLAIN, PLAIN, "t"))
    dots = {
        title.text: circle.get("fill")
        for circle in root.iter(f"{SVG}circle")
        if (title := circle.find(f"{SVG}title")) is not None
    }
    assert dots == {"saves": BLUE, "owes": ORANGE, "neither": GREY}
    assert "all" in texts(root)
    positions = [float(c.get("cx", "nan")) for c in root.iter(f"{SVG}circle") if c.find(f"{SVG}title") is not None]
    assert positions[0] == positions[2] < positions[1]


def test_cases_far_outside_are_counted_and_stay_in_the_picture() -> None:
    random = np.random.default_rng(1)
    cases = [
        Arrow(0.02, 0, x, y, "h")
        for x, y in zip(random.uniform(0, 0.02, 400), random.uniform(-10, 10, 400), strict=True)
    ]
    cases[7] = Arrow(0.9, 0, 0.8, -5_000, "far")
    root = parsed(arrows(cases, None, PLAIN, PLAIN, "t"))
    assert "1 outside the frame, drawn at its edge" in texts(root)
    width, height = (float(part) for part in root.get("viewBox", "").split()[2:])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.get("cx", "-1")) <= width
        assert 0 <= float(circle.get("cy", "-1")) <= height


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=200), st.lists(st.floats(0, 3), max_size=50))
def test_no_value_is_lost_from_a_histogram(first: list[float], second: list[float]) -> None:
    layers = [Layer("a", np.array(first), BLUE), Layer("b", np.array(second, np.float64), GREY)]
    root = parsed(histogram(layers, PLAIN, "household", "t"))
    counted = {"a": 0, "b": 0}
    for title in root.iter(f"{SVG}title"):
        if found := re.fullmatch(r"([ab]): ([\d,]+)", title.text or ""):
            counted[found[1]] += int(found[2].replace(",", ""))
    assert counted == {"a": len(first), "b": len(second)}


def test_bars_are_as_long_as_their_numbers() -> None:
    root = parsed(bars([Bar("losses", -200.0, "-$200"), Bar("gains", 100.0, "$100")], "t"))
    widths = [float(rect.get("width", "0")) for rect in root.iter(f"{SVG}rect")]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)
    assert [rect.get("fill") for rect in root.iter(f"{SVG}rect")] == [BLUE, ORANGE]
    assert {"losses", "-$200", "gains", "$100"} <= set(texts(root))


def test_the_smallest_share_is_still_seen() -> None:
    root = parsed(strip([Share("many", 4_999, BLUE), Share("one", 1, ORANGE), Share("none", 0, GREY)], "t"))
    widths = [float(rect.get("width", "0")) for rect in root.iter(f"{SVG}rect")]
    assert len(widths) == 2
    assert widths[1] >= 3


@pytest.mark.parametrize(
    "svg",
    [
        arrows([Arrow(0, 0, 1, 1, HOSTILE)], Arrow(0, 0, 1, 1, HOSTILE), PLAIN, PLAIN, HOSTILE),
        arrows([], None, PLAIN, PLAIN, HOSTILE),
        histogram([Layer(HOSTILE, np.array([1.0]), BLUE)], Axis(HOSTILE, str), "household", HOSTILE),
        histogram([], PLAIN, "household", HOSTILE),
        bars([Bar(HOSTILE, 1.0, HOSTILE)], HOSTILE),
        bars([], HOSTILE),
        strip([Share(HOSTILE, 1, BLUE)], HOSTILE),
        strip([], HOSTILE),
    ],
)
def test_every_picture_is_well_formed_and_escapes_its_words(svg: str) -> None:
    root = parsed(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label", "").startswith("<script>")
    assert "<script" not in svg
    assert not re.search("[\x00-\x08\u202e]", svg)


def test_the_words_of_the_longest_bar_stand_right_of_its_name() -> None:
    name = "long-term losses $7.34 million"
    svg = bars([Bar(name, -5.0, "\u2212$1.41 million"), Bar("b", 1.0, "$1")], "T")
    place = re.search(r'<text x="([\d.]+)"[^>]*>\u2212\$1\.41', svg)
    assert place is not None
    assert float(place.group(1)) - 6 * len("\u2212$1.41 million") > 6 * len(name)
