"""The exact record of lots: holding periods, relief, wash sales."""
