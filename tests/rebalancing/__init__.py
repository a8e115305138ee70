"""Tests of `lotwise.rebalancing`."""
