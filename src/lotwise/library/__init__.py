"""Lotwise for programs and notebooks: a firm from files or frames, its trades, and why; `import lotwise` offers it."""

from lotwise.library.explained import Explanation
from lotwise.library.firm import Firm, firm_from_frames, read_firm
from lotwise.library.household import HouseholdResult
from lotwise.library.lived_on import LivedOn
from lotwise.library.moving import Moving, transition
from lotwise.library.paper import Paper
from lotwise.library.picture import Picture
from lotwise.library.result import Result
from lotwise.library.savings import HouseholdSavings, Savings

__all__ = [
    "Explanation",
    "Firm",
    "HouseholdResult",
    "HouseholdSavings",
    "LivedOn",
    "Moving",
    "Paper",
    "Picture",
    "Result",
    "Savings",
    "firm_from_frames",
    "read_firm",
    "transition",
]
