"""How inner kernels are compiled: typed and lowered by themselves, optimised only within the entry that calls them.

numba optimises every function together with all that it calls, and makes machine code of the whole, before it looks at
the caller, where all of it is optimised again and once more made into machine code: at ten calls' depth ten times over.
Nobody ever calls an inner kernel from Python, so that for these both are left to the entry. It halves the time that
compiling takes, and leaves the optimiser the same code to work on.

Both classes belong to numba's inner workings, whose version is pinned. `tests/test_kernels.py` holds what they rest on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

__all__ = ["InnerCompiler"]


class _WithoutEnvironments:
    """A code generator to which no function's Python environment is made known: there is no machine code to find it."""

    def __init__(self, codegen: Any) -> None:  # noqa: ANN401 - numba's own
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._codegen, name)

    def set_env(self, name: str, environment: object) -> None:
        """Do nothing."""


class _InnerLibrary(JITCodeLibrary):
    """Code of an inner kernel and all it calls, as lowered: to be linked into its callers, never to be run."""

    @property
    def codegen(self) -> _WithoutEnvironments:
        """What makes code."""
        return _WithoutEnvironments(self._codegen)

    def _optimize_final_module(self) -> None:
        """Leave that to the entry."""

    def _finalize_final_module(self) -> None:
        """Check what is linked, without machine code."""
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002
        """Return no address, which is what numba expects of a function that Python cannot call."""
        self._ensure_finalized()  # type: ignore[no-untyped-call]
        return 0


class InnerCompiler(Compiler):
    """numba's own pipeline, into a library that its callers optimise."""

    def compile_extra(self, func: Callable[..., object]) -> Any:  # noqa: ANN401
        """Compile a function for the types of this compiler."""
        self.state.library = _InnerLibrary(self.state.targetctx.codegen(), func.__qualname__)  # type: ignore[no-untyped-call]
        return super().compile_extra(func)  # type: ignore[no-untyped-call]
