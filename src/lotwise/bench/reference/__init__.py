"""What judges the engine and shares nothing with it: the problem from its raw numbers, and general solvers.

Nothing here imports the optimizer, the formulation or the kernels (import-linter holds it to that). scipy, PIQP and
Clarabel come with the extra `bench`.
"""
