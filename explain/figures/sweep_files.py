"""The figures of a sweep as files, with what was swept and what scored in their captions and metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from qualiclip.drawing.files import model_line, report_facts, save_figure
from qualiclip.scoring.sweep import SweepRow

from .sweep import contact_sheet, monotonicity_plot


@dataclass(frozen=True)
class SweepFigures:
    """The figures of a sweep of the picture of that name, as it was scored, one row per degradation."""

    name: str
    picture: Image.Image
    rows: Sequence[SweepRow]

    def save_sheet(self, path: Path) -> None:
        """Write the contact sheet as PNG, SVG or PDF.

        Raises:
            UsageError: if the path has another end.
        """
        title = "Degradations at levels 1 to 5"
        self._save(contact_sheet(self.picture, self.rows, title=title, facts=self._words), path)

    def save_curves(self, path: Path) -> None:
        """Write the curves of the score over the level as PNG, SVG or PDF.

        Raises:
            UsageError: if the path has another end.
        """
        self._save(monotonicity_plot(self.rows, title="Quality score at rising levels", facts=self._words), path)

    @property
    def _size(self) -> str:
        return f"{self.picture.width} × {self.picture.height} px"

    @property
    def _words(self) -> str:
        row = self.rows[0]
        return f"{self.name} at {self._size}, seed {row.seed}\n{model_line(row.reports[0])}"

    def _save(self, figure: Figure, path: Path) -> None:
        pristine = self.rows[0].reports[0]
        facts = {"Picture": self.name, "Size": self._size, **report_facts(pristine), "Seed": str(self.rows[0].seed)}
        facts["Degradations"] = ", ".join(row.name for row in self.rows)
        save_figure(figure, path, description=self._words, version=pristine.version, facts=facts)
