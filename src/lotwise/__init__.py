"""Lotwise: every household of an advisory firm, at the level of the tax lot, every day.

    firm = lotwise.read_firm("firm")
    result = firm.rebalance()
    result["H001"].explain()

What is offered here is loaded when it is first asked for: `import lotwise` loads no compiler and no data frames.
`__init__.pyi` says what there is, for type checkers and editors.
"""

from importlib import import_module

__version__ = "0.1.0"

_OFFERED = {
    "Explanation": "library",
    "Finding": "errors",
    "Firm": "library",
    "FolderError": "errors",
    "HouseholdResult": "library",
    "HouseholdSavings": "library",
    "LivedOn": "library",
    "LotwiseError": "errors",
    "Moving": "library",
    "Paper": "library",
    "Picture": "library",
    "ProfileError": "errors",
    "ProposalError": "errors",
    "Result": "library",
    "RiskModelError": "errors",
    "Savings": "library",
    "Severity": "errors",
    "UnknownNameError": "errors",
    "firm_from_frames": "library",
    "read_firm": "library",
    "transition": "library",
}

__all__ = ["__version__", *_OFFERED]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    if name not in _OFFERED:
        raise AttributeError(f"module 'lotwise' has no attribute {name!r}; it offers {', '.join(_OFFERED)}")
    found: object = getattr(import_module(f"lotwise.{_OFFERED[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_OFFERED})
