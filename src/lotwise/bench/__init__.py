"""What `lotwise bench` measures: speed and quality of the solver, hostile accounts, throughput, risk forecasts.

Nothing here is used by a run. What it needs beyond a run (reference solvers, scikit-learn) comes with the
extra `bench`.
"""
