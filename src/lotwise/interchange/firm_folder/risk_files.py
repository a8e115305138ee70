"""risk/*.csv: a risk model brought along; a wrong row costs its security, a wrong covariance the model.

A security whose rows are wrong or missing is not in the model: its peers stand for it (`lotwise.risk.proxies`). It
never counts as one without exposures or without specific risk.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from lotwise.errors import RiskModelError, Severity
from lotwise.households.toml_values import shown
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.risk.factor_model import FactorModel, Origin

__all__ = ["read_risk_model"]

_ESTIMATED = "until then the risk model is estimated from prices"
_PEERS = "until then its peers stand for it, if there are any"

# So many symbols are named in a finding about many; the others are counted.
_SHOWN = 10


def read_risk_model(
    tables: tuple[TypedTable | None, TypedTable | None, TypedTable | None],
    as_of: date,
    findings: FindingList,
    *,
    given: bool,
) -> FactorModel | None:
    """Read exposures, covariance and specific variances; None if there is no model, or no sound one.

    Where `given` (some file of a model is in the folder) and there is no sound one, an error about the model as a whole
    says that the run goes on with an estimated one.
    """
    model = _read_model(tables, as_of, findings)
    if given and model is None:
        message = Message(
            Severity.ERROR,
            "a sound risk model, since one is brought along",
            "correct it or remove its files; this run uses a model estimated from prices instead",
        )
        findings.add(Place("risk"), message, "of no use: its files have errors")
    return model


def _read_model(
    tables: tuple[TypedTable | None, TypedTable | None, TypedTable | None], as_of: date, findings: FindingList
) -> FactorModel | None:
    exposures, covariance, specific = tables
    if exposures is None or covariance is None or specific is None:
        given = [table.file for table in tables if table is not None]
        if given:
            message = Message(Severity.ERROR, "all three files of a risk model", f"add the others; {_ESTIMATED}")
            findings.add(Place(given[0]), message, f"only {', '.join(given)}")
        return None
    spoiled = _wrong_symbols(exposures, findings) | _wrong_symbols(specific, findings)
    covariance.report_cells(findings)
    for row in covariance.broken:
        message = Message(Severity.ERROR, "a row as wide as the header", f"correct the row; {_ESTIMATED}")
        findings.add(Place(covariance.file, row.line), message, row.why)
    if covariance.broken or covariance.errors().any():
        return None
    factors = tuple(covariance.frame["factor"].unique(maintain_order=True).to_list())
    matrix = _covariance(covariance, factors, findings)
    if matrix is None:
        return None
    spoiled |= _without_variance(specific, findings)
    exposed = _exposed(exposures, factors, findings)
    spoiled |= _half_covered(exposures, exposed, specific, spoiled, findings)
    own = specific.frame.filter(~specific.errors() & ~pl.col("symbol").is_in(sorted(spoiled)))
    symbols = tuple(own["symbol"].to_list())
    if not symbols:
        message = Message(Severity.ERROR, "a security with exposures and a variance", f"add some; {_ESTIMATED}")
        findings.add(Place(specific.file), message, "none")
        return None
    x = _exposures(exposed, symbols, factors)
    try:
        return FactorModel(
            as_of=as_of,
            symbols=symbols,
            factors=factors,
            exposures=x,
            covariance=matrix,
            specific=own["variance"].to_numpy().copy(),
            origin=(str(Origin.GIVEN),) * len(symbols),
        )
    except RiskModelError as error:
        message = Message(Severity.ERROR, "a sound risk model", f"correct it; {_ESTIMATED}")
        # Whole: the entry and the eigenvalue stand at its end.
        findings.add(Place(covariance.file), message, str(error).removeprefix("the risk model cannot be used: "))
        return None


def _wrong_symbols(table: TypedTable, findings: FindingList) -> set[str]:
    """Report the wrong rows of a file by security; their securities are not in the model."""
    table.report_cells(findings)
    known = set(table.frame["symbol"].drop_nulls().to_list())
    spoiled = set(table.frame["symbol"].filter(table.errors()).drop_nulls().to_list())
    for row in table.broken:
        message = Message(
            Severity.ERROR,
            "a row as wide as the header",
            f"correct the row; {_PEERS}",
        )
        findings.add(Place(table.file, row.line), message, row.why)
        spoiled |= known.intersection(cell.strip() for cell in row.cells)
    key = ["symbol", "factor"] if "factor" in table.frame.columns else ["symbol"]
    again = ~table.frame.select(pl.struct(key).is_first_distinct()).to_series() & table.frame["symbol"].is_not_null()
    message = Message(Severity.ERROR, "once", f"remove one of the rows; {_PEERS}")
    rows = rows_to_report(table.frame[LINE].filter(again), table.frame["symbol"].filter(again))
    findings.rows(Place(table.file, None, "symbol"), message, rows)
    return spoiled | set(table.frame["symbol"].filter(again).to_list())


def _covariance(
    table: TypedTable, factors: tuple[str, ...], findings: FindingList
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]] | None:
    """Square matrix; a pair given one way round holds for both."""
    row, column = code_of(table.frame["factor"], factors), code_of(table.frame["factor2"], factors)
    unknown = column.is_null()
    message = Message(Severity.ERROR, "a factor of the file", f"give its own variance too; {_ESTIMATED}")
    findings.rows(
        Place(table.file, None, "factor2"),
        message,
        rows_to_report(table.frame[LINE].filter(unknown), table.frame["factor2"].filter(unknown)),
    )
    again = ~table.frame.select(pl.struct("factor", "factor2").is_first_distinct()).to_series()
    message = Message(Severity.ERROR, "a pair once", f"remove one of the rows; {_ESTIMATED}")
    findings.rows(
        Place(table.file, None, "factor"),
        message,
        rows_to_report(table.frame[LINE].filter(again), table.frame["factor"].filter(again)),
    )
    if unknown.any() or again.any():
        return None
    matrix = np.full((len(factors), len(factors)), np.nan)
    matrix[row.to_numpy(), column.to_numpy()] = table.frame["value"].to_numpy()
    matrix = np.where(np.isnan(matrix), matrix.T, matrix)
    missing = np.argwhere(np.isnan(matrix))
    if len(missing):
        pair = " and ".join(factors[number] for number in missing[0])
        message = Message(Severity.ERROR, "every pair of factors", f"add the others; {_ESTIMATED}")
        findings.add(Place(table.file, None, "factor"), message, f"{len(missing)} missing, first {pair}")
        return None
    return matrix


def _without_variance(table: TypedTable, findings: FindingList) -> set[str]:
    """Report specific variances of 0: a security without risk of its own would take all the weight it can get."""
    none = table.frame["variance"].is_not_null() & (table.frame["variance"] <= 0.0)
    message = Message(Severity.ERROR, "above 0 (an annual variance: 0.04 is 20% a year)", f"correct it; {_PEERS}")
    rows = rows_to_report(table.frame[LINE].filter(none), table.was["variance"].filter(none).cast(pl.String))
    findings.rows(Place(table.file, None, "variance"), message, rows)
    return set(table.frame["symbol"].filter(none).drop_nulls().to_list())


def _exposed(table: TypedTable, factors: tuple[str, ...], findings: FindingList) -> pl.DataFrame:
    """Sound rows of exposures to factors of the covariance; the others are reported."""
    frame = table.frame.filter(~table.errors())
    frame = frame.with_columns(code_of(frame["factor"], factors).alias("column"))
    unknown = frame.filter(pl.col("column").is_null())
    if unknown.height:
        message = Message(Severity.WARNING, "a factor of the covariance", "add it there; the row is not used")
        findings.rows(Place(table.file, None, "factor"), message, rows_to_report(unknown[LINE], unknown["factor"]))
    return frame.drop_nulls(["symbol", "column"])


def _half_covered(
    exposures: TypedTable, exposed: pl.DataFrame, specific: TypedTable, spoiled: set[str], findings: FindingList
) -> set[str]:
    """Report securities that are in one of the two files only; they are not in the model."""
    in_one = set(exposed["symbol"].to_list()) - spoiled
    in_other = set(specific.frame["symbol"].drop_nulls().to_list()) - spoiled
    for table, must_be, missing, to_do in (
        (
            specific,
            "the specific variance of every security that has exposures",
            in_one - in_other,
            "add them; until then their peers stand for them, if there are any",
        ),
        (
            exposures,
            "exposures of every security that has a specific variance, 0 where it has none",
            in_other - in_one,
            "add at least one row each; until then their peers stand for them, if there are any",
        ),
    ):
        if missing:
            names = sorted(missing)
            rest = len(names) - _SHOWN
            was = ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
            message = Message(Severity.WARNING, must_be, to_do)
            findings.add(Place(table.file, None, "symbol"), message, shown(f"no {was}"))
    return in_other - in_one


def _exposures(
    exposed: pl.DataFrame, symbols: tuple[str, ...], factors: tuple[str, ...]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Exposures by symbol and factor; of a security that has some, a pair that is not listed is 0."""
    frame = exposed.with_columns(code_of(exposed["symbol"], symbols).alias("row")).drop_nulls(["row"])
    x = np.zeros((len(symbols), len(factors)))
    x[frame["row"].to_numpy(), frame["column"].to_numpy()] = frame["value"].to_numpy()
    return x
