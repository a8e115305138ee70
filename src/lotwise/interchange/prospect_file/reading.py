"""`read_prospect`: a prospect's lots from a file as it comes; doubts are said, what is of no use is left out, loudly.

A row is a lot, cash, a total, a note or blank. Of a lot the symbol and the shares must be there; basis and date may be
missing and are asked for. A short position is left out, loudly: it is no lot that could be sold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from lotwise.errors import Finding, FolderError, Severity
from lotwise.households.accounts import AccountKind
from lotwise.households.toml_values import shown
from lotwise.interchange.prospect_file import header_checks
from lotwise.interchange.prospect_file.cells import (
    DAY_FIRST,
    Amount,
    amount,
    day,
    has_decimal_commas,
    is_day_first,
    is_missing,
)
from lotwise.interchange.prospect_file.cells import plain as plain_text
from lotwise.interchange.prospect_file.header import Role
from lotwise.interchange.prospect_file.known import Known
from lotwise.interchange.prospect_file.lots import ProspectLot, ProspectLots, Unvalued
from lotwise.interchange.prospect_file.row_kinds import account_kind_of, is_cash, is_total, kind_of, term_of
from lotwise.interchange.prospect_file.text import Row, Sheet, nearest_header, open_sheet
from lotwise.money import DOLLAR, SHARE

__all__ = ["read_prospect"]

_NUMBERS = (Role.SHARES, Role.BASIS, Role.UNIT_BASIS, Role.ANY_BASIS, Role.PRICE, Role.VALUE)
_BASES = (Role.BASIS, Role.ANY_BASIS, Role.UNIT_BASIS)
_MOST = Decimal(10) ** 12  # of anything: above it a decimal point has slipped
_NEAR_VALUE = 0.05  # by which shares x price may differ from value: accrued interest, another hour
_FAR = 0.2  # a price that differs by so much from the firm's is another day's, or another security's


def read_prospect(path: Path, known: Known, today: date) -> ProspectLots:
    """Read a prospect's lots. Raises FolderError, with what was found, where no lot can be had of the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FolderError(f"{path}: must be a file of lots; {error.strerror or error}") from error
    sheet = open_sheet(content)
    if sheet is None:
        must = "a table with a symbol and the shares of each lot, and a header that says which column is what"
        was = nearest_header(content)
        raise FolderError(f"{path.name}: must be {must}; was {was}; write the header symbol,shares,basis,acquired")
    reader = _Reader(path.name, sheet, known, today)
    read = reader.read()
    if not read.lots:
        to_do = "a row needs the symbol of a security that the firm's folder prices, and shares"
        raise FolderError(f"{path.name}: must have a lot that can be valued; had none: {to_do}", read.findings)
    return read


@dataclass(slots=True)
class _Reader:
    """Reads one sheet; findings are collected as they come."""

    file: str
    sheet: Sheet
    known: Known
    today: date
    findings: list[Finding] = field(default_factory=list)
    lots: list[ProspectLot] = field(default_factory=list)
    cash: list[tuple[str, AccountKind, int]] = field(default_factory=list)
    unvalued: list[Unvalued] = field(default_factory=list)
    left_out: int = 0
    decimal_commas: bool = False
    day_first: bool = False
    named: set[str] = field(default_factory=set)  # accounts whose kind is told by their names, said once
    kinds: dict[str, AccountKind] = field(default_factory=dict)  # by account
    above: str = ""  # symbol of the row above
    seen: dict[tuple[object, ...], int] = field(default_factory=dict)

    def read(self) -> ProspectLots:
        """Read all rows."""
        self._conventions()
        skipped: list[int] = []
        for row in self.sheet.rows:
            cells = header_checks.as_wide(row, len(self.sheet.header.cells), self._mended, self._drop)
            if cells is not None and not self._is_no_row(row, cells, skipped):
                self._row(Row(row.line, cells))
        if skipped:
            lines = ", ".join(map(str, skipped[:8])) + (" and more" if len(skipped) > 8 else "")
            self._say(skipped[0], None, Severity.NOTICE, "a lot", f"{len(skipped)} totals, headers and notes",
                      f"left out: lines {lines}")  # fmt: skip
        lots = header_checks.with_unit_bases(self.lots, self.sheet, self.known, self._say)
        basis = next((role for role in _BASES if role in self.sheet.roles), Role.BASIS)
        return ProspectLots(
            tuple(lots),
            tuple(self.cash),
            tuple(self.unvalued),
            self.left_out,
            tuple(self.findings),
            self._named(basis),
            self._named(Role.ACQUIRED),
        )

    # --- what is said ---------------------------------------------------------------------------------------------

    def _say(self, line: int | None, role: Role | None, severity: Severity, must_be: str, was: str, to_do: str) -> None:
        column = None if role is None else self._named(role)
        self.findings.append(Finding(self.file, line, column, severity, must_be, was, to_do))

    def _named(self, role: Role) -> str:
        """What the file calls a column; the name of its role where it has none."""
        place, cells = self.sheet.roles.get(role), self.sheet.header.cells
        return plain_text(cells[place]) if place is not None and place < len(cells) else str(role)

    def _taken(self, row: Row, role: Role, must_be: str, taken: str) -> None:
        self._say(row.line, role, Severity.WARNING, must_be, shown(self._cell(row, role)), f"taken for {taken}")

    def _drop(self, line: int, role: Role | None, must_be: str, was: str, to_do: str) -> None:
        self.left_out += 1
        self._say(line, role, Severity.ERROR, must_be, was, f"{to_do}; until then the row is left out")

    def _mended(self, line: int, was: str, taken: str) -> None:
        self._say(line, None, Severity.WARNING, "as many cells as the header", was, f"taken for {taken}")

    def _conventions(self) -> None:
        """Find out how numbers and dates are written, and say what of that is not certain."""
        sheet = self.sheet
        self.decimal_commas = has_decimal_commas(cell for role in _NUMBERS for cell in self._column(role))
        self.day_first = is_day_first(self._column(Role.ACQUIRED))
        for doubt in sheet.doubts:
            self._say(None, None, Severity.WARNING, "UTF-8 with a header", doubt, "read as such: look at the lots")
        if self.decimal_commas:
            must_be = "amounts as 1,600.00"
            self._say(None, None, Severity.WARNING, must_be, "1.600,00", "commas are taken for decimal points")
        if self.day_first:
            must_be, was = "dates as YYYY-MM-DD or month/day/year", "some that can only be day/month/year"
            self._say(None, Role.ACQUIRED, Severity.WARNING, must_be, was, "all are taken for day/month/year")
        for column in sheet.spare:
            name = plain_text(sheet.header.cells[column])
            to_do = "another column says it: this one is not looked at"
            self.findings.append(
                Finding(self.file, sheet.header.line, name, Severity.NOTICE, "one column of its kind", "several", to_do)
            )
        for row in sheet.before:
            was = shown(" ".join(filter(None, map(plain_text, row.cells))))
            self._say(row.line, None, Severity.NOTICE, "the table", was, "taken for a title: not looked at")

    # --- cells ----------------------------------------------------------------------------------------------------

    def _column(self, role: Role) -> list[str]:
        place = self.sheet.roles.get(role)
        return [] if place is None else [row.cells[place] for row in self.sheet.rows if place < len(row.cells)]

    def _cell(self, row: Row, role: Role) -> str:
        place = self.sheet.roles.get(role)
        return "" if place is None or place >= len(row.cells) else row.cells[place]

    def _amount(self, row: Row, role: Role) -> Amount | None:
        """An amount that is there; None where it is missing or cannot be read, which is said."""
        text = self._cell(row, role)
        if is_missing(text):
            return None
        found = amount(text, decimal_commas=self.decimal_commas)
        if found is None or abs(found.value) > _MOST:
            self._say(row.line, role, Severity.WARNING, "an amount", shown(text), "taken for not known: correct it")
            return None
        if found.doubt:
            self._taken(row, role, "an amount as 1,600.00", f"{found.value:f}: {found.doubt}")
        return found

    # --- rows -----------------------------------------------------------------------------------------------------

    def _is_no_row(self, row: Row, cells: Sequence[str], skipped: list[int]) -> bool:
        """Whether a row is blank, a header again, a total or a note; all but blank ones are noted."""
        filled = [text for text in map(plain_text, cells) if text]
        if not filled:
            return True
        again = [plain_text(cell).casefold() for cell in self.sheet.header.cells]
        symbol = self._cell(Row(row.line, list(cells)), Role.SYMBOL)
        meant = self.known.meant(symbol)
        is_known = meant is not None and meant.known and not meant.doubt
        note = len(filled) == 1 and not is_known
        total = any(map(is_total, filled[:3])) and not is_known
        if note or total or [plain_text(cell).casefold() for cell in cells] == again:
            skipped.append(row.line)
            return True
        return False

    def _row(self, row: Row) -> None:
        text = self._cell(row, Role.SYMBOL)
        named, account, kind = self._cell(row, Role.NAME), *self._account(row)
        known = self.known.meant(text)
        stranger = not (known and known.known)
        if stranger and (is_cash(text) or (is_missing(text) and is_cash(named))):
            self._cash(row, account, kind)
            return
        symbol = self._symbol(row)
        if symbol is None:
            return
        shares = self._shares(row)
        if shares is None:
            return
        lot = self._lot(row, symbol, shares, account, kind)
        if lot is None or self._is_again(row, lot):
            return
        self.lots.append(lot)

    def _account(self, row: Row) -> tuple[str, AccountKind]:
        name, said = plain_text(self._cell(row, Role.ACCOUNT)), self._cell(row, Role.ACCOUNT_KIND)
        kind = account_kind_of(said)
        if kind is None and not is_missing(said):
            self._say(row.line, Role.ACCOUNT_KIND, Severity.WARNING, "taxable, traditional (IRA) or Roth", shown(said),
                      "taken for taxable")  # fmt: skip
        if kind is None and (kind := account_kind_of(name)) not in (None, AccountKind.TAXABLE):
            if name not in self.named:
                self._taken(row, Role.ACCOUNT, "an account whose kind is said", f"{kind.name.lower()}, by its name")
            self.named.add(name)
        return self._own_account(row, name, kind or AccountKind.TAXABLE), kind or AccountKind.TAXABLE

    def _own_account(self, row: Row, name: str, kind: AccountKind) -> str:
        """The account's name; an account has one kind: what is of another one is another account of that name."""
        first = self.kinds.setdefault(name, kind)
        if first is kind:
            return name or "prospect"
        apart = f"{name or 'prospect'} {kind.name.lower()}"
        if name and apart not in self.kinds:
            self._taken(row, Role.ACCOUNT, f"an account of one kind, {first.name.lower()}", f"another account: {apart}")
        self.kinds[apart] = kind
        return apart

    def _cash(self, row: Row, account: str, kind: AccountKind) -> None:
        for role in (Role.VALUE, Role.SHARES, Role.BASIS, Role.ANY_BASIS):
            found = self._amount(row, role)
            if found is not None:
                money = round(found.value * DOLLAR)
                self.cash.append((account, kind, money))
                was = shown(plain_text(self._cell(row, Role.SYMBOL)) or plain_text(self._cell(row, Role.NAME)))
                self._say(row.line, role, Severity.NOTICE, "a lot", was, f"taken for cash, ${found.value:,.2f}")
                return
        self._drop(row.line, Role.SYMBOL, "cash with its amount", shown(self._cell(row, Role.SYMBOL)), "add it")

    def _symbol(self, row: Row) -> str | None:
        """The row's symbol, or that of the row above where a further lot leaves it empty."""
        text = self._cell(row, Role.SYMBOL)
        if is_missing(text):
            if self.above and not is_missing(self._cell(row, Role.ACQUIRED)):
                self._taken(row, Role.SYMBOL, "a symbol", f"{self.above}, as in the row above")
                return self.above
            self._drop(row.line, Role.SYMBOL, "a symbol", "empty", "fill it")
            return None
        meant = self.known.meant(text)
        if meant is None:
            self._drop(row.line, Role.SYMBOL, "a symbol", shown(text), "correct it")
            return None
        if meant.doubt:
            self._taken(row, Role.SYMBOL, "a symbol that the firm knows", f"{meant.symbol}: {meant.doubt}")
        self.above = meant.symbol
        return meant.symbol

    def _shares(self, row: Row) -> int | None:
        found = self._amount(row, Role.SHARES)
        text = self._cell(row, Role.SHARES)
        if found is None or found.percent:
            value, price = self._amount(row, Role.VALUE), self._amount(row, Role.PRICE)
            if value is None or price is None or price.value <= 0:
                self._drop(row.line, Role.SHARES, "a number of shares", shown(text), "correct it")
                return None
            found = Amount(value.value / price.value)
            self._taken(row, Role.SHARES, "a number of shares", f"{found.value:.6f}: value / price")
        shares = round(found.value * SHARE)
        if shares < 0:
            self._drop(row.line, Role.SHARES, "more than 0", f"{shown(text)}, a short position", "close it first")
        elif shares == 0:
            self._drop(row.line, Role.SHARES, "more than 0", shown(text), "remove the row if nothing is held")
        return shares if shares > 0 else None

    def _lot(self, row: Row, symbol: str, shares: int, account: str, kind: AccountKind) -> ProspectLot | None:
        price, value = self._amount(row, Role.PRICE), self._amount(row, Role.VALUE)
        said = round(price.value * DOLLAR) if price is not None and price.value > 0 else None
        if said is None and value is not None and value.value > 0:
            said = round(value.value * DOLLAR * SHARE / shares)
        said = self._of_par(row, said, value, shares)
        own = self.known.price.get(symbol, 0)
        basis, part = self._basis(row, shares)
        if not own and said is None:
            self.unvalued.append(Unvalued(row.line, symbol, shares, basis))
            must_be = "a symbol that the firm knows, or one with price (or value) and asset_class and kind"
            self._drop(row.line, Role.SYMBOL, must_be, f"{symbol}, whose price is not known", "add price and kind")
            return None
        if own and said and abs(said / own - 1) > _FAR:
            must_be, was = f"near ${own / DOLLAR:,.2f}, the firm's price of {symbol}", f"${said / DOLLAR:,.2f}"
            to_do = "the firm's is used: see whether it is the same security"
            self._say(row.line, Role.PRICE, Severity.WARNING, must_be, was, to_do)
        security = self._security(row, symbol)
        acquired, term = self._acquired(row), term_of(self._cell(row, Role.TERM))
        name = plain_text(self._cell(row, Role.NAME))
        return ProspectLot(
            row.line, account, kind, symbol, symbol in self.known.price, shares, basis, part, acquired, term, said,
            *security, name,
        )  # fmt: skip

    def _of_par(self, row: Row, price: int | None, value: Amount | None, shares: int) -> int | None:
        """The price of one share, or of a dollar of face value where a bond's is in percent of par."""
        if price is None or value is None or value.value <= 0:
            return price
        part = float(value.value) * DOLLAR * SHARE / (price * shares)
        if abs(part - 1) <= _NEAR_VALUE:
            return price
        each = round(float(value.value) * DOLLAR * SHARE / shares)
        if abs(part * 100 - 1) <= _NEAR_VALUE:
            self._taken(row, Role.PRICE, "a price per share", f"percent of par: ${each / DOLLAR:,.4f} a dollar of face")
        else:
            self._taken(row, Role.PRICE, "value / shares", f"${each / DOLLAR:,.2f}, by the value")
        return each

    def _security(self, row: Row, symbol: str) -> tuple[str, str]:
        """Kind and asset class; of a security that the firm does not know they are asked for."""
        if symbol in self.known.price:
            return self.known.kind[symbol], self.known.asset_class[symbol]
        text, group = self._cell(row, Role.KIND), plain_text(self._cell(row, Role.ASSET_CLASS))
        kind = kind_of(text) or kind_of(group)
        if not kind:
            kind = "fund" if re.fullmatch(r"[A-Z]{4}X", symbol) else "stock"
            must_be = "kind and asset_class of a security that the firm does not know"
            self._say(row.line, Role.KIND, Severity.WARNING, must_be, shown(text), f"{symbol} is taken for a {kind}")
        return kind, "" if is_missing(group) else self.known.class_named(group)

    def _basis(self, row: Row, shares: int) -> tuple[int | None, float | None]:
        """Basis of the lot in money, or as a part of its value."""
        role = Role.BASIS if Role.BASIS in self.sheet.roles else Role.ANY_BASIS
        whole, unit = self._amount(row, role), self._amount(row, Role.UNIT_BASIS)
        if whole is None and unit is not None and not unit.percent:
            whole, role = Amount(unit.value * shares / SHARE), Role.UNIT_BASIS
        elif whole is not None and unit is not None and unit.value and not whole.percent:
            each = unit.value * shares / SHARE
            if abs(whole.value - each) > abs(each) * Decimal("0.01"):
                self._taken(row, role, f"shares x cost per share, ${each:,.2f}", f"${whole.value:,.2f}, the total")
        if whole is None:
            return None, None
        if whole.percent:
            part = float(whole.value / 100)
            self._taken(row, role, "an amount", f"{part:.0%} of the lot's value")
            return None, part if part >= 0 else None
        if whole.value < 0:
            self._taken(row, role, "0 or more", f"{-whole.value:f}: what was paid, without its sign")
        elif whole.value == 0:
            self._taken(row, role, "what was paid", "nothing: all of the value is gain (leave it empty if not known)")
        return round(abs(whole.value) * DOLLAR), None

    def _acquired(self, row: Row) -> date | None:
        text = self._cell(row, Role.ACQUIRED)
        if is_missing(text):
            return None
        found = day(text, self.today, day_first=self.day_first)
        if found is None or found.value > self.today or found.value.year < 1900:
            must_be = f"a date up to {self.today}"
            self._say(
                row.line, Role.ACQUIRED, Severity.WARNING, must_be, shown(text), "taken for not known: correct it"
            )
            return None
        if found.doubt and not (self.day_first and found.doubt == DAY_FIRST):
            self._taken(row, Role.ACQUIRED, "a date as YYYY-MM-DD", f"{found.value}: {found.doubt}")
        return found.value

    def _is_again(self, row: Row, lot: ProspectLot) -> bool:
        """Whether this very lot was there before; without names of lots the same figures are two lots, and said."""
        name = plain_text(self._cell(row, Role.LOT))
        figures = (lot.account, lot.symbol, lot.shares, lot.basis, lot.acquired, name)
        before = self.seen.setdefault(figures, row.line)
        if before == row.line:
            return False
        must_be, was = "a lot once", f"the same as line {before}"
        if name:
            self._say(row.line, Role.LOT, Severity.WARNING, must_be, was, "taken for the same lot: counted once")
            return True
        self._say(row.line, None, Severity.WARNING, must_be, was, "taken for another lot: remove it if it is the same")
        return False
