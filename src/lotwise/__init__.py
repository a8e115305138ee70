"""Lotwise: every household of an advisory firm, at the level of the tax lot, every day."""

__version__ = "0.1.0"
