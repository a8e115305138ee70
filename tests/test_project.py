"""Rules of the repository that no other tool checks: lengths, names, addresses, pins, documentation of every key."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import lotwise
from lotwise.households.profile import KEYS
from lotwise.interchange.firm_folder.files import FILES
from lotwise.rebalancing.proposal import Cause, Status
from lotwise.reports.documents.definitions import DEFINITIONS
from lotwise.reports.documents.theme import KEYS as THEME_KEYS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TEXT_ENDINGS = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".css", ".html", ".json", ".cfg", ".ini", ""}
OWN_FOLDERS = ("src", "tests", "bench", "docs", ".ci")

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60

# Package registries and their mirrors, and the places where only this machine has files. Written in parts, so that
# this file does not name what it looks for.
ADDRESSES = re.compile(
    "|".join(
        (
            "py" + r"pi\.org",
            "python" + r"hosted\.",
            r"registry\.np" + "mjs",
            "anaconda" + r"\.org",
            "file:" + "///",
        )
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:work|farm|root|home|Users)/\w")


def texts() -> list[Path]:
    """Every text file that belongs to the repository."""
    found = [path for folder in OWN_FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file()]
    return sorted(
        path
        for path in found
        if path.suffix in TEXT_ENDINGS and "__pycache__" not in path.parts and path.name != "LICENSE"
    )


def names(files: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in files]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def modules() -> list[str]:
    return [found.name for found in pkgutil.walk_packages(lotwise.__path__, "lotwise.")]


def test_the_list_of_texts_is_not_empty() -> None:
    assert {"pyproject.toml", "README.md", "constraints.txt", "Makefile", ".ci/run"} <= set(names(texts()))
    assert len(SOURCES) > 10


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in texts()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if ADDRESSES.search(line) or MACHINE_PATHS.search(line)
    ]
    assert not found


def test_the_search_for_addresses_finds_them() -> None:
    assert ADDRESSES.search("https://py" + "pi.org/simple")
    assert MACHINE_PATHS.search("open('/ro" + "ot/data.csv')")
    assert not MACHINE_PATHS.search(f"src/{'work'}/lots.py")


def test_no_source_file_is_longer_than_one_idea() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert long == {}


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert [name for name in names(SOURCES) if Path(name).stem in vague] == []


@pytest.mark.parametrize("name", modules())
def test_every_public_module_says_what_it_offers(name: str) -> None:
    """`__all__` is there, names only what exists, and holds every public function and class defined here."""
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        return
    assert hasattr(module, "__all__"), f"{name} must define __all__"
    missing = [offered for offered in module.__all__ if not hasattr(module, offered)]
    assert not missing
    assert module.__file__ is not None
    for node in tree_of(Path(module.__file__)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in module.__all__:
            assert ast.get_docstring(node), f"{name}.{node.name} must have a docstring"


def requirement_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ;]", one, maxsplit=1)[0].lower() for one in requirements}


def test_every_requirement_is_pinned_exactly_and_nothing_else_is_said() -> None:
    """Pins are `name==version`; no address, no hash, no option of pip."""
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][0-9a-z.]*", pin)] == []
    pinned = {pin.split("==")[0] for pin in pins}
    assert len(pinned) == len(pins)
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)
    project = declared["project"]
    wanted = [*project["dependencies"], *declared["build-system"]["requires"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    assert requirement_names(wanted) - pinned == set()


def test_the_version_is_said_once_and_the_same() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == lotwise.__version__


def page(name: str) -> str:
    """A page of the documentation as it is built, its generated tables included."""
    spec = spec_from_file_location("documentation_tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables: ModuleType = module_from_spec(spec)
    spec.loader.exec_module(tables)
    text: str = tables.with_tables((ROOT / "docs" / name).read_text())
    return text


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_profile_key_is_documented(key: str) -> None:
    assert f"| `{key}` |" in page("reference/profile.md")


def test_every_key_of_the_theme_and_every_definition_is_documented() -> None:
    text = page("how-to/documents.md")
    assert [key for key in THEME_KEYS if f"| `{key}` |" not in text] == []
    assert [one.term for one in DEFINITIONS.values() if f"| {one.term} | {one.text} |" not in text] == []


def test_every_file_and_column_of_the_firm_folder_is_documented() -> None:
    text = page("reference/firm-folder.md")
    missing = [contract.stem for contract in FILES if f"### {contract.stem}\n" not in text]
    for contract in FILES:
        part = text.split(f"### {contract.stem}\n")[1].split("\n### ")[0]
        missing += [
            f"{contract.stem}.{column.name}"
            for column in contract.columns
            if f"| {column.name} |" not in part and f"| **{column.name}** |" not in part
        ]
    assert missing == []


def test_every_status_and_cause_is_documented() -> None:
    text = page("reference/outputs.md")
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ", text, re.MULTILINE)
    assert {cause for _, cause in rows} >= {cause.name.lower() for cause in Cause}
    assert {status for status, _ in rows} >= {status.name.lower() for status in Status}


def test_every_decision_is_listed_and_dated() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    index, navigation = (folder / "index.md").read_text(), (ROOT / "mkdocs.yml").read_text()
    for path in records:
        text = path.read_text()
        assert path.name in index
        assert path.name in navigation
        assert re.search(r"^\d{4}-\d{2}-\d{2}, (accepted|replaced)", text, re.MULTILINE), path.name
        assert [part for part in ("## Context", "## Decision", "## Consequences") if part not in text] == []


def test_the_command_line_is_documented() -> None:
    """Every command and every option of it stands in the reference under its own heading."""
    cli = pytest.importorskip("lotwise.cli")
    typer_main = importlib.import_module("typer.main")
    text = page("reference/command-line.md")
    commands = typer_main.get_command(cli.app).commands
    known = {
        "demo",
        "rebalance",
        "explain",
        "frontier",
        "screens",
        "profile",
        "risk",
        "savings",
        "transition",
        "documents",
        "ledger",
        "bench",
        "lab",
    }
    assert set(commands) == known
    for name, command in commands.items():
        part = text.split(f"## lotwise {name}\n")[1].split("\n## ")[0]
        said = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in said if option not in part and option != "--help"] == []


def test_the_python_that_runs_is_one_that_is_promised() -> None:
    assert sys.version_info >= (3, 11)
