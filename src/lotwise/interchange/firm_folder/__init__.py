"""The firm folder in: a firm's files, validated as a whole, become one book at one close."""

from lotwise.interchange.firm_folder.files import contract_reference
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.header import own_day
from lotwise.interchange.firm_folder.prices import STALE_AFTER, oldest_fresh_day
from lotwise.interchange.firm_folder.reading import read_firm

__all__ = ["STALE_AFTER", "Firm", "contract_reference", "oldest_fresh_day", "own_day", "read_firm"]
