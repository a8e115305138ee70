"""TXF: records and files word for word, as version 042 of the format has them."""

from __future__ import annotations

from datetime import date

import pytest

from lotwise.tax.form_cells import Cells
from lotwise.tax.forms import Box, FormLine, form_lines
from lotwise.tax.txf import txf, txf_record
from tests.tax.realized_rows import Sold, dollars, table_of

REFERENCES = {"A": "N321", "B": "N711", "C": "N712", "D": "N323", "E": "N713", "F": "N714"}


def line(box: Box = Box.A, code: str = "", adjustment: str = "0", acquired: str = "01/02/2011") -> FormLine:
    cells = Cells(dollars("1300"), dollars("1500.5"), dollars(adjustment))
    return FormLine(box, "50 sh. QCOM", acquired, "01/15/2011", cells, code)


@pytest.mark.parametrize("box", list(Box))
def test_a_sale_without_adjustment_is_record_format_4(box: Box) -> None:
    assert txf_record(line(box)) == [
        "TD", REFERENCES[box.value], "C1", "L1", "P50 sh. QCOM", "D01/02/2011", "D01/15/2011",
        "$1500.50", "$1300.00", "^",
    ]  # fmt: skip


@pytest.mark.parametrize("box", list(Box))
def test_a_wash_sale_is_record_format_5_with_the_loss_disallowed_last(box: Box) -> None:
    record = txf_record(line(box, "W", "200.5"))
    assert record[1] == REFERENCES[box.value]
    assert record[-4:] == ["$1500.50", "$1300.00", "$200.50", "^"]


@pytest.mark.parametrize("word", ["VARIOUS", "INHERITED"])
def test_a_word_in_place_of_a_date_is_left_empty(word: str) -> None:
    assert txf_record(line(acquired=word))[5:7] == ["D", "D01/15/2011"]


def test_another_adjustment_cannot_be_said() -> None:
    with pytest.raises(ValueError, match=r"50 sh\. QCOM has code BW: enter it by hand"):
        txf_record(line(code="BW", adjustment="3"))


def test_the_file_word_for_word() -> None:
    rows = table_of(
        Sold("1200", "1000", lot=1),
        Sold("900", "1000", "100", acquired="2020-01-02", long_term=True, lot=2, security=1),
    )
    corrected = line(code="B", adjustment="3")
    written = txf([*form_lines(rows, ["XYZ", "A\nB\u00e9"]), corrected], date(2026, 2, 3), "Lotwise")
    assert written.text.split("\r\n") == [
        "V042", "ALotwise", "D02/03/2026", "^",
        "TD", "N321", "C1", "L1", "P100 sh. XYZ", "D06/03/2024", "D03/03/2025", "$1000.00", "$1200.00", "^",
        "TD", "N323", "C1", "L1", "P100 sh. A B?", "D01/02/2020", "D03/03/2025", "$1000.00", "$900.00", "$100.00",
        "^", "",
    ]  # fmt: skip
    assert written.left_out == (corrected,)
