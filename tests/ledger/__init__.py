"""Tests of `lotwise.ledger`."""
