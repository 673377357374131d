"""The commands and the Python lines that repeat a view outside the studio, number for number."""

import shlex
from pathlib import Path

from qualiclip.degradations import Region, Step
from ui.frame.examples import example_with, list_examples
from ui.studio.look import Look

from .map_settings import DEGRADED, MapSettings


def picture_name(look: Look) -> str:
    """What the picture is called in the code: an example's place in the repository, or an upload's own name."""
    example = example_with(look.digest, list_examples())
    return f"assets/examples/{example.path.name}" if example else Path(look.subject.path).name


def as_code(look: Look, settings: MapSettings) -> tuple[str, str]:
    """Shell lines and Python lines that repeat a view."""
    return as_commands(look, settings), as_python(look, settings)


def as_commands(look: Look, settings: MapSettings) -> str:
    """Shell lines: the degraded picture, the scores, the heatmap."""
    subject = look.subject
    source, steps = shlex.quote(picture_name(look)), subject.active_steps
    pictures, lines = [source], []
    if steps:
        region = f" --region {subject.region}" if subject.region else ""
        lines.append(f"qualiclip degrade {source} degraded.png" + "".join(f" --step {step}" for step in steps) + region)
        pictures.append("degraded.png")
    model = f"--model {shlex.quote(subject.model)}"
    lines.append(f"qualiclip score {' '.join(pictures)} {model}")
    looked_at = pictures[-1] if settings.subject == DEGRADED else source
    lines.append(
        f"qualiclip explain {looked_at} heatmap.png {model} --method {shlex.quote(settings.method)} "
        f"--target {settings.target} --colormap {settings.colormap} --opacity {settings.opacity:g}"
    )
    return "\n".join(lines)


def as_python(look: Look, settings: MapSettings) -> str:
    """Python lines: the scores, the degraded picture, the heatmap."""
    subject = look.subject
    steps = ", ".join(_step(step) for step in subject.active_steps)
    region = f", region={_region(subject.region)}" if subject.region and steps else ""
    looked_at = "degraded" if settings.subject == DEGRADED else "original"
    return f"""\
import qualiclip

scorer = qualiclip.load({subject.model!r})
original = scorer.read({picture_name(look)!r})
steps = [{steps}]
degraded = qualiclip.image_to_picture(qualiclip.apply_steps(original, steps{region}))
degraded.save("degraded.png")
print(scorer.score(original).score, scorer.score(degraded).score)

heatmap = qualiclip.explain(scorer, {looked_at}, method={settings.method!r}, target={settings.target!r})
drawn = qualiclip.draw_heatmap({looked_at}, heatmap, colormap={settings.colormap!r}, opacity={settings.opacity:g})
drawn.save("heatmap.png")
"""


def _step(step: Step) -> str:
    return f"qualiclip.Step({step.name!r}, {step.level:g}, seed={step.seed})"


def _region(region: Region) -> str:
    return f"qualiclip.Region({region.left:g}, {region.top:g}, {region.right:g}, {region.bottom:g})"
