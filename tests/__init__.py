"""Tests, mirroring the packages of src/lotwise; `reference` holds independent formulations to judge the kernels by."""
