"""What a client wants: the investment policy as data."""
