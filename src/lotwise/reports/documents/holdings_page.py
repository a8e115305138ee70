"""Holdings: one page by asset class and account, the age of the gains, the largest positions; then every lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lotwise.money import DOLLAR
from lotwise.reports.amounts import dollars, dollars_and_cents, percent, plain
from lotwise.reports.documents.adding_up import CENT, rounded, shared_out
from lotwise.reports.documents.blocks import (
    Block,
    Column,
    Document,
    Heading,
    NewPage,
    NoteList,
    Paragraph,
    Picture,
    Row,
    Side,
    Table,
    Tile,
    Tiles,
)
from lotwise.reports.documents.positions import HeldLot, HeldPosition, HoldingsOnDay
from lotwise.reports.documents.printed import counted, day, identifier, long_day, shares, whole
from lotwise.reports.lot_ages import Aged, lot_ages

__all__ = ["holdings_document"]

# Rows of the first page: what does not fit is added up in one row, and the appendix has all of it.
_CLASSES, _ACCOUNTS, _LARGEST = 8, 7, 6
_NAME = 44  # letters of a security's name
_NAMED = 6  # securities named in one sentence

_UNKNOWN_CLASS = "Other"
_KINDS = {"taxable": "Taxable", "traditional": "Traditional IRA or plan", "roth": "Roth"}


@dataclass(slots=True)
class _Sum:
    """Exact amounts of a group, and what its lots in taxable accounts of known cost and price are worth and cost."""

    name: str
    value: int
    taxable: int = 0
    cost: int = 0

    @classmethod
    def of(cls, name: str, positions: Sequence[HeldPosition]) -> _Sum:
        """Add up positions."""
        known = [lot for each in positions for lot in each.lots if lot.has_gain and each.price is not None]
        return cls(
            name,
            sum(each.value for each in positions),
            sum(lot.value for lot in known),
            sum(lot.basis or 0 for lot in known),
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """A group in printed dollars; its gain is what is printed of its value less what is printed of its cost."""

    name: str
    value: int
    taxable: int
    cost: int

    def cells(self, total: int) -> tuple[str, ...]:
        """Cells beside its name."""
        part = percent(self.value / total, 1) if total else ""
        return dollars(self.value), part, dollars(self.taxable), dollars(self.cost), dollars(self.taxable - self.cost)


def holdings_document(held: HoldingsOnDay, *, appendix: bool = True) -> Document:
    """Write the document of holdings: one page and, if asked for, an appendix with every position and lot."""
    note = NoteList()
    classes = _by_class(held)
    value = rounded(held.value)
    lines = _class_lines(held, classes)
    blocks: list[Block] = [_tiles(held, lines, note)]
    if held.positions:
        blocks += [
            _class_table(lines, note),
            Side(_account_table(held, value), _ages(held, note)),
            _largest(held, value),
        ]
    elif held.accounts:
        blocks.append(_account_table(held, value))
    blocks += [Heading("What the figures mean"), note.block()]
    blocks += _unknown(held)
    if held.positions and appendix:
        blocks += [NewPage(), *_appendix(classes)]
    return Document(
        kind="holdings",
        title="Holdings",
        household_id=held.household_id,
        name=held.name,
        as_of=held.as_of,
        headline=_headline(held),
        blocks=tuple(blocks),
    )


def _headline(held: HoldingsOnDay) -> str:
    if not held.positions and not held.cash:
        return f"Nothing was held on {long_day(held.as_of)}."
    accounts = counted(len(held.accounts), "account")
    return (
        f"{whole(held.value)} in {accounts} and {counted(len(held.positions), 'position')} on {long_day(held.as_of)}."
    )


def _by_class(held: HoldingsOnDay) -> list[tuple[str, list[HeldPosition]]]:
    """Positions by asset class, the largest class first, the largest position of it first."""
    groups: dict[str, list[HeldPosition]] = {}
    for position in held.positions:
        groups.setdefault(position.asset_class or _UNKNOWN_CLASS, []).append(position)
    for members in groups.values():
        members.sort(key=lambda each: (-each.value, each.symbol))
    return sorted(groups.items(), key=lambda group: (-sum(each.value for each in group[1]), group[0]))


def _tiles(held: HoldingsOnDay, lines: Sequence[_Line], note: NoteList) -> Tiles:
    gain = sum(line.taxable - line.cost for line in lines)
    away = sum(account.held_away for account in held.accounts)
    accounts = counted(len(held.accounts), "account") + (f", {away} of them held away" if away else "")
    known = [lot for each in held.positions for lot in each.lots if lot.has_gain and each.price is not None]
    long = sum(lot.value - (lot.basis or 0) for lot in known if lot.long_term)
    return Tiles(
        (
            Tile("Value", whole(held.value), accounts, note("value")),
            Tile("Unrealised gain", dollars(gain), f"{whole(long)} of it long term", note("embedded")),
            Tile("Cash", dollars(lines[-1].value), "after pending orders", note("value")),
            Tile(
                "Positions",
                f"{len(held.positions):,}",
                counted(sum(len(each.lots) for each in held.positions), "lot"),
            ),
        )
    )


def _lines(sums: Sequence[_Sum], total: int) -> list[_Line]:
    """Groups in dollars that add up to the printed total; what is all taxable is printed alike in both columns."""
    values = shared_out([each.value for each in sums], total)
    alike = all(each.taxable in (0, each.value) for each in sums)
    taxable = [value if each.taxable else 0 for each, value in zip(sums, values, strict=True)]
    columns = (
        values,
        taxable if alike else shared_out([each.taxable for each in sums]),
        shared_out([each.cost for each in sums]),
    )
    return [_Line(each.name, *cells) for each, *cells in zip(sums, *columns, strict=True)]


def _added(name: str, lines: Sequence[_Line]) -> _Line:
    return _Line(name, *(sum(getattr(line, column) for line in lines) for column in ("value", "taxable", "cost")))


def _shortened(lines: Sequence[_Line], most: int, noun: str) -> list[_Line]:
    """The first lines; where there are more than `most`, the last says what all others add up to."""
    if len(lines) <= most:
        return list(lines)
    rest = lines[most - 1 :]
    return [*lines[: most - 1], _added(f"{len(rest)} other {noun}", rest)]


def _class_lines(held: HoldingsOnDay, classes: Sequence[tuple[str, list[HeldPosition]]]) -> list[_Line]:
    """Asset classes, and cash last."""
    sums = [_Sum.of(name, members) for name, members in classes]
    return _lines([*sums, _Sum("Cash", held.cash)], rounded(held.value))


def _class_table(lines: Sequence[_Line], note: NoteList) -> Table:
    *classes, cash = lines
    whole_row = _added("Total", lines)
    shown = [*_shortened(classes, _CLASSES, "asset classes"), cash]
    rows = [Row((plain(line.name, _NAME), *line.cells(whole_row.value))) for line in shown]
    rows.append(Row(("Total", *whole_row.cells(whole_row.value)), "total"))
    columns = (
        Column("Asset class", number=False, wide=True),
        Column("Value", note=note("value")),
        Column("Share"),
        Column("In taxable accounts", note=note("taxable")),
        Column("Cost", note=note("cost")),
        Column("Unrealised gain", note=note("embedded")),
    )
    return Table(columns, tuple(rows), "By asset class")


def _account_table(held: HoldingsOnDay, total: int) -> Table:
    worth = {account.account_id: account.cash for account in held.accounts}
    for position in held.positions:
        for lot in position.lots:
            worth[lot.account_id] += lot.value
    values = shared_out([worth[account.account_id] for account in held.accounts], total) if held.accounts else []
    lines = [
        (
            identifier(account.account_id),
            _KINDS.get(account.kind, account.kind) + (", held away" * account.held_away),
            value,
        )
        for account, value in zip(held.accounts, values, strict=True)
    ]
    if len(lines) > _ACCOUNTS:
        rest = lines[_ACCOUNTS - 1 :]
        lines = [*lines[: _ACCOUNTS - 1], (f"{len(rest)} others", "", sum(line[2] for line in rest))]
    rows = [Row((name, kind, dollars(value))) for name, kind, value in lines]
    rows.append(Row(("Total", "", dollars(total)), "total"))
    columns = (Column("Account", number=False), Column("Kind", number=False, wide=True), Column("Value"))
    return Table(columns, tuple(rows), "By account")


def _ages(held: HoldingsOnDay, note: NoteList) -> Picture:
    lots = [
        Aged((lot.value - (lot.basis or 0)) / DOLLAR, lot.held_days, lot.long_term)
        for position in held.positions
        if position.price is not None
        for lot in position.lots
        if lot.has_gain and lot.held_days is not None
    ]
    title = "Unrealised gains by age of the lots"
    return Picture(lot_ages(lots, title), title, note=note("lot_age"))


def _largest(held: HoldingsOnDay, total: int) -> Table:
    """The largest positions, in the dollars that each class shares out to its own."""
    sums = [_Sum.of(each.symbol, [each]) for each in held.positions]
    lines = _lines(sums, rounded(sum(each.value for each in sums)))
    largest = sorted(zip(lines, held.positions, strict=True), key=lambda pair: (-pair[0].value, pair[1].symbol))
    rows = [
        Row((identifier(position.symbol), plain(position.name, _NAME), *line.cells(total)))
        for line, position in largest[:_LARGEST]
    ]
    columns = (
        Column("Symbol", number=False),
        Column("Name", number=False, wide=True),
        *(Column(name) for name in ("Value", "Share", "In taxable accounts", "Cost", "Unrealised gain")),
    )
    return Table(columns, tuple(rows), "Largest positions")


def _unknown(held: HoldingsOnDay) -> list[Block]:
    """Say what the gains leave out."""
    said = []
    no_cost = [lot for each in held.positions for lot in each.lots if lot.taxable and lot.basis is None]
    if no_cost:
        worth = whole(sum(lot.value for lot in no_cost))
        said.append(
            f"The cost of {counted(len(no_cost), 'taxable lot')} worth {worth} is not known: no gain is shown of them."
        )
    no_price = [identifier(each.symbol) for each in held.positions if each.price is None]
    if no_price:
        names = ", ".join(no_price[:_NAMED]) + (f" and {len(no_price) - _NAMED} more" if len(no_price) > _NAMED else "")
        said.append(f"Without a price, and counted as zero: {names}.")
    return [Paragraph(" ".join(said), small=True)] if said else []


def _appendix(classes: Sequence[tuple[str, list[HeldPosition]]]) -> list[Block]:
    """Every position with its lots, in dollars and cents that add up."""
    blocks: list[Block] = [Heading("Appendix: every position and its lots")]
    sums = [_Sum.of(name, members) for name, members in classes]
    values = shared_out([each.value for each in sums], unit=CENT)
    for (name, members), value in zip(classes, values, strict=True):
        rows: list[Row] = []
        for position, worth in zip(members, shared_out([each.value for each in members], value, CENT), strict=True):
            rows += _position_rows(position, worth)
        rows.append(Row((f"Total {plain(name, _NAME)}", "", "", "", dollars_and_cents(value), "", "", ""), "total"))
        blocks.append(Table(_LOT_COLUMNS, tuple(rows), plain(name, _NAME), dense=True))
    return blocks


_LOT_COLUMNS = (
    Column("Account", number=False),
    Column("Lot", number=False, wide=True),
    Column("Acquired", number=False),
    Column("Shares"),
    Column("Value"),
    Column("Cost"),
    Column("Unrealised gain"),
    Column("Term", number=False),
)


def _position_rows(position: HeldPosition, value: int) -> list[Row]:
    """A head with the position's sums, then its lots by account and age."""
    lots = sorted(position.lots, key=lambda lot: (lot.account_id, lot.acquired or date.max, lot.lot_id))
    values = shared_out([lot.value for lot in lots], value, CENT)
    costs = iter(shared_out([lot.basis or 0 for lot in lots if lot.basis is not None], unit=CENT))
    rows = []
    total_cost = total_gain = 0
    for lot, worth in zip(lots, values, strict=True):
        cost = None if lot.basis is None else next(costs)
        gain = worth - cost if cost is not None and lot.taxable and position.price is not None else None
        total_cost += cost or 0
        total_gain += gain or 0
        rows.append(Row(_lot_cells(lot, worth, cost, gain)))
    price = "no price" if position.price is None else f"at ${position.price / DOLLAR:,.2f}"
    name = plain(position.name, _NAME)
    said = ", ".join(part for part in (name if name != position.symbol else "", price) if part)
    head = (
        identifier(position.symbol),
        said,
        "",
        shares(sum(lot.shares for lot in lots)),
        dollars_and_cents(value),
        dollars_and_cents(total_cost),
        dollars_and_cents(total_gain),
        "",
    )
    return [Row(head, "group"), *rows]


def _lot_cells(lot: HeldLot, worth: int, cost: int | None, gain: int | None) -> tuple[str, ...]:
    term = "" if not lot.taxable else "not known" if lot.held_days is None else "long" if lot.long_term else "short"
    return (
        identifier(lot.account_id),
        identifier(lot.lot_id),
        day(lot.acquired),
        shares(lot.shares),
        dollars_and_cents(worth),
        "not known" if cost is None else dollars_and_cents(cost),
        "" if gain is None else dollars_and_cents(gain),
        term,
    )
