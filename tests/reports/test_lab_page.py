"""The lab's page and pictures: nothing that is told becomes markup, and every figure has its place."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from lotwise.reports.lab_page import ExperimentPage, lab_page
from lotwise.reports.lab_pictures import Curve, Dot, Pair, curves, dots, paired_bars
from lotwise.reports.lab_strips import Strip, strips
from lotwise.reports.lab_surfaces import Surface, heat_map
from lotwise.reports.lab_trails import Trail, trails

HOSTILE = "<script>alert('&')</script>"


def experiment(text: str, verdict: str = "reproduced in part") -> ExperimentPage:
    return ExperimentPage(
        name="one", title=text, claim=text, source=text, rule=text, definitions=((text, text),), verdict=verdict,
        because=text, market=text, size="quick", seed=1, version="0", settings=((text, text),),
        tables=({"title": text, "columns": (text,), "rows": ((text,),), "note": text},),
        pictures=({"svg": dots([Dot(text, 1.0, 2.0)], (text, text), text), "words": text},),
    )  # fmt: skip


def test_nothing_that_is_told_becomes_markup() -> None:
    page = lab_page([experiment(HOSTILE)])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


def test_long_reasons_are_told_whole() -> None:
    text = "A sentence of several words that goes on. " * 40
    assert text.strip() in lab_page([experiment(text)])


def test_verdicts_are_counted() -> None:
    page = lab_page([experiment("a", "reproduced"), experiment("b"), experiment("c", "not reproduced")])
    assert "3 of them here: 1 reproduced, 1 in part, 1 not." in page


@pytest.mark.parametrize(
    "svg",
    [
        paired_bars([Pair("a", 3.0, 5.0), Pair("b", -2.0, 0.0)], ("measured", "published"), "bp", "T"),
        paired_bars([Pair(HOSTILE, 0.0, 0.0)], (HOSTILE, "b"), "bp", HOSTILE),
        dots([Dot("a", 0.0, 0.0), Dot("b", -4.0, 7.0, strong=True)], ("x", "y"), "T"),
        dots([], ("x", "y"), "T"),
        dots([Dot("a", math.nan, 1.0)], ("x", "y"), "T"),
        trails([Trail("a", ((1.0, 2.0, "10"), (3.0, -4.0, HOSTILE))), Trail(HOSTILE, ())], ("x", "y"), "T"),
        trails([Trail("a", ((math.nan, 2.0, "10"),))], ("x", "y"), "T"),
        heat_map(Surface(("r",), ("c", "d"), np.array([[1.0, np.nan]]), (("1", ""),), (0, 0)), ("x", "y"), "T"),
        heat_map(Surface((HOSTILE,), (HOSTILE,), np.array([[np.nan]]), ((HOSTILE,),)), (HOSTILE, ""), HOSTILE),
        strips([Strip("a", (-1.0, 3.0, math.nan), (1.0, 2.0, 3.0)), Strip(HOSTILE, (), ())], (1.0, "one"), "x", "T"),
        strips([], (1.0, HOSTILE), HOSTILE, HOSTILE),
        curves([Curve(HOSTILE, ((1.0, -2.0), (2.0, math.nan), (3.0, 4.0)))], (HOSTILE, "y"), HOSTILE),
        curves([Curve("a", ((0.0, 0.0),))], ("x", "y"), "T"),
        curves([Curve("a", ((math.nan, 1.0),)), Curve("b", ())], ("x", "y"), "T"),
        curves([], ("x", "y"), "T"),
    ],
)
def test_pictures_are_sound(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert root.get("role") == "img"
    assert "nan" not in svg
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(rect.attrib["width"]) >= 0


def test_the_longer_bar_is_the_larger_figure() -> None:
    svg = paired_bars([Pair("a", 30.0, 60.0)], ("measured", "published"), "bp", "T")
    widths = [float(each) for each in re.findall(r'width="([\d.]+)" height="13"', svg)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)


def test_lines_are_told_apart_by_colour_and_shape_and_each_place_has_its_words() -> None:
    lines = [Trail(name, ((1.0, 5.0, "25"), (2.0, 7.0, "50"))) for name in ("one", "two", "three")]
    svg = trails(lines, ("x", "y"), "T")
    marks = {name: svg.count(f"<{name} ") for name in ("circle", "polygon")}
    assert marks == {"circle": 3, "polygon": 3}  # two places and the key
    assert "three, 50: 2, 7" in svg
    colours = {re.search(f'<{name}[^>]*fill="([^"]*)"', svg).group(1) for name in ("circle", "polygon")}  # type: ignore[union-attr]
    assert len(colours) == 2


def test_the_darker_cell_is_the_larger_figure() -> None:
    surface = Surface(("r",), ("a", "b", "c"), np.array([[0.1, 0.5, 0.9]]), (("a", "b", "c"),), (0, 1))
    svg = heat_map(surface, ("x", "y"), "T")
    filled = re.findall(r'fill="(#[0-9a-f]{6})" stroke="#dde3e8"', svg)
    light = [sum(int(each[at : at + 2], 16) for at in (1, 3, 5)) for each in filled]
    assert light[0] > light[1] > light[2]
    assert svg.count('fill="none"') == 1  # the cell that is marked


def test_dots_of_larger_values_lie_to_the_right_and_of_larger_accounts_are_larger() -> None:
    svg = strips([Strip("a", (0.0, 2.0, 4.0), (100.0, 400.0, 100.0))], (1.0, "the fee"), "times", "T")
    places = [float(each) for each in re.findall(r'<circle cx="([\d.]+)"', svg)]
    sizes = [float(each) for each in re.findall(r' r="([\d.]+)"', svg)]
    assert places[0] < places[1] < places[2]
    assert places[1] == pytest.approx((places[0] + places[2]) / 2, abs=0.2)
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=0.2)
    assert places[0] < float(re.findall(r'<line x1="([\d.]+)" y1="20"', svg)[0]) < places[1]


def test_curves_rise_where_their_figures_do_and_differ_by_more_than_colour() -> None:
    svg = curves([Curve("a", ((1.0, 2.0), (2.0, 8.0))), Curve("b", ((1.0, 5.0), (2.0, 5.0)))], ("x", "y"), "T")
    ways = re.findall(
        r'<polyline points="([^"]+)" fill="none" stroke="([^"]+)" stroke-width="2.2"([^/]*?) stroke-linejoin', svg
    )
    first, second = [[tuple(map(float, each.split(","))) for each in way[0].split()] for way in ways]
    assert first[1][1] < first[0][1]  # upwards is less in SVG
    assert second[1][1] == second[0][1]
    assert first[0][0] == second[0][0]
    assert len({way[1] for way in ways}) == len({way[2] for way in ways}) == 2
    with pytest.raises(ValueError, match="at most 6 curves, were 7"):
        curves([Curve("a", ((1.0, 2.0),))] * 7, ("x", "y"), "T")


def test_columns_of_words_are_set_as_words() -> None:
    table = {"title": "T", "columns": ["a", "b", "c"], "rows": [["x", "-1", "y" * 40], ["x", "2", ""]], "note": ""}
    page = lab_page([experiment("a")._replace(tables=(table,))])
    assert page.count('<td class="n">') == 2
    assert page.count('<td class="words">y') == page.count('<td class="words"></td>') == 1


def test_the_room_of_names_beside_bars_follows_the_longest() -> None:
    def begins(name: str) -> float:
        found = re.search(
            r'<text x="([\d.]+)"[^>]*>' + name, paired_bars([Pair(name, 1.0, 2.0)], ("a", "b"), "bp", "T")
        )
        assert found is not None
        return float(found.group(1))

    assert begins("n" * 60) > 60 * 6 > begins("n")
