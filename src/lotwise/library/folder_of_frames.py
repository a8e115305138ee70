"""Frames become a firm folder, which the one reader of firm folders reads: one contract, one set of findings.

The folder is temporary and only for this user. Findings name the frame and its row, counted from 1, never the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from lotwise.errors import Finding, FolderError
from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.firm_folder.files import FILES
from lotwise.library.frames import Table, frame_of
from lotwise.nightly.run import prepared_firm
from lotwise.risk.factor_model import FactorModel

__all__ = ["TABLE_NAMES", "prepared_from_frames", "toml_of"]

# What the tables are called as arguments, and the file that each of them is in the contract.
TABLE_NAMES: dict[str, str] = {contract.stem.removeprefix("risk/"): contract.stem for contract in FILES}
_NEEDED = tuple(contract.stem for contract in FILES if contract.needed)

_RATES = ("federal_short_rate", "federal_long_rate", "state_rate")
_HEADER = ("as_of", "name", "rates", "profile")


def prepared_from_frames(
    tables: Mapping[str, Table],
    header: Mapping[str, object],
    profiles: Mapping[str, object] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> tuple[Firm, FactorModel]:
    """Read tables (by the names of TABLE_NAMES, None = not given) as a firm, and give its market risk.

    `header` is what firm.toml would say. Raises TypeError for what is no table or not there though needed,
    FolderError, with every finding, where nothing can be done.
    """
    frames = {name: frame_of(name, table) for name, table in tables.items() if table is not None}
    missing = [name for name in _NEEDED if name not in frames]
    if missing:
        raise TypeError(f"nothing can be done without {', '.join(missing)}: give every needed table, was None")
    said = dict(header)
    if said.get("as_of") is None:
        said["as_of"] = _last_day(frames["prices"])
    with TemporaryDirectory(prefix="lotwise-") as name:
        folder = Path(name)
        _write(folder, frames, said, {"profiles.toml": profiles, "overrides.toml": overrides})
        try:
            firm, model = prepared_firm(folder)
        except FolderError as error:
            raise _of_frames(error) from None
    return replace(firm, findings=tuple(_of_frame(finding) for finding in firm.findings)), model


def _write(
    folder: Path,
    frames: Mapping[str, pl.DataFrame],
    header: Mapping[str, object],
    layers: Mapping[str, Mapping[str, object] | None],
) -> None:
    for name, frame in frames.items():
        path = folder / f"{TABLE_NAMES[name]}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path, compression="uncompressed")
    for file, values in {"firm.toml": {"version": 1, **header}, **layers}.items():
        if values:
            (folder / file).write_bytes(toml_of(values).encode("utf-8", "replace"))


def _last_day(prices: pl.DataFrame) -> object:
    """The last day of a table of prices; None where it has none that can be told."""
    last = prices["date"].max() if "date" in prices.columns else None
    return last if isinstance(last, str | date) else None


def toml_of(values: Mapping[str, object]) -> str:
    """Write values as TOML, a line for each key; None is left out. What TOML cannot say becomes text."""
    return "".join(f"{_quoted(key)} = {_value(value)}\n" for key, value in values.items() if value is not None)


def _value(given: object) -> str:
    if isinstance(given, Mapping):
        cells = (f"{_quoted(key)} = {_value(each)}" for key, each in given.items() if each is not None)
        return "{" + ", ".join(cells) + "}"
    value = given.item() if isinstance(given, np.generic) else given
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal) and value.is_finite():
        digits = f"{value:f}"
        return digits if "." in digits else f"{digits}.0"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _quoted(value)


def _quoted(text: object) -> str:
    """A basic string of TOML: JSON's, but that it escapes one sign more."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _of_frames(error: FolderError) -> FolderError:
    """The error with frames in place of files, in its words too."""
    message = str(error)
    for finding in error.findings:
        message = message.replace(str(finding), str(_of_frame(finding)))
    return FolderError(message, tuple(_of_frame(finding) for finding in error.findings))


def _of_frame(finding: Finding) -> Finding:
    """A finding with the frame or argument in place of the file."""
    stem = finding.file.removesuffix(".parquet").removesuffix(".csv")
    if stem in TABLE_NAMES.values():
        must_be = finding.must_be.replace("there, as CSV or Parquet", "given")
        return replace(finding, file=stem.removeprefix("risk/"), must_be=must_be)
    if finding.file == "firm.toml":
        column = finding.column or ""
        argument = column if column in _HEADER else "rates" if column in _RATES else "profile"
        return replace(finding, file=argument, line=None, column=None if column == argument else finding.column)
    if finding.file in ("profiles.toml", "overrides.toml"):
        return replace(finding, file=finding.file.removesuffix(".toml"), line=None)
    return finding
