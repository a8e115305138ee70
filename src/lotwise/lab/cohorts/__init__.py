"""Cohorts of accounts lived through a market in memory, by any policy, lot by lot, by the nightly run's own engine."""
