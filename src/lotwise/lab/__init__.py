"""The laboratory: simulated and real markets, the demo firm built on them, and the experiments."""
