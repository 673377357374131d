"""What an ablation leaves in its folder: all numbers, a table to read, a figure."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qualiclip.checks import finite
from qualiclip.degradations import GROUPS
from qualiclip.outputs import row_file, whole_file, write_text
from qualiclip.prose import decimal, markdown_table

from .figure import ablation_figure
from .variants import FULL, VARIANTS, Result, Spread, VariantSummary, summarize

TITLES = {"ordering": "ordering accuracy", "across_photos": "across photos"}


def headings(results: Sequence[Result]) -> dict[str, str]:
    """The measures of the first table, with the headings of their columns."""
    folders = [name for name in results[0].measures if name.startswith("srcc_")]
    return {**TITLES, **{name: f"SRCC {name.removeprefix('srcc_')}" for name in folders}}


def _text(value: Spread, *, signed: bool = False) -> str:
    mean = decimal(value.mean, plus=signed)
    return mean if value.deviation is None else f"{mean} ± {value.deviation:.3f}"


def _main_table(summaries: Mapping[str, Mapping[str, VariantSummary]], titles: Mapping[str, str]) -> str:
    def cells(variant: str, measure: str) -> list[str]:
        summary = summaries[measure][variant]
        return [_text(summary.value), "" if variant == FULL else _text(summary.difference, signed=True)]

    columns = ["variant", *(part for title in titles.values() for part in (title, "to full"))]
    rows = [[name, *(cell for measure in titles for cell in cells(name, measure))] for name in summaries["ordering"]]
    return "\n".join(markdown_table(columns, rows, numbers=True))


def _group_table(results: Sequence[Result]) -> str:
    summaries = [summarize(results, f"ordering_{group}") for group in GROUPS]
    rows = [[variant, *(_text(summary[variant].value) for summary in summaries)] for variant in summaries[0]]
    columns = ["variant", *(group.replace("_", " and ") for group in GROUPS)]
    return "\n".join(markdown_table(columns, rows, numbers=True))


def seeds_line(results: Sequence[Result]) -> str:
    """How many seeds the numbers are from, and which."""
    seeds = [str(result.seed) for result in results if result.variant == FULL]
    if len(seeds) == 1:
        return f"One seed ({seeds[0]}): no spread is known."
    return f"Mean ± standard deviation over {len(seeds)} seeds ({', '.join(seeds)})."


def equal_line(results: Sequence[Result]) -> str:
    """Which variants can't tell adjacent levels apart, in at least a hundredth of all cases; empty if none."""
    shares = {name: summary.value.mean for name, summary in summarize(results, "equal_levels").items()}
    named = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share >= 0.01)
    return f"\nAdjacent levels with exactly the same score, which count as half right: {named}.\n" if named else ""


def markdown(results: Sequence[Result], *, recipe: str, pictures: int) -> str:
    """The report, from all results; the full recipe comes first."""
    titles = headings(results)
    summaries = {measure: summarize(results, measure) for measure in titles}
    return "\n".join(
        [
            f"# Ablation of `{recipe}`\n",
            f'{seeds_line(results)} "To full" is the difference to the full recipe with the same seeds. Measured on',
            f"{pictures} photos kept out of training.\n",
            _main_table(summaries, titles),
            equal_line(results),
            "## Ordering accuracy by group of degradations\n",
            _group_table(results),
            "",
        ]
    )


def write_rows(path: Path, results: Sequence[Result]) -> None:
    """A CSV file with a row for each run and a column for each measure."""
    with whole_file(path) as draft, row_file(draft) as file:
        writer = csv.DictWriter(file, ["variant", "seed", *results[0].measures])
        writer.writeheader()
        writer.writerows({"variant": result.variant, "seed": result.seed, **result.measures} for result in results)


def write_record(path: Path, results: Sequence[Result], facts: Mapping[str, Any]) -> None:
    """A JSON file with the facts of the ablation, what the variants change, all results and their summaries."""
    summaries = {measure: summarize(results, measure) for measure in results[0].measures}
    variants = {
        name: {
            "changes": list(VARIANTS[name]),
            "measures": {measure: asdict(summary[name]) for measure, summary in summaries.items()},
        }
        for name in summaries["ordering"]
    }
    record = {**facts, "variants": variants, "runs": [asdict(result) for result in results]}
    write_text(path, json.dumps(finite(record), indent=2) + "\n")


def write_report(out: Path, results: Sequence[Result], facts: Mapping[str, Any]) -> str:
    """Write ablation.csv, .json, .md and .png into a folder; returns the markdown."""
    titles = headings(results)
    text = markdown(results, recipe=facts["recipe"], pictures=facts["pictures"])
    write_rows(out / "ablation.csv", results)
    write_record(out / "ablation.json", results, facts)
    write_text(out / "ablation.md", text)
    summaries = {title: summarize(results, measure) for measure, title in titles.items()}
    figure = ablation_figure(summaries, title=f"Ablation of {facts['recipe']}", note=seeds_line(results))
    with whole_file(out / "ablation.png") as draft:
        figure.savefig(draft, format="png")
    return text
