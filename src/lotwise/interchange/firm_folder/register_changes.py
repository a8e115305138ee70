"""What a changed register did to years that were posted under the earlier one: a warning for each, once.

Once, because the ledger then keeps what it has folded under the present register (storage.ledger).
"""

from __future__ import annotations

from lotwise.errors import Severity
from lotwise.interchange.firm_folder import client_files, market_files
from lotwise.interchange.firm_folder.findings import FindingList, Message, Place
from lotwise.interchange.firm_folder.tables import is_there
from lotwise.money import format_money
from lotwise.storage.ledger import Ledger
from lotwise.storage.year_figures import FIGURES, ChangedYear

__all__ = ["report_changed_years"]

_WORDS = dict(
    zip(FIGURES, ("recognised gain", "long-term part of it", "disallowed", "gone for ever"), strict=True),
)
_TO_DO = "put the register back, or keep it: the figures of that year have changed"


def report_changed_years(ledger: Ledger, findings: FindingList) -> None:
    """Warn of every account and year whose figures are others under the present register."""
    if not ledger.changed_years:
        return
    message = Message(Severity.WARNING, "what was posted under the earlier register", _TO_DO)
    place = _place(ledger)
    for changed in ledger.changed_years:
        findings.add(place, message, _shown(changed))


def _place(ledger: Ledger) -> Place:
    """Where that part of the register stands which has changed; accounts.csv where more than one has."""
    if ledger.changed_parts == {"reading"}:
        return Place("firm.toml", None, "reading")
    if ledger.changed_parts == {"identical"} and is_there(ledger.folder.parent, market_files.IDENTICAL):
        return Place(market_files.IDENTICAL.name)
    if ledger.changed_parts and ledger.changed_parts <= {"identical", "funds"}:
        return Place(market_files.SECURITIES.name)
    return Place(client_files.ACCOUNTS.name)


def _shown(changed: ChangedYear) -> str:
    said = (
        f"{_WORDS[name]} {_amount(was)}, now {_amount(now)}"
        for name, was, now in zip(FIGURES, changed.was, changed.now, strict=True)
        if was != now
    )
    return f"{changed.year} of {changed.account_id}: {'; '.join(said)}"


def _amount(money: int) -> str:
    return format_money(money).replace("$", "")
