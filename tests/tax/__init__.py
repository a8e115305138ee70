"""Tests of `lotwise.tax`."""
