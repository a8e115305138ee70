"""Numbers of every side of every name, laid out so that all sides are looked at at once.

| row of `HouseholdState.of_side` | is |
|---|---|
| PRICE, PRICE_STEP | where the side's price r is predicted, and what it moves by along the step |
| PRICE_NEXT | r as found at the length tried last |
| ASKED, ASKED_STEP | s of the side's name, and what it moves by along the step |
| WEIGHT, RESPONSE | t, and Q: what the side's columns inside their pieces answer |
| FOLLOWS, STIFF | how r follows s, and what the columns answer to their own prices (`household.dual`) |
| SHARE | in the mixture: 1 of a side in force alone, 0 of one that is not |
| KEPT, FINE | 1 where a bound holds t, else 0; slope of a violated bound |
| SLOPE_ALONG, BEND_ALONG | what the side adds to the slope of the dual along the step, and to its curvature |
| LEAST | least of the side's function |
| LEAN, COST, PRICED, UNSURE | memory: sums over the side's columns |

| row of `HouseholdColumns.risk` | is |
|---|---|
| CURVATURE, TARGET | D and b of the side's name |
| LEFT, RIGHT | the least and the most that its columns can add up to |
| LOW, HIGH | bounds on t, infinite where both are beyond that |
"""

from __future__ import annotations

__all__ = [
    "ASKED",
    "ASKED_STEP",
    "BEND_ALONG",
    "COST",
    "CURVATURE",
    "FINE",
    "FOLLOWS",
    "HIGH",
    "KEPT",
    "LEAN",
    "LEAST",
    "LEFT",
    "LOW",
    "PRICE",
    "PRICED",
    "PRICE_NEXT",
    "PRICE_STEP",
    "RESPONSE",
    "RIGHT",
    "RISK_ROWS",
    "SHARE",
    "SIDE_ROWS",
    "SLOPE_ALONG",
    "STIFF",
    "TARGET",
    "UNSURE",
    "WEIGHT",
]

PRICE, PRICE_STEP, PRICE_NEXT, ASKED, ASKED_STEP, WEIGHT, RESPONSE, FOLLOWS, STIFF, SHARE, KEPT, FINE = range(12)
SLOPE_ALONG, BEND_ALONG, LEAST, LEAN, COST, PRICED, UNSURE, SIDE_ROWS = range(12, 20)
CURVATURE, TARGET, LEFT, RIGHT, LOW, HIGH, RISK_ROWS = range(7)
