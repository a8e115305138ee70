"""The frontier as a picture, a table and data, against the numbers it is made from."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from lotwise.money import DOLLAR
from lotwise.rebalancing.frontier import tax_tracking_frontier
from lotwise.rebalancing.frontier_refined import refined_point
from lotwise.reports.axes import HEIGHT, WIDTH, Axis
from lotwise.reports.frontier import drawn_frontier, frontier_frame, frontier_json, frontier_table, shown_points
from lotwise.reports.frontier_picture import CurvePoint, Named, frontier_picture
from tests.rebalancing.test_as_one_portfolio import crowd
from tests.rebalancing.test_frontier_refined import LOSING, by_law

SVG = "{http://www.w3.org/2000/svg}"
AXES = (Axis("tax", str), Axis("tracking", str))
FOUND = tax_tracking_frontier(*crowd(11).columns(), 0, 30)
LAW = by_law(LOSING)
DRAWN = tax_tracking_frontier(*LAW, 0, 9)
REFINED = refined_point(*LAW, DRAWN)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


def number_of(element: ET.Element, name: str) -> float:
    return float(element.get(name, "nan"))


def boxes(root: ET.Element, names: set[str]) -> list[tuple[float, float, float, float]]:
    """What labels take, by half of a letter's height as their width: narrower than any font draws them."""
    found = {}
    for text in root.iter(f"{SVG}text"):
        if text.text in names and text.get("stroke") is None:
            x, y = number_of(text, "x"), number_of(text, "y")
            half = len(text.text or "") * 0.25 * number_of(text, "font-size")
            found[text.text] = (x - half, y - 9, x + half, y + 2)
    assert set(found) == names
    return list(found.values())


def test_every_efficient_point_is_on_the_curve_where_its_numbers_say() -> None:
    root = parsed(drawn_frontier("H", FOUND))
    dots = [c for c in root.iter(f"{SVG}circle") if number_of(c, "r") == 2.2]
    assert len(dots) == FOUND.efficient.sum()
    tax, tracking = FOUND.tax_at_rates[FOUND.efficient], FOUND.tracking[FOUND.efficient]
    for name, values, sign in (("cx", tax, 1), ("cy", tracking, -1)):
        places = np.array([number_of(dot, name) for dot in dots])
        slope, start = np.polyfit(values.astype(float), places, 1)
        assert slope * sign > 0
        assert places == pytest.approx(start + slope * values, abs=0.2)


def test_the_chosen_point_today_and_the_target_are_named_with_their_figures() -> None:
    root = parsed(drawn_frontier("H", FOUND))
    said = {text.text for text in root.iter(f"{SVG}text")}
    assert {"Chosen by the profile", "To the target at any tax", "Today, nothing traded"} <= said
    assert f"{FOUND.tracking_today * 100:.2f}% a year, $0" in said
    chosen = FOUND.tracking[FOUND.chosen] * 100
    assert any(words and words.startswith(f"{chosen:.2f}% a year") for words in said)


@given(
    st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(0, 0.2)), min_size=3, max_size=3),
    st.lists(st.integers(1, 60), min_size=3, max_size=3),
)
def test_labels_never_cover_each_other_and_stay_in_the_picture(
    places: list[tuple[float, float]], lengths: list[int]
) -> None:
    named = [
        Named(tax, tracking, "abc"[row] * length, "", "disc", "#000000")
        for row, ((tax, tracking), length) in enumerate(zip(places, lengths, strict=True))
    ]
    curve = [CurvePoint(tax, tracking, "") for tax, tracking in sorted(places)]
    root = parsed(frontier_picture(curve, [], named, AXES, "t"))
    shown = {one.name if len(one.name) <= 44 else one.name[:43] + "…" for one in named}
    found = boxes(root, shown)
    for one, other in combinations(found, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for left, top, right, bottom in found:
        assert left >= 0
        assert top >= 0
        assert right <= WIDTH
        assert bottom <= HEIGHT


def test_labels_of_two_lines_find_their_places_in_a_small_picture() -> None:
    """As a proposal draws it: the recommended choice is near the one that sells everything, in a corner."""
    named = [
        Named(25_106, 0.0073, "Recommended", "$25,106, 0.73% a year", "disc", "#000000"),
        Named(59_001, 0.0, "Sell everything", "$59,001, 0.00% a year", "diamond", "#000000"),
        Named(0.0, 0.0879, "Do nothing", "$0, 8.79% a year", "ring", "#000000"),
    ]
    curve = [CurvePoint(tax, 0.08 * (1 - tax / 38_000) ** 2, "") for tax in range(-1_000, 38_000, 1_000)]
    root = parsed(frontier_picture(curve, [], named, AXES, "t", (430.0, 292.0)))
    found = boxes(root, {words for one in named for words in (one.name, one.figures)})
    for one, other in combinations(found, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_words_from_outside_are_escaped() -> None:
    svg = drawn_frontier('<script>alert("1")</script>', FOUND)
    assert "<script" not in svg
    assert parsed(svg).get("role") == "img"


def test_a_household_whose_tax_no_choice_changes_has_a_picture_too() -> None:
    point = CurvePoint(0.0, 0.01, "only")
    root = parsed(frontier_picture([point], [], [Named(0.0, 0.01, "Chosen", "", "disc", "#000000")], AXES, "t"))
    assert not re.search("nan|inf", ET.tostring(root, encoding="unicode"))


def test_the_table_shows_some_ten_points_both_ends_and_the_chosen_one() -> None:
    shown = shown_points(FOUND)
    efficient = np.flatnonzero(FOUND.efficient)
    assert len(shown) <= 11
    assert {int(efficient[0]), int(efficient[-1]), FOUND.chosen} <= set(shown)
    console = Console(width=120, record=True)
    console.print(frontier_table("H", FOUND))
    said = console.export_text()
    assert "chosen" in said
    assert f"{FOUND.tracking[FOUND.chosen] * 100:.3f}%" in said
    assert "Assumed: nothing else of the same taxpayer is traded tonight" in said


def test_data_hold_every_point_in_dollars() -> None:
    frame = frontier_frame(FOUND)
    assert frame.height == FOUND.tax.size
    assert frame["tax"].to_list() == pytest.approx((FOUND.tax / DOLLAR).tolist())
    assert frame["chosen"].arg_true().to_list() == [FOUND.chosen]
    data = frontier_json("H", FOUND)
    assert data["points"][FOUND.chosen]["sold"] == FOUND.sold[FOUND.chosen] / DOLLAR


def test_a_point_by_its_true_tax_is_in_the_table_the_data_and_the_picture() -> None:
    console = Console(width=140, record=True)
    console.print(frontier_table("H", DRAWN, REFINED))
    said = " ".join(console.export_text().split())
    tracking = f"{REFINED.true.tracking * 100:.3f}%"
    assert f"by true tax {tracking}" in said
    assert f"by its true tax, {REFINED.solves} solves: tracking error {tracking}" in said
    assert "by true tax" not in _shown(frontier_table("H", DRAWN))
    data = frontier_json("H", DRAWN, REFINED)["refined"]
    assert data["by_true_tax"]["long_gains"] == REFINED.true.long_gains / DOLLAR
    assert data["at_frozen_rates"]["tax_in_all"] == REFINED.frozen.tax_in_all / DOLLAR
    assert frontier_json("H", DRAWN)["refined"] is None
    named = {text.text for text in parsed(drawn_frontier("H", DRAWN, REFINED)).iter(f"{SVG}text")}
    assert "Chosen, by true tax" in named
    assert "Chosen, by true tax" not in {text.text for text in parsed(drawn_frontier("H", DRAWN)).iter(f"{SVG}text")}


def test_a_point_whose_rates_hold_has_no_row_of_its_own() -> None:
    for solves, words in ((1, "tonight's rates hold there"), (4, "no other rates lead to better ones")):
        said = _shown(frontier_table("H", DRAWN, REFINED._replace(solves=solves, gained=0.0)))
        assert words in said
        assert "by true tax " not in said


def _shown(table: RenderableType) -> str:
    console = Console(width=140, record=True)
    console.print(table)
    return " ".join(console.export_text().split())
