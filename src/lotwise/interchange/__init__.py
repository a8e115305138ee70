"""Firm folders in, result files out: the open file contract (FIRM_FOLDER) and everything that speaks it."""
