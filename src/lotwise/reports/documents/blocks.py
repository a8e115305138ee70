"""The blocks of a document: headings, tiles, tables, pictures, notes. Plain text throughout; whoever prints it escapes.

A figure points to its definition by the number of a note (0 = none): `NoteList` numbers them in the order in which
a document first needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lotwise.reports.amounts import plain
from lotwise.reports.documents.definitions import DEFINITIONS

__all__ = [
    "Block",
    "Column",
    "Document",
    "Heading",
    "NewPage",
    "Note",
    "NoteList",
    "Notes",
    "Paragraph",
    "Picture",
    "Points",
    "Row",
    "Side",
    "Table",
    "Tile",
    "Tiles",
]


@dataclass(frozen=True, slots=True)
class Note:
    """A definition: what it is of, and what it says."""

    term: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One large figure with its name above, words below, and its definition."""

    name: str
    figure: str
    small: str
    note: int = 0


@dataclass(frozen=True, slots=True)
class Tiles:
    """A row of large figures."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a part."""

    text: str
    note: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a small one says what stands beside something."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short statements."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as SVG text, with its heading and what it says in words."""

    svg: str
    title: str
    caption: str = ""
    note: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, whether it holds numbers (to the right), whether it takes the room that is left."""

    title: str
    number: bool = True
    wide: bool = False
    note: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a row, what it is ("" ordinary, "group" the head of those below, "total" their sum), its definition."""

    cells: tuple[str, ...]
    kind: str = ""
    note: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the heading of its columns repeats on every page."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    note: int = 0
    dense: bool = False  # for hundreds of rows

    def __post_init__(self) -> None:
        """Refuse a row of another width: its figures would stand in the wrong columns."""
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"a row must have {len(self.columns)} cells, had {len(row.cells)}: {row.cells}")


@dataclass(frozen=True, slots=True)
class Side:
    """Two blocks side by side where there is room."""

    left: Picture | Table
    right: Picture | Table


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows begins on a new page."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The definitions, numbered."""

    notes: tuple[Note, ...]


# Letters: more would push the figures off the first page.
_LONGEST_NAME, _LONGEST_ID, _LONGEST_FOOT = 140, 40, 80

Block = Tiles | Heading | Paragraph | Points | Picture | Table | Side | NewPage | Notes


class NoteList:
    """The definitions that a document needs, in the order in which it first needs them."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def __call__(self, key: str) -> int:
        """Return the number of a definition, from 1; raises KeyError for one that `DEFINITIONS` does not have."""
        if key not in DEFINITIONS:
            raise KeyError(key)
        if key not in self._keys:
            self._keys.append(key)
        return self._keys.index(key) + 1

    def block(self) -> Notes:
        """Return the list of all that were asked for."""
        return Notes(tuple(Note(*DEFINITIONS[key]) for key in self._keys))


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document of one household."""

    kind: str  # what its file is called
    title: str
    household_id: str
    name: str  # what people call the household; '' = not known
    as_of: date
    headline: str
    blocks: tuple[Block, ...]

    @property
    def whose(self) -> str:
        """The household's name and id, or its id alone."""
        known = plain(self.household_id, _LONGEST_ID)
        return f"{plain(self.name, _LONGEST_NAME)} ({known})" if self.name not in ("", self.household_id) else known

    @property
    def footer(self) -> str:
        """What the foot of every page says of it: shorter where its names are long."""
        return f"{self.title}, {plain(self.whose, _LONGEST_FOOT)}"

    def tables(self) -> Sequence[Table]:
        """Every table, in its order."""
        found: list[Table] = []
        for block in self.blocks:
            inner = (block.left, block.right) if isinstance(block, Side) else (block,)
            found += [each for each in inner if isinstance(each, Table)]
        return found
