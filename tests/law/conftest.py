"""One test per case of the folder of cases, and how many of each topic pass.

A module of law tests names its TOPIC; each of its tests that takes `vector` runs once per case of that topic. What
these tests tell at the end of a run: "law: wash_sale 58/58".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.law.case_facts import cases_of, topics_of
from tests.law.comparison import NOTE

_TOPIC = "law topic"  # property of a report: the topic of its case


def _folder(config: pytest.Config) -> Path | None:
    given = config.getoption("--vectors")
    folder = Path(given) if given else config.rootpath.parent / "shared" / "vectors"
    return folder.resolve() if folder.is_dir() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run once per case. Without the folder the one test left is skipped, or fails, by `vectors_dir`."""
    if "vector" not in metafunc.fixturenames:
        return
    folder = _folder(metafunc.config)
    cases = cases_of(folder, metafunc.module.TOPIC) if folder else []
    names = [str(case["name"]) for case in cases]
    if folder and not cases:
        none = pytest.param({}, marks=pytest.mark.skip(reason=f"the folder has no cases of {metafunc.module.TOPIC}"))
        metafunc.parametrize("vector", [none], ids=["none"])
    else:
        metafunc.parametrize("vector", cases or ({},), ids=names or ["none"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write the topic of a case on its report."""
    report = yield
    if call.when == "call" and isinstance(item, pytest.Function):
        report.user_properties.extend((_TOPIC, topic) for topic in _topics_of(item))
    return report


def _topics_of(item: pytest.Function) -> list[str]:
    """Topic of every case that a test judges: one, or all of a topic where a module judges them in one test."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if parameters.get("vector"):
        return [str(item.module.TOPIC)]
    if "own" in parameters:
        return [f"own cases, {parameters['own'].topic}"]
    folder = _folder(item.config)
    if item.name == "test_the_vectors" and folder:
        stem = item.path.stem.removeprefix("test_").removesuffix("_law")
        return [topic for topic, count in topics_of(folder).items() if topic.startswith(stem) for _ in range(count)]
    return []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cases of each topic pass."""
    of: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") != "call":
                continue
            for name, value in report.user_properties:
                if name == _TOPIC:
                    of[value] += 1
                    passed[value] += report.outcome == "passed"
                elif name == NOTE:
                    notes[value] += 1
    for topic in sorted(of):
        terminalreporter.write_line(f"law: {topic} {passed[topic]}/{of[topic]}")
    for note in sorted(notes):
        terminalreporter.write_line(f"law: {note}: {notes[note]}")
