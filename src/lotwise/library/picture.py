"""A picture: SVG that a notebook shows and a file keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart as SVG text, which asks nothing of any other file; a notebook shows it."""

    title: str
    svg: str

    def save(self, path: str | Path) -> Path:
        """Write the picture as a file and return its path.

        Raises ValueError for a name that does not end in .svg, OSError where it cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ValueError(f"a picture is SVG: its name must end in .svg, was {target.name!r}")
        target.write_text(self.svg, encoding="utf-8")
        return target

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture: {self.title}; shown by a notebook, or .save('name.svg')>"
