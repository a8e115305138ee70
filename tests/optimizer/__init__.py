"""Tests of the optimizer kernels."""
