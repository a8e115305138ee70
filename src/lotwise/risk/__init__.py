"""Risk: a factor model brought along or estimated from prices, and how it enters the market's columns."""
