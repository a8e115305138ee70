"""The record of a folder, folded: open windows, the year's gains after wash sales, and tonight's lots put right by it.

Where the folder has a posted ledger, that is the record. Otherwise it is made of this year's transactions (and those of
the sixty days before) and of the lots bought since: as far back as a wash sale of this year or an open window can reach.
Transactions of every account of a taxpayer count: of spouses, retirement accounts and accounts held away.

What lots hold tonight is what the lots file says. Bought shares that the record does not know count on top of it.
A file of transactions that begins after January does not say what the year realised.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, WASH_DAYS, from_day_number, to_day_number
from lotwise.errors import Severity
from lotwise.interchange.firm_folder.accounts import AccountTable
from lotwise.interchange.firm_folder.carried_losses import KEY, FoldedNames, folded_lots, with_carried_losses
from lotwise.interchange.firm_folder.columns import TypedTable
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place, rows_to_report
from lotwise.interchange.firm_folder.folding_record import FoldedRecord, fold_trades, posted_record
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.securities import code_of
from lotwise.interchange.firm_folder.tables import LINE
from lotwise.interchange.firm_folder.tax_positions import YearToDate
from lotwise.ledger.open_windows import windows_of_state
from lotwise.ledger.wash_sales import Windows
from lotwise.money import SHARE
from lotwise.rebalancing.book import AccountKind, LotFlag
from lotwise.tax.gains import year_to_date
