"""TOML read exactly, with the line of every key: decimals stay decimals, and findings say where they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["TomlText", "TomlUnreadable"]

_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)\s*(?:=|\.)")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\s\"']+")
_LINE = re.compile(r"line (\d+)")


class TomlUnreadable(Exception):  # noqa: N818 - it names a state of the file, and is turned into a finding at once
    """The text is not TOML; `line` is where, if it is known."""

    def __init__(self, why: str, line: int | None) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True)
class TomlText:
    """One TOML file: its name, its text and what it says."""

    file: str
    text: str
    values: Mapping[str, object]

    @classmethod
    def read(cls, file: str, content: bytes) -> TomlText:
        """Read a file's bytes; raises `TomlUnreadable` and nothing else."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise TomlUnreadable("bytes that are not UTF-8", line) from error
        try:
            values = tomllib.loads(text, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError) as error:
            # ValueError: also an integer of too many digits; ArithmeticError: an impossible exponent.
            found = _LINE.search(str(error))
            raise TomlUnreadable(str(error) or type(error).__name__, int(found[1]) if found else None) from error
        return cls(file, text, values)

    def line_of(self, table: str, key: str | None = None) -> int | None:
        """Line, counted from 1, of a key in a table ('' = the top) or of the table's header; None if unseen."""
        current = ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = _HEADER.match(line)
            if header:
                current = ".".join(part.strip("\"'") for part in _PART.findall(header[1]))
                if key is None and current == table:
                    return number
                continue
            found = _KEY.match(line)
            if found and current == table and key is not None and found[1].strip("\"'") == key:
                return number
            if found and not current and key is None and found[1].strip("\"'") == table:
                return number
        return None

    def line_of_path(self, *path: str) -> int | None:
        """Line of a key below nested tables, however they are written; that of the nearest table above if unseen."""
        for depth in range(len(path), 0, -1):
            line = self.line_of(".".join(path[: depth - 1]), path[depth - 1]) or self.line_of(".".join(path[:depth]))
            if line is not None:
                return line
        return None
