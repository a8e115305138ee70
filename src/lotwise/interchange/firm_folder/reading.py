"""`read_firm`: a firm folder becomes a book; every finding of every file at once, each blocking only its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import to_day_number
from lotwise.errors import FolderError, Severity
from lotwise.interchange.firm_folder import client_files, market_files, stand_ins
from lotwise.interchange.firm_folder.accounts import AccountTable, read_accounts
from lotwise.interchange.firm_folder.activity import (
    read_pending_orders,
    record_rows,
    report_oversold,
    windows_of,
)
from lotwise.interchange.firm_folder.assembling import ReadClients, ReadHoldings, ReadMarket, firm_of
from lotwise.interchange.firm_folder.book_building import (
    account_columns,
    account_rows,
    load_kernels,
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
from lotwise.interchange.firm_folder.groups import GroupBook, read_lookthrough
from lotwise.interchange.firm_folder.header import FirmHeader, read_header
from lotwise.interchange.firm_folder.households import (
    Roster,
    follow_glide,
    read_roster,
    report_models,
)
from lotwise.interchange.firm_folder.last_trades import last_trades, latest_purchases
from lotwise.interchange.firm_folder.lots import LotContext, read_lots
from lotwise.interchange.firm_folder.models import ModelTable, read_models, report_unpriced_targets
from lotwise.interchange.firm_folder.prices import read_prices
from lotwise.interchange.firm_folder.record import original_bases, read_record
from lotwise.interchange.firm_folder.requests import read_requests, request_columns
from lotwise.interchange.firm_folder.restrictions import read_restrictions
from lotwise.interchange.firm_folder.risk_files import read_risk_model
from lotwise.interchange.firm_folder.rule_sets import build_rules
from lotwise.interchange.firm_folder.screens import read_screens
from lotwise.interchange.firm_folder.securities import Securities, code_of, read_securities
from lotwise.interchange.firm_folder.substitutes import read_substitutes
from lotwise.interchange.firm_folder.tables import is_there, note_strangers, read_table
from lotwise.interchange.firm_folder.tax_positions import (
    read_tax_positions,
    report_ignored_gains,
)
from lotwise.interchange.firm_folder.wishes import read_wishes, report_unknown_classes
from lotwise.risk.factor_model import FactorModel
from lotwise.securities.market import asset_classes_of

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
    header = read_header(folder, as_of, findings)
    return _FolderReader(folder, findings).read(header, households)


def _stop(findings: FindingList) -> None:
    if findings.fatal:
        more = f" (and {len(findings.fatal) - 1} more)" if len(findings.fatal) > 1 else ""
        raise FolderError(findings.fatal[0] + more, findings.all_sorted(FILE_ORDER))


class _FolderReader:
    """Reads one folder; the steps share the open tables and the findings."""

    def __init__(self, folder: Path, findings: FindingList) -> None:
        self._folder = folder
        self._findings = findings
        self._tables: dict[str, TypedTable] = {}

    def _open_tables(self) -> None:
        """Open every file of the contract that is there and type its columns."""
        note_strangers(self._folder, self._findings)
        for contract in FILES:
            raw = read_table(self._folder, contract, self._findings)
            if raw is not None:
                table = type_table(raw)
                table.report_rounded(self._findings)
                self._tables[contract.stem] = table

    def _table(self, contract: FileContract) -> TypedTable:
        table = self._tables.get(contract.stem)
        return empty_table(contract) if table is None else table

    def _take(self, contract: FileContract) -> TypedTable:
        """Hand over a large table for good, so that its memory is free as soon as it has been read."""
        table = self._tables.pop(contract.stem, None)
        return empty_table(contract) if table is None else table

    def _missing(self, contract: FileContract) -> bool:
        """Whether a needed file is of no use; a finding has said so, and nothing more is to be said of it."""
        missing = contract.stem not in self._tables
        if missing:
            self._findings.close(contract.name)
        return missing

    def read(self, header: FirmHeader, only: Sequence[str] | None) -> Firm:
        """Read the folder into a firm; where that cannot be, every file is read all the same before the FolderError."""
        with ThreadPoolExecutor(max_workers=1) as beside:
            beside.submit(load_kernels)
            self._open_tables()
        findings = self._findings
        day = header.as_of or stand_ins.day_for(self._tables)
        no_lots = self._missing(client_files.LOTS) or self._missing(client_files.ACCOUNTS)
        market = self._read_market(header.as_of or stand_ins.last_price_day(self._tables))
        roster = self._read_roster(only)
        accounts = self._read_accounts(roster)
        context = LotContext(accounts, market.securities, market.prices, to_day_number(day))
        self._report_later_files()
        clients = self._read_clients(header, day, market, roster)
        risk_model = self._read_risk_model(day)
        holdings = self._read_holdings(context, market.models, clients.model, no_lots=no_lots)
        report_ignored_gains(self._table(client_files.HOUSEHOLDS).file, roster, holdings.year_to_date, findings)
        return firm_of(header.name, day, market, context, clients, holdings, risk_model, findings)

    def _read_market(self, day: date) -> ReadMarket:
        findings = self._findings
        no_prices = self._missing(market_files.PRICES)
        securities = None
        if not self._missing(market_files.SECURITIES):
            securities = read_securities(self._table(market_files.SECURITIES), findings)
        known = stand_ins.securities_for(self._tables) if securities is None else securities
        actions = self._table(market_files.CORPORATE_ACTIONS)
        prices = None if no_prices else read_prices(self._take(market_files.PRICES), known, day, findings, actions)
        if prices is None or securities is None:
            prices = stand_ins.prices_for(known, to_day_number(day))
        models = None
        if not self._missing(market_files.MODELS):
            models = read_models(self._table(market_files.MODELS), known, to_day_number(day), findings)
        if models is None:
            models = stand_ins.models_for(self._tables)
        report_unpriced_targets(self._table(market_files.MODELS).file, known, prices.close, models, findings)
        return ReadMarket(known, prices, models)

    def _read_roster(self, only: Sequence[str] | None) -> Roster:
        roster = None
        if not self._missing(client_files.HOUSEHOLDS):
            roster = read_roster(self._table(client_files.HOUSEHOLDS), only, self._findings)
        return stand_ins.roster_for(self._tables) if roster is None else roster

    def _read_accounts(self, roster: Roster) -> AccountTable:
        if self._missing(client_files.ACCOUNTS):
            return stand_ins.accounts_for(self._tables, roster)
        return read_accounts(self._table(client_files.ACCOUNTS), roster, self._findings)

    def _read_risk_model(self, day: date) -> FactorModel | None:
        contracts = (market_files.EXPOSURES, market_files.COVARIANCE, market_files.SPECIFIC)
        exposures, covariance, specific = (self._tables.get(contract.stem) for contract in contracts)
        given = any(is_there(self._folder, contract) for contract in contracts)
        return read_risk_model((exposures, covariance, specific), day, self._findings, given=given)

    def _report_later_files(self) -> None:
        """Validate what the ledger reads, and say what this version does not act on."""
        findings = self._findings
        actions = self._table(market_files.CORPORATE_ACTIONS)
        actions.report_cells(findings)
        for row in actions.broken:
            message = Message(Severity.WARNING, "a row as wide as the header", "correct the row")
            findings.add(Place(actions.file, row.line), message, row.why)
        for stem, table in self._tables.items():
            if stem != client_files.REQUESTS.stem:
                table.report_unused(findings)

    def _read_clients(self, header: FirmHeader, day: date, market: ReadMarket, roster: Roster) -> ReadClients:
        """Find the model, policy and tax position of every household."""
        findings = self._findings
        file = self._table(client_files.HOUSEHOLDS).file
        stands_in = self._missing(client_files.HOUSEHOLDS)
        wishes = read_wishes(self._folder, header, (file, roster), findings, stands_in=stands_in)
        asset_classes = asset_classes_of(market.securities.labels.asset_classes).names
        if not self._missing(market_files.SECURITIES):
            report_unknown_classes(wishes.preferred, asset_classes, findings)
        tax = read_tax_positions(file, roster, header.rates, day.year, findings)
        glide = self._table(client_files.GLIDE)
        followed = follow_glide(glide, roster, to_day_number(day), findings)
        report_models(file, glide, roster, followed, market.models, findings)
        code = code_of(followed.model, market.models.names).fill_null(0).to_numpy()
        model = code[roster.chosen].astype(np.int32)
        policies = policies_of(
            roster, model, market.models, wishes, day, findings=findings, asset_classes=asset_classes
        )
        return ReadClients(model, policies, tax)

    def _read_holdings(
        self, context: LotContext, models: ModelTable, followed: NDArray[np.int32], *, no_lots: bool
    ) -> ReadHoldings:
        """Read lots, orders, transactions and restrictions: what is held, and what may not be done with it.

        The last files to be read: raises FolderError where something stopped the folder.
        """
        findings = self._findings
        lots, originals, purchases = self._read_lots(context)
        orders = read_pending_orders(self._table(client_files.PENDING_ORDERS), context, findings)
        if not no_lots:
            report_oversold(self._table(client_files.PENDING_ORDERS).file, orders, lots, context, findings)
        transactions = self._take(client_files.TRANSACTIONS)
        rows = record_rows(transactions, context.accounts, context.today, findings)
        traded = last_trades(self._folder, transactions, purchases, orders, context)
        del transactions
        record = read_record(self._folder, rows, lots, originals, context, findings, compare=not no_lots)
        del rows
        lots, windows = record.lots, windows_of(context, record, orders)
        groups = self._groups(context.securities, context.today)
        table = self._table(client_files.RESTRICTIONS)
        named = stand_ins.lots_for(table, context.accounts.roster) if no_lots else lots
        restrictions = read_restrictions(table, context.accounts, groups, named, findings)
        holdable = Holdable(context.accounts, models.models, followed, lots, groups.lookthrough)
        report_funds_within_reach(table, restrictions.rules, groups, holdable, findings)
        account_order = account_rows(context.accounts)
        rules = build_rules(restrictions.rules, groups, len(context.accounts.roster.ids), account_order.row, findings)
        lots = mark_kept(lots, orders.sell_frame(), restrictions.kept_lots)
        held = None if no_lots else (lots, orders.cash_used)
        asked = read_requests(self._table(client_files.REQUESTS), context.accounts, held, context.today, findings)
        substitutes = read_substitutes(self._table(market_files.SUBSTITUTES), context.securities, findings)
        _stop(findings)
        columns = lot_columns(lots, account_order)
        accounts = account_columns(context.accounts, account_order, orders.cash_used, columns.start)
        requests = request_columns(asked, context.accounts.roster.chosen, account_order.row)
        return ReadHoldings(
            account_order,
            accounts,
            columns,
            windows,
            rules,
            restrictions,
            requests,
            substitutes,
            groups.lookthrough,
            record.year_to_date,
            traded,
        )

    def _read_lots(self, context: LotContext) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Read the lots, the bases before wash-sale adjustments that they state, and when each account bought last."""
        table = self._take(client_files.LOTS)
        posted = (self._folder / "ledger").is_dir()
        originals = original_bases(table, context.today, all_days=posted)
        return read_lots(table, context, self._findings), originals, latest_purchases(table)

    def _groups(self, securities: Securities, today: int) -> GroupBook:
        named = self._table(market_files.SECURITIES).file
        screens = read_screens(self._table(market_files.SCREENS), named, securities, self._findings)
        table = self._table(market_files.LOOKTHROUGH)
        lookthrough = read_lookthrough(table, securities, today, self._findings)
        return GroupBook.of(securities, screens, lookthrough, table.file)
