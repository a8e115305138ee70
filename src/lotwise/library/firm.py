"""A firm as a program holds it: read from a folder or made of data frames, looked at, rebalanced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import polars as pl

from lotwise.errors import FolderError
from lotwise.households.policy_version import resolved_keys
from lotwise.households.toml_values import closest
from lotwise.interchange import firm_folder
from lotwise.interchange.firm_folder.part import part_of
from lotwise.interchange.firm_folder.what_if import with_changed_profiles
from lotwise.interchange.results import findings_table
from lotwise.interchange.wording import model_names
from lotwise.lab.future.living import futures_of
from lotwise.lab.future.prices import Future
from lotwise.library.asking import day_asked, told_once, wrong_name, wrong_names
from lotwise.library.folder_of_frames import TABLE_NAMES, prepared_from_frames
from lotwise.library.frames import Table
from lotwise.library.lived_on import LivedOn
from lotwise.library.result import Result
from lotwise.library.savings import OrdinaryRule, Savings, rule_of
from lotwise.nightly.run import prepared_firm, proposed_trades
from lotwise.nightly.savings import When, tell_firm
from lotwise.reports import notebook
from lotwise.reports.amounts import count
from lotwise.risk.factor_model import FactorModel

__all__ = ["Firm", "How", "MoreTables", "firm_from_frames", "read_firm"]


class MoreTables(TypedDict, total=False):
    """Tables of the firm folder's contract that are seldom given; each has the columns of its file."""

    requests: Table
    corporate_actions: Table
    identical: Table
    lookthrough: Table
    screens: Table
    substitutes: Table
    pending_orders: Table
    glide: Table
    exposures: Table
    covariance: Table
    specific: Table


class How(TypedDict, total=False):
    """How far and how often a household is lived on, as the options of `lotwise lab household` say it."""

    years: int
    paths: int
    growth: float  # expected return of every security, a year
    seed: int


class Firm:
    """Every household of a firm at one close, with the risk of its market. Nothing of it changes.

    Made by `read_firm` and `firm_from_frames`. `as_read` is the same as columns, for programs that go deeper.
    """

    __slots__ = ("_folder", "_model", "as_read")

    def __init__(self, as_read: firm_folder.Firm, model: FactorModel, folder: Path | None = None) -> None:
        """Take a firm whose market has its risk, the model of that risk, and the folder that it was read from."""
        self.as_read = as_read
        self._model = model
        self._folder = folder

    @property
    def name(self) -> str:
        """What the firm is called."""
        return self.as_read.name

    @property
    def as_of(self) -> date:
        """The day at whose close everything is valued."""
        return self.as_read.as_of

    @property
    def household_ids(self) -> tuple[str, ...]:
        """Every household, in the order of its file."""
        return tuple(self.as_read.labels.households.tolist())

    @property
    def households(self) -> pl.DataFrame:
        """One row per household: household_id, name, model, accounts, lots, and whether it is refused for its data."""
        book, labels = self.as_read.book, self.as_read.labels
        starts = book.households.account_start
        return pl.DataFrame(
            {
                "household_id": pl.Series(labels.households.tolist(), dtype=pl.String),
                "name": pl.Series(self.as_read.household_names, dtype=pl.String),
                "model": pl.Series(model_names(labels, book), dtype=pl.String),
                "accounts": np.diff(starts),
                "lots": np.diff(book.accounts.lot_start[starts]),
                "refused": book.households.blocked,
            }
        )

    @property
    def findings(self) -> pl.DataFrame:
        """Everything that was found in the data: one row per finding, with the columns of findings.csv."""
        return findings_table(self.as_read.findings)

    def policy(self, household: str) -> pl.DataFrame:
        """Return every key of a household's profile: key, value, unit, the layer that says it, whether it is used.

        Raises UnknownNameError for a household that is not there.
        """
        if household not in self.household_ids:
            raise wrong_name("household", household, self.household_ids)
        row = self.household_ids.index(household)
        profile = self.as_read.profiles[self.as_read.book.households.policy[row]]
        return pl.DataFrame([key._asdict() for key in resolved_keys(profile)])

    def rebalance(
        self, households: str | Sequence[str] | None = None, *, threads: int = 0, **profile: object
    ) -> Result:
        """Propose trades for every household, or for those named; `profile` are keys that hold for all of them tonight.

        The same as `lotwise rebalance`, to the byte: solved to a proved gap and verified again exactly, a household
        whose trades break a rule is failed and trades nothing. Households of the same wash group as one that is named
        are solved along with it, and are in the result. Keys are those of a profile, as numbers, words, True or False,
        and come last, over every layer: `firm.rebalance(risk_price_bps=20)`. 0 threads = one per core.

        The first call on a machine compiles for some minutes. Raises UnknownNameError for a household that is not
        there, ProfileError for a wrong key or value, ValueError for no household at all.
        """
        asked = self.as_read
        if households is not None:
            names = [households] if isinstance(households, str) else list(households)
            if not names:
                raise ValueError("households must name one at least, or be None for all; was empty")
            wrong_names("household", names, self.household_ids)
            asked = part_of(asked, np.isin(asked.labels.households, names))
        with told_once():
            if profile:
                asked = with_changed_profiles(asked, profile)
            return Result(asked, self._model, proposed_trades(asked, threads))

    def savings(
        self,
        households: str | Sequence[str] | None = None,
        *,
        since: date | str | None = None,
        **rule: Unpack[OrdinaryRule],
    ) -> Savings:
        """Tell what was saved in tax for every household, or for those named, from the posted ledger of the folder.

        The same figures as `lotwise savings`, to the cent. `rule` is the ordinary rule that B compares with: schedule,
        month, band, relief. Raises FolderError where nothing has been posted or the firm is not of a folder,
        UnknownNameError for a household that is not there, ValueError for a rule that cannot be.
        """
        if self._folder is None:
            raise FolderError("taxes saved are told from a posted ledger: the firm must be of read_firm, was of frames")
        names = [households] if isinstance(households, str) else list(households or ())
        if households is not None and not names:
            raise ValueError("households must name one at least, or be None for all; was empty")
        wrong_names("household", names, self.household_ids)
        asked = rule_of(rule)
        with told_once():
            return Savings(
                self._folder, tell_firm(self._folder, self.as_read, names, asked, When(day_asked(since, "since")))
            )

    def lived_on(
        self,
        household: str,
        alternatives: Sequence[str] = (),
        checkpoints: str | Path | None = None,
        **how: Unpack[How],
    ) -> LivedOn:
        """Live a household on from today: under its own profile, an ordinary rule, and alternatives to both.

        The same as `lotwise lab household`. An alternative is lines of a profile that come last: `"harvest = 'any'"`;
        `looks` among them says how often it is looked at. `how` are years, paths, growth and seed of the simulated
        prices; `checkpoints` is a folder from which what was interrupted goes on. It takes seconds to minutes a path.
        Raises UnknownNameError for a household that is not there, FolderError for one that is refused, ProfileError for
        an alternative that cannot be, ValueError for a number outside its bounds.
        """
        future = Future(**how)
        kept = None if checkpoints is None else Path(checkpoints)
        with told_once():
            return LivedOn(futures_of(self.as_read, household, future, alternatives, kept))

    def __repr__(self) -> str:
        return f"<Firm {self.name or 'without a name'}, {self.as_of}: {self._counts()}; {self._found()}>"

    def _counts(self) -> str:
        book = self.as_read.book
        accounts, lots = len(book.accounts.kind), len(book.lots.shares)
        securities = len(self.as_read.market_labels.symbols)
        parts = (count(len(book.households.model), "household"), count(accounts, "account"), count(lots, "lot"))
        return f"{', '.join(parts)}, {securities:,} securities"

    def _found(self) -> str:
        found = self.findings["severity"].to_list()
        words = [count(found.count(word), word) for word in ("error", "warning", "notice") if word in found]
        refused = int(self.as_read.book.households.blocked.sum())
        said = ", ".join(words) or "no findings"
        return said + (f"; {count(refused, 'household')} refused" if refused else "")

    def _repr_html_(self) -> str:
        parts = [notebook.heading(f"{self.name or 'A firm'}, {self.as_of}")]
        parts.append(notebook.paragraph(f"{self._counts()}. Findings: {self._found()}."))
        parts.append(notebook.table(self.households, 8))
        worst = self.findings.filter(pl.col("severity") != "notice")
        if worst.height:
            parts.append(
                notebook.table(worst.select("severity", "file", "line", "column", "must_be", "was", "to_do"), 8)
            )
        return notebook.block(parts)


def read_firm(folder: str | Path, as_of: date | str | None = None, households: Sequence[str] | None = None) -> Firm:
    """Read a firm folder as of its own day or the given one, all households or those named.

    Bad data is no exception: it is in `Firm.findings`, and refuses the household that it belongs to. Raises
    FolderError, with every finding in `.findings`, where nothing can be done at all.
    """
    with told_once():
        return Firm(*prepared_firm(Path(folder), day_asked(as_of), households), Path(folder))


def firm_from_frames(
    *,
    households: Table,
    accounts: Table,
    lots: Table,
    securities: Table,
    prices: Table,
    models: Table,
    restrictions: Table | None = None,
    transactions: Table | None = None,
    profile: Mapping[str, object] | None = None,
    profiles: Mapping[str, Mapping[str, object]] | None = None,
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    rates: Mapping[str, object] | None = None,
    as_of: date | str | None = None,
    name: str = "",
    **more: Unpack[MoreTables],
) -> Firm:
    """Make a firm of tables with exactly the columns of the firm folder's files.

    A table is a polars or pandas frame, anything with an Arrow stream, a list of dicts or a dict of columns. `profile`
    is the firm's own policy, `profiles` the named ones, `overrides` what single households want, `rates` those of
    households that give none: what stands in firm.toml, profiles.toml and overrides.toml. `as_of` is the last day of
    the prices if it is not given. A risk model comes as `exposures`, `covariance` and `specific`, or is estimated.

    Findings name the table and the row, counted from 1. Raises TypeError for what is no table, ValueError for a day
    that is none, FolderError, with every finding in `.findings`, where nothing can be done at all.
    """
    for table in more:
        if table not in TABLE_NAMES:
            hint = closest(table, list(TABLE_NAMES))
            raise TypeError(f"{table} is no table of the firm folder. {hint}Tables: {', '.join(TABLE_NAMES)}")
    tables = {
        "households": households,
        "accounts": accounts,
        "lots": lots,
        "securities": securities,
        "prices": prices,
        "models": models,
        "restrictions": restrictions,
        "transactions": transactions,
        **more,
    }
    header = {"name": name, "as_of": day_asked(as_of), "profile": profile, "rates": rates}
    with told_once():
        return Firm(*prepared_from_frames(tables, header, profiles, overrides))
