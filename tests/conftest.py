"""Options, fixtures and Hypothesis profiles of the whole test run.

Some tests compare with data that is not part of the repository (vectors of tax cases, real prices, a yardstick for the
engine). They take its folder from an option, look beside the checkout by default, and are skipped with a reason where
it is not there.
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import platformdirs
import pytest
from hypothesis import settings

# Two processes that compile the same kernel at once can leave a cache entry that belongs to neither (numba numbers the
# entries of a function without a lock). So each worker of `pytest -n` keeps compiled kernels in a folder of its own.
# Set before anything of lotwise is imported; commands that a test starts inherit it.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if _WORKER:
    _ROOT = os.environ.get("LOTWISE_CACHE") or platformdirs.user_cache_dir("lotwise")
    os.environ["LOTWISE_CACHE"] = str(Path(_ROOT) / f"tests-{_WORKER}")

# A shell that starts the tests in its background has them ignore Ctrl-C, and with them the commands that they start and
# interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# In CI the same commit always gets the same examples; at a desk each run looks at new ones.
settings.register_profile("default", max_examples=60, deadline=None, derandomize="CI" in os.environ)
settings.register_profile("nightly", max_examples=2_000, deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the data lies that is not in the repository, and whether long tests run."""
    group = parser.getgroup("lotwise")
    group.addoption("--vectors", metavar="DIR", help="tax cases (default: ../shared/vectors)")
    group.addoption("--market", metavar="DIR", help="real prices (default: ../shared/data)")
    group.addoption("--bench-yardstick", metavar="DIR", help="yardstick (default: ../shared/bench)")
    group.addoption("--nightly", action="store_true", help="run the long property and fuzz tests too")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the Hypothesis profile: many more examples at night."""
    settings.load_profile("nightly" if config.getoption("--nightly") else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked nightly, unless asked for."""
    if config.getoption("--nightly"):
        return
    later = pytest.mark.skip(reason="long: runs with --nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(later)


def _folder(config: pytest.Config, option: str, default: str) -> Path:
    """Folder of an option; a folder that was asked for must be there, the default may be absent."""
    given = config.getoption(option)
    if given:
        folder = Path(given)
        if not folder.is_dir():
            pytest.fail(f"{option} {given}: there is no such folder", pytrace=False)
        return folder.resolve()
    folder = config.rootpath.parent / "shared" / default
    if not folder.is_dir():
        pytest.skip(f"needs data that is not in the repository: {option}=DIR (looked in ../shared/{default})")
    return folder


@pytest.fixture(scope="session")
def vectors_dir(request: pytest.FixtureRequest) -> Path:
    """Folder of the tax cases."""
    return _folder(request.config, "--vectors", "vectors")


@pytest.fixture(scope="session")
def market_dir(request: pytest.FixtureRequest) -> Path:
    """Folder of the real prices."""
    return _folder(request.config, "--market", "data")


@pytest.fixture(scope="session")
def yardstick_dir(request: pytest.FixtureRequest) -> Path:
    """Folder of the yardstick: seeded accounts and their true objective."""
    return _folder(request.config, "--bench-yardstick", "bench")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of a browser that can open a page without a screen."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    pytest.skip("needs a browser: no chromium, chromium-browser or google-chrome on the PATH")
