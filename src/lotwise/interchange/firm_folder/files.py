"""The firm folder's contract, version 1: every file in one table, and its documentation."""

from __future__ import annotations

from lotwise.errors import Severity
from lotwise.interchange.firm_folder.client_files import (
    ACCOUNTS,
    GLIDE,
    HOUSEHOLDS,
    LOTS,
    PENDING_ORDERS,
    REQUESTS,
    RESTRICTIONS,
    TRANSACTIONS,
)
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.market_files import (
    CORPORATE_ACTIONS,
    COVARIANCE,
    EXPOSURES,
    IDENTICAL,
    LOOKTHROUGH,
    MODELS,
    PRICES,
    SCREENS,
    SECURITIES,
    SPECIFIC,
    SUBSTITUTES,
)

__all__ = ["FILES", "FILE_ORDER", "contract_reference"]

FILES: tuple[FileContract, ...] = (
    HOUSEHOLDS,
    ACCOUNTS,
    LOTS,
    SECURITIES,
    PRICES,
    MODELS,
    RESTRICTIONS,
    REQUESTS,
    TRANSACTIONS,
    CORPORATE_ACTIONS,
    IDENTICAL,
    LOOKTHROUGH,
    SCREENS,
    SUBSTITUTES,
    PENDING_ORDERS,
    GLIDE,
    EXPOSURES,
    COVARIANCE,
    SPECIFIC,
)
FILE_ORDER: tuple[str, ...] = (
    "firm.toml",
    "profiles.toml",
    "overrides.toml",
    "theme.toml",  # read by who prints documents (reports.documents.theme)
    *(f"{contract.stem}{ending}" for contract in FILES for ending in (".csv", ".parquet")),
)


def contract_reference() -> str:
    """Every file and column of the contract as Markdown: what it is, what it must be, what a wrong cell does."""
    stops = {
        Severity.ERROR: "blocks the household",
        Severity.WARNING: "warning",
        Severity.NOTICE: "notice",
    }
    parts = []
    for contract in FILES:
        needed = " Needed." if contract.needed else ""
        meaning = contract.meaning[0].upper() + contract.meaning[1:]
        parts.append(f"### {contract.stem}\n\n{meaning}.{needed}\n")
        parts.append("| column | must be | meaning | a wrong cell |\n|---|---|---|---|")
        for column in contract.columns:
            name = f"**{column.name}**" if column.required else column.name
            later = "" if column.used and contract.used else " (validated, not used yet)"
            error = column.severity is Severity.ERROR
            does = contract.until if error and contract.until else stops[column.severity]
            parts.append(f"| {name} | {column.must_be} | {column.meaning}{later} | {does} |")
        parts.append("")
    return "\n".join(parts)
