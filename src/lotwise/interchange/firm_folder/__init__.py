"""The firm folder in: a firm's files, validated as a whole, become one book at one close."""

from lotwise.interchange.firm_folder.files import contract_reference
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.reading import read_firm

__all__ = ["Firm", "contract_reference", "read_firm"]
