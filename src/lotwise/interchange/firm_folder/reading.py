"""`read_firm`: a firm folder becomes a book; every finding of every file at once, each blocking only its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import FolderError, Severity
from lotwise.households.profile import Profile
from lotwise.interchange.firm_folder import client_files, market_files
from lotwise.interchange.firm_folder.accounts import AccountTable, read_accounts, report_requests
from lotwise.interchange.firm_folder.activity import (
    loss_sales,
    read_pending_orders,
    report_oversold,
    windows_of,
)
from lotwise.interchange.firm_folder.book_building import (
    AccountRows,
    LotColumns,
    PolicyTable,
    account_columns,
    account_rows,
    lot_columns,
    mark_kept,
    policies_of,
)
from lotwise.interchange.firm_folder.columns import TypedTable, empty_table, type_table
from lotwise.interchange.firm_folder.contract import FileContract
from lotwise.interchange.firm_folder.files import FILE_ORDER, FILES
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.fund_rules import Holdable, report_funds_within_reach
from lotwise.interchange.firm_folder.groups import GroupBook, read_lookthrough, read_screens
from lotwise.interchange.firm_folder.header import FirmHeader, NamedProfiles, read_header, read_profiles
from lotwise.interchange.firm_folder.households import (
    Roster,
    TaxRates,
    follow_glide,
    read_rates,
    read_roster,
    report_models,
    report_profiles,
)
from lotwise.interchange.firm_folder.lots import LotContext, read_lots
from lotwise.interchange.firm_folder.models import ModelTable, read_models
from lotwise.interchange.firm_folder.prices import Prices, read_prices
from lotwise.interchange.firm_folder.restrictions import read_restrictions
from lotwise.interchange.firm_folder.risk_files import read_risk_model
from lotwise.interchange.firm_folder.rule_sets import RuleBook, build_rules
from lotwise.interchange.firm_folder.securities import Securities, code_of, read_securities
from lotwise.interchange.firm_folder.tables import is_there, note_strangers, read_table
from lotwise.ledger.wash_sales import Windows
from lotwise.rebalancing.book import Accounts, Book, BookLabels, Households
from lotwise.securities.market import Market

__all__ = ["read_firm"]


def read_firm(folder: Path, as_of: date | None = None, households: Sequence[str] | None = None) -> Firm:
    """Read a firm folder (contract version 1) as of its own day or the given one, all households or the given ones.

    Bad data is never an exception: each piece is a finding, and an error blocks the household it belongs to, which
    stays in the book, marked. Raises FolderError, with all findings, only when nothing can be done at all: the folder
    or a needed file is missing or unusable, no model, price or household is sound.
    """
    findings = FindingList()
    folder = Path(folder)
    if not folder.is_dir():
        findings.stop(Place(str(folder)), Message(Severity.ERROR, "a folder", "give a firm's folder"), "none")
        _stop(findings)
    reader = _FolderReader(folder, findings)
    header = read_header(folder, as_of, findings)
    reader.open_tables()
    if header is None or findings.fatal:
        reader.report_all_cells()
        _stop(findings)
    assert header is not None
    return reader.read(header, households)


def _stop(findings: FindingList) -> None:
    if findings.fatal:
        more = f" (and {len(findings.fatal) - 1} more)" if len(findings.fatal) > 1 else ""
        raise FolderError(findings.fatal[0] + more, findings.all_sorted(FILE_ORDER))


@dataclass(frozen=True, slots=True)
class _Market:
    securities: Securities
    prices: Prices
    models: ModelTable


@dataclass(frozen=True, slots=True)
class _Clients:
    model: NDArray[np.int32]  # of the chosen households
    policies: PolicyTable
    rates: TaxRates


@dataclass(frozen=True, slots=True)
class _Holdings:
    rows: AccountRows
    accounts: Accounts
    lots: LotColumns
    windows: Windows
    rules: RuleBook
    restrictions: tuple[str, ...]


class _FolderReader:
    """Reads one folder; the steps share the open tables and the findings."""

    def __init__(self, folder: Path, findings: FindingList) -> None:
        self._folder = folder
        self._findings = findings
        self._tables: dict[str, TypedTable] = {}

    def open_tables(self) -> None:
        """Open every file of the contract that is there and type its columns."""
        note_strangers(self._folder, self._findings)
        for contract in FILES:
            raw = read_table(self._folder, contract, self._findings)
            if raw is not None:
                table = type_table(raw)
                table.report_rounded(self._findings)
                self._tables[contract.stem] = table

    def report_all_cells(self) -> None:
        """Report wrong cells where nothing more can be said of them, because the folder is of no use."""
        for table in self._tables.values():
            table.report_cells(self._findings)

    def _table(self, contract: FileContract) -> TypedTable:
        table = self._tables.get(contract.stem)
        return empty_table(contract) if table is None else table

    def _take(self, contract: FileContract) -> TypedTable:
        """Hand over a large table for good, so that its memory is free as soon as it has been read."""
        table = self._tables.pop(contract.stem, None)
        return empty_table(contract) if table is None else table

    def read(self, header: FirmHeader, only: Sequence[str] | None) -> Firm:
        """Read the open tables into a firm."""
        findings = self._findings
        market = self._read_market(header)
        roster = read_roster(self._table(client_files.HOUSEHOLDS), only, findings)
        _stop(findings)
        assert market is not None
        assert roster is not None
        accounts = read_accounts(self._table(client_files.ACCOUNTS), roster, findings)
        context = LotContext(accounts, market.securities, market.prices, to_day_number(header.as_of))
        self._report_later_files(accounts)
        return self._assemble(header, market, context)

    def _read_market(self, header: FirmHeader) -> _Market | None:
        findings = self._findings
        securities = read_securities(self._table(market_files.SECURITIES), findings)
        if securities is None:
            return None
        prices = read_prices(self._take(market_files.PRICES), securities, header.as_of, findings)
        models = read_models(self._table(market_files.MODELS), securities, findings)
        if prices is None or models is None:
            return None
        _report_unpriced_targets(self._table(market_files.MODELS).file, securities, prices, models, findings)
        return _Market(securities, prices, models)

    def _report_later_files(self, accounts: AccountTable) -> None:
        """Validate what this version does not act on."""
        findings = self._findings
        report_requests(self._table(client_files.REQUESTS), accounts, findings)
        for contract in (market_files.CORPORATE_ACTIONS, market_files.SUBSTITUTES):
            table = self._table(contract)
            table.report_cells(findings)
            for row in table.broken:
                message = Message(Severity.WARNING, "a row as wide as the header", "correct the row")
                findings.add(Place(table.file, row.line), message, row.why)
        for stem, table in self._tables.items():
            if stem != client_files.REQUESTS.stem:
                table.report_unused(findings)

    def _assemble(self, header: FirmHeader, market: _Market, context: LotContext) -> Firm:
        findings, roster, tables = self._findings, context.accounts.roster, self._tables
        clients = self._read_clients(header, market, roster, context.today)
        holdings = self._read_holdings(context, market.models, clients.model)
        risk = (market_files.EXPOSURES, market_files.COVARIANCE, market_files.SPECIFIC)
        exposures, covariance, specific = (tables.get(contract.stem) for contract in risk)
        given = any(is_there(self._folder, contract) for contract in risk)
        risk_model = read_risk_model((exposures, covariance, specific), header.as_of, findings, given=given)
        chosen = np.flatnonzero(roster.chosen)
        ids = [roster.ids[number] for number in chosen]
        households = Households(
            holdings.rows.household_start,
            clients.model,
            clients.policies.of_household,
            holdings.rules.of_household[roster.chosen],
            clients.rates.short[roster.chosen],
            clients.rates.long[roster.chosen],
            roster.taxpayer[roster.chosen],
            # Last of all: by now everything has been looked at.
            np.array([findings.is_blocked(name) for name in ids], dtype=np.bool_),
        )
        return Firm(
            name=header.name,
            as_of=header.as_of,
            book=Book(
                households,
                holdings.accounts,
                holdings.lots.lots,
                market.models.models,
                clients.policies.policies,
                holdings.rules.sets,
                holdings.rules.groups,
                holdings.windows,
            ),
            labels=BookLabels(
                np.array(ids, dtype=np.str_),
                np.array([context.accounts.ids[number] for number in holdings.rows.source], dtype=np.str_),
                holdings.lots.names,
                market.models.names,
                holdings.rules.group_names,
                holdings.restrictions,
            ),
            market=_market(market.securities, market.prices, context.today),
            market_labels=market.securities.labels,
            history=market.prices.history,
            risk_model=risk_model,
            findings=findings.all_sorted(FILE_ORDER),
            household_names=tuple(roster.frame["name"].fill_null("").gather(chosen).to_list()),
            profiles=clients.policies.profiles,
        )

    def _read_clients(self, header: FirmHeader, market: _Market, roster: Roster, today: int) -> _Clients:
        """Find the model, policy and rates of every household."""
        findings = self._findings
        firm_profile = header.profile or Profile()
        named = read_profiles(self._folder, firm_profile, findings)
        file = self._table(client_files.HOUSEHOLDS).file
        report_profiles(file, roster, None if named is None else named.profiles, findings)
        rates = read_rates(file, roster, header.rates, findings)
        glide = self._table(client_files.GLIDE)
        followed = follow_glide(glide, roster, today, findings)
        report_models(file, glide, roster, followed, market.models, findings)
        code = code_of(followed.model, market.models.names).fill_null(0).to_numpy()
        model = code[roster.chosen].astype(np.int32)
        profiles, given = named or NamedProfiles({}, {})
        if header.cash_target is not None:
            given = {"": header.cash_target, **given}
        policies = policies_of(
            roster, model, market.models, profiles, firm_profile, header.as_of, findings=findings, given=given
        )
        return _Clients(model, policies, rates)

    def _read_holdings(self, context: LotContext, models: ModelTable, followed: NDArray[np.int32]) -> _Holdings:
        """Read lots, orders, transactions and restrictions: what is held, and what may not be done with it."""
        findings = self._findings
        lots = read_lots(self._take(client_files.LOTS), context, findings)
        orders = read_pending_orders(self._table(client_files.PENDING_ORDERS), context, findings)
        report_oversold(self._table(client_files.PENDING_ORDERS).file, orders, lots, context, findings)
        losses = loss_sales(self._table(client_files.TRANSACTIONS), context, findings)
        windows = windows_of(context, lots, orders, losses)
        groups = self._groups(context.securities, context.today)
        table = self._table(client_files.RESTRICTIONS)
        restrictions = read_restrictions(table, context.accounts, groups, lots, findings)
        holdable = Holdable(context.accounts, models.models, followed, lots, groups.lookthrough)
        report_funds_within_reach(table, restrictions.rules, groups, holdable, findings)
        rows = account_rows(context.accounts)
        rules = build_rules(restrictions.rules, groups, len(context.accounts.roster.ids), rows.row, findings)
        columns = lot_columns(mark_kept(lots, orders.sell_frame(), restrictions.kept_lots), rows)
        accounts = account_columns(context.accounts, rows, orders.cash_used, columns.start)
        return _Holdings(rows, accounts, columns, windows, rules, restrictions.words)

    def _groups(self, securities: Securities, today: int) -> GroupBook:
        screens = read_screens(self._table(market_files.SCREENS), securities, self._findings)
        table = self._table(market_files.LOOKTHROUGH)
        lookthrough = read_lookthrough(table, securities, today, self._findings)
        return GroupBook.of(securities, screens, lookthrough, table.file)


def _market(securities: Securities, prices: Prices, today: int) -> Market:
    """The market of the day, without risk."""
    count = securities.count
    return Market(
        np.int32(today),
        prices.close,
        securities.spread.astype(np.int64),
        prices.fresh & securities.sound,
        securities.identical.astype(np.int32),
        securities.kind.astype(np.uint8),
        np.zeros((count, 0)),
        np.zeros(count),
    )


def _report_unpriced_targets(
    file: str, securities: Securities, prices: Prices, models: ModelTable, findings: FindingList
) -> None:
    """Warn of every security that a model wants and that has no price."""
    for number in np.unique(models.models.security):
        if prices.close[number] == 0:
            symbol = securities.labels.symbols[number]
            message = Message(Severity.WARNING, "a security with a price", "add its price; until then it is not bought")
            findings.add(Place(file, None, "symbol"), message, symbol)
