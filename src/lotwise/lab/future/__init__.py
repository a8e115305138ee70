"""A firm's household, lived on from today: its lots and rules, simulated prices of its securities, several policies."""
