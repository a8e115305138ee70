"""Tests of the risk model."""
