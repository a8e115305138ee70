"""Clean lots of a prospect, and the same lots as custodians and spreadsheets write them, mangled by draws."""

from __future__ import annotations

import codecs
import csv
import io
import random
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from lotwise.interchange.prospect_file.known import Known

TODAY = date(2026, 11, 20)
SYMBOLS = [f"{a}{b}{c}" for a in "BDFH" for b in "AEIO" for c in "KLN"] + ["BRK.B", "BF.A"]
KNOWN = Known(
    {symbol: 1_000_000 + 37_000 * place for place, symbol in enumerate(SYMBOLS)},
    dict.fromkeys(SYMBOLS, "stock"),
    dict.fromkeys(SYMBOLS, "equity"),
    {},
)

HEADERS = {
    "symbol": ["Symbol", "TICKER", "Security", " symbol ", "Ticker Symbol"],
    "shares": ["Shares", "Qty", "Quantity", "QTY.", "Units", "Number of Shares"],
    "basis": ["Cost", "Cost Basis", "Basis", "Total cost", "Adjusted Cost Basis ($)", "CostBasis"],
    "unit": ["Cost per share", "Unit Cost", "Avg. Cost", "Price Paid"],
    "acquired": ["Date", "Acquired", "Purchase date", "Trade Date", "Date Acquired", "Open Date"],
}
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


class Clean(NamedTuple):
    symbol: str
    shares: Decimal
    basis: Decimal
    acquired: date


def clean_lots(draw: random.Random, count: int = 200) -> list[Clean]:
    """Lots that are all different, of 50 names; basis and shares are such that basis / shares ends."""
    lots = []
    for number in range(count):
        shares = Decimal(draw.choice([8, 10, 16, 40, 125, 1600, 2000])) + Decimal(draw.choice(["0", "0.5", "0.25"]))
        unit = Decimal(draw.randint(2_000, 40_000)) / 100
        acquired = TODAY - timedelta(days=40 + 17 * number)
        lots.append(Clean(draw.choice(SYMBOLS), shares, shares * unit, acquired))
    return lots


def as_text(amount: Decimal, draw: random.Random, money: bool) -> str:
    """An amount in one of the ways that leave no doubt of it."""
    whole = f"{amount:,.4f}".rstrip("0").rstrip(".") if not money or amount * 100 % 1 else f"{amount:,.2f}"
    styles = [
        whole,
        whole.replace(",", ""),
        f" {whole} ",
        f"+{whole}",
        whole.replace(",", " ") if "," in whole else whole,
    ]
    if money:
        styles += [f"${whole}", f"$ {whole}", f"USD {whole}", f"{whole} USD", f"({whole})", f"$({whole})", f"-${whole}"]
    return draw.choice(styles)


def date_text(day: date, draw: random.Random) -> str:
    month = MONTHS[day.month - 1]
    return draw.choice(
        [
            day.isoformat(),
            f"{day:%m/%d/%Y}",
            f"{day.month}/{day.day}/{day.year}",
            f"{day:%m/%d/%y}",
            f"{day:%m-%d-%Y}",
            f"{month} {day.day}, {day.year}",
            f"{month[:3]} {day.day:02d} {day.year}",
            f"{day.day}-{month[:3]}-{day.year}",
            f"{day.day:02d}-{month[:3].upper()}-{day:%y}",
            f"{day.day} {month} {day.year}",
            f"{day:%Y/%m/%d}",
            f"{day:%Y%m%d}",
            f"{day.isoformat()}T00:00:00",
            f"{day:%m/%d/%Y} 12:00 AM",
        ]
    )


def symbol_text(symbol: str, draw: random.Random) -> str:
    styles = [
        symbol,
        symbol.lower(),
        f" {symbol}",
        symbol.title(),
        f"NYSE:{symbol}",
        f"{symbol} US",
        f"Company ({symbol})",
    ]
    if "." in symbol:
        styles += [symbol.replace(".", "/"), symbol.replace(".", "-"), symbol.replace(".", " ")]
    return draw.choice(styles)


def mangled(lots: list[Clean], draw: random.Random) -> bytes:
    """The lots as a file in which every column is mangled in some way."""
    per_share = draw.random() < 0.3
    columns = ["symbol", "shares", "unit" if per_share else "basis", "acquired"]
    extra = {"Lot ID": [f"T{number}" for number in range(len(lots))]}
    extra["% of Account"] = [f"{draw.random():.2%}" for _ in lots]
    extra["Notes"] = [draw.choice(["", "see, below", 'called "core"', "--"]) for _ in lots]
    cells = {
        "symbol": [symbol_text(lot.symbol, draw) for lot in lots],
        "shares": [as_text(lot.shares, draw, money=False) for lot in lots],
        "basis": [as_text(lot.basis, draw, money=True) for lot in lots],
        "unit": [as_text(lot.basis / lot.shares, draw, money=True) for lot in lots],
        "acquired": [date_text(lot.acquired, draw) for lot in lots],
    }
    table = {draw.choice(HEADERS[name]): cells[name] for name in columns} | extra
    order = list(table)
    draw.shuffle(order)
    header, rows = order, [[table[name][row] for name in order] for row in range(len(lots))]
    symbol_at = next(place for place, name in enumerate(order) if name in HEADERS["symbol"])
    lines: list[list[str]] = []
    for row in rows:
        lines.append(row)
        if draw.random() < 0.05:
            lines.append([""] * len(order))
        if draw.random() < 0.03:
            lines.append(list(header))
        if draw.random() < 0.03:
            lines.append(row)  # the same lot of the same name once more
        if draw.random() < 0.03:
            total = [""] * len(order)
            total[symbol_at] = draw.choice(["Total", "Subtotal", "TOTALS", "Account Total"])
            total[(symbol_at + 1) % len(order)] = "$1,234,567.89"
            lines.append(total)
    footer = ["Grand Total", "The information above is not advice, and may be wrong."]
    text = io.StringIO()
    for title in draw.sample(["Positions as of 11/20/2026", "", "Prepared for: A. Client"], draw.randint(0, 3)):
        text.write(title + "\n")
    writer = csv.writer(text, delimiter=draw.choice(",;\t|"), lineterminator=draw.choice(["\n", "\r\n"]))
    writer.writerows([header, *lines])
    for line in footer:
        writer.writerow([line])
    whole = text.getvalue()
    return draw.choice(
        [
            whole.encode(),
            codecs.BOM_UTF8 + whole.encode(),
            whole.encode("utf-16"),
            codecs.BOM_UTF16_BE + whole.encode("utf-16-be"),
            whole.encode("utf-16-le"),
        ]
    )


def clean_csv(lots: list[Clean]) -> bytes:
    rows = [f"{lot.symbol},{lot.shares},{lot.basis},{lot.acquired.isoformat()}" for lot in lots]
    return "\n".join(["symbol,shares,basis,acquired", *rows, ""]).encode()


def european(amount: Decimal) -> str:
    """1600.5 as 1.600,5."""
    return f"{amount:,.4f}".rstrip("0").rstrip(".").translate(str.maketrans(",.", ".,"))


def excel_export(lots: list[Clean], draw: random.Random) -> tuple[bytes, int]:
    """The lots as a spreadsheet of another locale exports them, and how many short positions are among them.

    A line that names the delimiter, semicolons, commas for decimal points, days before months, symbols as formulas, a
    column twice, empty columns at the right, a currency behind the amount, short positions, totals.
    """
    text = io.StringIO()
    if draw.random() < 0.5:
        text.write("sep=;\r\n")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    header = ["Ticker", "Quantity", "Total Cost", "Trade Date", "Quantity", "", ""]
    writer.writerow(header)
    dotted = draw.random() < 0.5
    short = 0
    for place, lot in enumerate(lots):
        symbol = f'="{lot.symbol}"' if draw.random() < 0.5 else lot.symbol
        when = f"{lot.acquired:%d.%m.%Y}" if dotted else f"{lot.acquired:%d/%m/%Y}"
        if draw.random() < 0.2:
            when = str((lot.acquired - date(1899, 12, 30)).days)
        shares = european(lot.shares)
        money = european(lot.basis) + draw.choice(["", " $", "\u00a0USD"])
        writer.writerow([symbol, shares, money, when, shares, "", ""])
        if place % 60 == 7:
            writer.writerow([lot.symbol, draw.choice(["-100", "(100)", "100-"]), "1.000,00", when, "-100", "", ""])
            short += 1
        if place % 70 == 9:
            writer.writerow(["", "", "", "", "", "", ""])
            writer.writerow(["Total", "", "1.234.567,89", "", "", "", ""])
    whole = text.getvalue()
    return draw.choice([codecs.BOM_UTF8 + whole.encode(), whole.encode("cp1252"), whole.encode("utf-16")]), short
