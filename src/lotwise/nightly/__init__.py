"""The nightly run: a firm folder in, verified proposals out, on as many threads as there are."""
