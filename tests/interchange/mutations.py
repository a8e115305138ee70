"""Spoiling a firm folder at random: bytes, cells, columns, rows and files; each mutant is repeatable by its seed."""

from __future__ import annotations

import random
from collections.abc import Callable

# Cells that have broken readers before: not numbers, too large, other scripts, other notations, other separators.
NASTY = (
    "", " ", "nan", "NaN", "inf", "-inf", "-1", "0", "1e309", "1e-400", "9" * 40, "0x10", "1_000",
    "1,5", "\uff11\uff12",
    "½",
    "null", "None", "true", "*", "CASH", "AAA", "H1", "A1", "L1", "core", "2025-06-30", "2025-02-30", "0000-00-00",
    "9999-12-31", "30/06/2025", "2025-06-30T00:00:00", "=1+1", "'", '"', '""', "\x00", "\ufffd", "\u202e", "a\nb",
    "5.0000005", "0.00000049", "123456789012.34565", "1" + "0" * 18, "-0", "+5", ".", "-", "e5", "x" * 300,
)  # fmt: skip

Files = dict[str, bytes]
Change = Callable[[random.Random, Files, str], None]


def _lines(files: Files, name: str) -> list[bytes]:
    return files[name].split(b"\n")


def _some_byte(chance: random.Random, files: Files, name: str) -> None:
    data = bytearray(files[name])
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            data[at:at] = bytes([chance.randrange(256)])
        elif kind == 1:
            data[at : at + 1] = bytes([chance.choice((0, 10, 13, 34, 44, 45, 46, 48, 57, 255))])
        else:
            del data[at : at + chance.randint(1, 5)]
    files[name] = bytes(data)


def _some_cell(chance: random.Random, files: Files, name: str) -> None:
    lines = _lines(files, name)
    for _ in range(chance.randint(1, 3)):
        row = chance.randrange(len(lines))
        cells = lines[row].split(b",")
        cells[chance.randrange(len(cells))] = chance.choice(NASTY).encode()
        lines[row] = b",".join(cells)
    files[name] = b"\n".join(lines)


def _cells_exchanged(chance: random.Random, files: Files, name: str) -> None:
    lines = [line.split(b",") for line in _lines(files, name)]
    one, other = chance.choice(lines), chance.choice(lines)
    i, j = chance.randrange(len(one)), chance.randrange(len(other))
    one[i], other[j] = other[j], one[i]
    files[name] = b"\n".join(b",".join(line) for line in lines)


def _column_lost(chance: random.Random, files: Files, name: str) -> None:
    lines = [line.split(b",") for line in _lines(files, name)]
    at = chance.randrange(len(lines[0]))
    files[name] = b"\n".join(b",".join(line[:at] + line[at + 1 :]) for line in lines)


def _column_doubled(chance: random.Random, files: Files, name: str) -> None:
    lines = [line.split(b",") for line in _lines(files, name)]
    at = chance.randrange(len(lines[0]))
    files[name] = b"\n".join(b",".join([*line, *line[at : at + 1]]) for line in lines)


def _columns_turned(chance: random.Random, files: Files, name: str) -> None:
    lines = [line.split(b",") for line in _lines(files, name)]
    at = chance.randrange(len(lines[0]))
    files[name] = b"\n".join(b",".join(line[at:] + line[:at]) for line in lines)


def _row_lost(chance: random.Random, files: Files, name: str) -> None:
    lines = _lines(files, name)
    del lines[chance.randrange(len(lines))]
    files[name] = b"\n".join(lines)


def _row_doubled(chance: random.Random, files: Files, name: str) -> None:
    lines = _lines(files, name)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    files[name] = b"\n".join(lines)


def _cut_off(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[name][: chance.randrange(len(files[name]) + 1)]


def _emptied(_: random.Random, files: Files, name: str) -> None:
    files[name] = b""


def _lost(_: random.Random, files: Files, name: str) -> None:
    del files[name]


def _taken_for_another(chance: random.Random, files: Files, name: str) -> None:
    files[name] = files[chance.choice(sorted(files))]


def _called_parquet(_: random.Random, files: Files, name: str) -> None:
    files[name.rsplit(".", 1)[0] + ".parquet"] = files.pop(name)


CHANGES: tuple[tuple[Change, int], ...] = (
    (_some_byte, 8),
    (_some_cell, 12),
    (_cells_exchanged, 4),
    (_column_lost, 2),
    (_column_doubled, 1),
    (_columns_turned, 1),
    (_row_lost, 2),
    (_row_doubled, 2),
    (_cut_off, 2),
    (_emptied, 1),
    (_lost, 1),
    (_taken_for_another, 1),
    (_called_parquet, 1),
)


def mutant(files: Files, seed: int) -> Files:
    """Return the files with one to three changes, half of them in what holds the money."""
    chance = random.Random(seed)
    spoiled = dict(files)
    changes, weights = zip(*CHANGES, strict=True)
    for _ in range(chance.randint(1, 3)):
        names = sorted(spoiled)
        if chance.random() < 0.5:
            names = [name for name in ("households.csv", "accounts.csv", "lots.csv") if name in spoiled] or names
        name = chance.choice(names)
        if spoiled[name]:
            chance.choices(changes, weights)[0](chance, spoiled, name)
    return spoiled


def with_bytes_changed(data: bytes, seed: int) -> bytes:
    """Return data with a few bytes changed, put in or taken out."""
    files = {"": data}
    _some_byte(random.Random(seed), files, "")
    return files[""]
