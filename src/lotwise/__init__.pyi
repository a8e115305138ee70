from lotwise.errors import Finding as Finding
from lotwise.errors import FolderError as FolderError
from lotwise.errors import LotwiseError as LotwiseError
from lotwise.errors import ProfileError as ProfileError
from lotwise.errors import ProposalError as ProposalError
from lotwise.errors import RiskModelError as RiskModelError
from lotwise.errors import Severity as Severity
from lotwise.errors import UnknownNameError as UnknownNameError
from lotwise.library import Explanation as Explanation
from lotwise.library import Firm as Firm
from lotwise.library import HouseholdResult as HouseholdResult
from lotwise.library import HouseholdSavings as HouseholdSavings
from lotwise.library import LivedOn as LivedOn
from lotwise.library import Moving as Moving
from lotwise.library import Paper as Paper
from lotwise.library import Picture as Picture
from lotwise.library import Result as Result
from lotwise.library import Savings as Savings
from lotwise.library import firm_from_frames as firm_from_frames
from lotwise.library import read_firm as read_firm
from lotwise.library import transition as transition

__version__: str
