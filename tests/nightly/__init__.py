"""Tests of `lotwise.nightly`."""
