"""What a firm knows of securities: symbols, what they are, their last prices; and which of them a cell means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from lotwise.interchange.prospect_file.cells import plain
from lotwise.money import DOLLAR
from lotwise.savings.history import UNVALUED_AFTER

__all__ = ["Known", "Meant", "known_securities", "table_of"]

_PREFIX = re.compile(r"^(?:[A-Z]{3,8}:\s*|\$)(?=[A-Z])")
_SUFFIX = re.compile(r"(?:\.US| US EQUITY| US| EQUITY|\.N|\.O)$")
_IN_BRACKETS = re.compile(r"\(([A-Z0-9.:/\- ]{1,12})\)\s*$")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9./\- ]{0,11}")


@dataclass(frozen=True, slots=True)
class Meant:
    """The symbol that a cell means, whether the firm knows it, and what is not certain about that."""

    symbol: str
    known: bool
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Securities of a firm by symbol."""

    price: Mapping[str, int]  # money; 0 = none
    kind: Mapping[str, str]
    asset_class: Mapping[str, str]
    names: Mapping[str, str]  # name, in small letters, to symbol
    keys: Mapping[str, str] = field(init=False)  # letters and digits of a symbol to the symbol

    def __post_init__(self) -> None:
        keys: dict[str, str] = {}
        for symbol in self.price:
            keys.setdefault(_key(symbol), symbol)
        object.__setattr__(self, "keys", keys)

    def meant(self, text: str) -> Meant | None:
        """Find the security that a cell means; None where it is no symbol at all."""
        cell = plain(text).strip("*†‡# ")
        upper = cell.upper()
        for exact in (cell, upper):
            if exact in self.price:
                return Meant(exact, known=True)
        bracketed = _IN_BRACKETS.search(upper)
        for candidate, doubt in (
            (_SUFFIX.sub("", _PREFIX.sub("", upper)), "the exchange left out"),
            (bracketed[1] if bracketed else "", "the symbol in brackets"),
        ):
            if candidate in self.price:
                return Meant(candidate, known=True, doubt=doubt)
        if cell.casefold() in self.names:
            return Meant(self.names[cell.casefold()], known=True, doubt="its name")
        if (key := _key(upper)) and key in self.keys:
            return Meant(self.keys[key], known=True, doubt="other signs between its letters")
        if bracketed:
            return Meant(bracketed[1], known=False, doubt="the symbol in brackets")
        return Meant(upper, known=False) if _SYMBOL.fullmatch(upper) else None

    def class_named(self, word: str) -> str:
        """The firm's own spelling of an asset class; the word itself where it has none."""
        own = {each.casefold(): each for each in self.asset_class.values() if each}
        return own.get(word.casefold(), word)


def _key(symbol: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", symbol.upper())


def table_of(folder: Path, stem: str) -> Path | None:
    """The file of a table of a firm folder; None where there is none."""
    found = [path for ending in (".csv", ".parquet") if (path := folder / f"{stem}{ending}").is_file()]
    return found[0] if found else None


def _scanned(path: Path) -> pl.LazyFrame:
    """Columns by their names in small letters, as text."""
    if path.suffix == ".parquet":
        frame = pl.scan_parquet(path)
    else:
        frame = pl.scan_csv(path, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    names = frame.collect_schema().names()
    return frame.select(pl.col(name).cast(pl.String).str.strip_chars().alias(name.lower()) for name in names)


def known_securities(folder: Path, today: date) -> Known:
    """Read what a firm folder knows of securities, with the last prices up to a day; one of months ago is none.

    What is wrong with its files is left to the reader of firm folders to say; nothing of them is known here then.
    """
    securities, prices = (table_of(folder, stem) for stem in ("securities", "prices"))
    if securities is None or prices is None:
        return Known({}, {}, {}, {})
    try:
        frame = _scanned(securities).collect()
        words = {
            name: frame[name].fill_null("").to_list() if name in frame.columns else [""] * frame.height
            for name in ("symbol", "name", "kind", "asset_class")
        }
        day = pl.col("date").str.slice(0, 10)
        oldest = today - timedelta(days=UNVALUED_AFTER)
        last = (
            _scanned(prices)
            .filter(day.is_between(pl.lit(oldest.isoformat()), pl.lit(today.isoformat())))
            .filter(pl.col("close").is_not_null())
            .group_by("symbol")
            .agg(pl.col("close").sort_by("date").last())
            .collect()
        )
        close = {str(symbol): float(price) for symbol, price in last.iter_rows() if symbol}
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return Known({}, {}, {}, {})
    symbols = words["symbol"]
    return Known(
        {symbol: round(close.get(symbol, 0.0) * DOLLAR) for symbol in symbols if symbol},
        dict(zip(symbols, (kind or "stock" for kind in words["kind"]), strict=True)),
        dict(zip(symbols, words["asset_class"], strict=True)),
        {name.casefold(): symbol for name, symbol in zip(words["name"], symbols, strict=True) if name},
    )
