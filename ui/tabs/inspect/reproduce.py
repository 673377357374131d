"""The commands and the Python lines that repeat a view outside the studio, number for number."""

import shlex
from pathlib import Path

from qualiclip.degradations import Region, Step
from ui.frame.examples import example_of, list_examples
from ui.studio.subject import Subject

from .map_settings import DEGRADED, MapSettings


def picture_name(subject: Subject) -> str:
    """What the picture is called in the code: an example's place in the repository, or an upload's own name."""
    example = example_of(subject.path, list_examples())
    return f"assets/examples/{example.path.name}" if example else Path(subject.path).name


def as_code(subject: Subject, settings: MapSettings) -> tuple[str, str]:
    """Shell lines and Python lines that repeat a view."""
    return as_commands(subject, settings), as_python(subject, settings)


def as_commands(subject: Subject, settings: MapSettings) -> str:
    """Shell lines: the degraded picture, the scores, the heatmap."""
    source, steps = shlex.quote(picture_name(subject)), subject.active_steps
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


def as_python(subject: Subject, settings: MapSettings) -> str:
    """Python lines: the scores, the degraded picture, the heatmap."""
    steps = ", ".join(_step(step) for step in subject.active_steps)
    region = f", region={_region(subject.region)}" if subject.region and steps else ""
    looked_at = "degraded" if settings.subject == DEGRADED else "original"
    return f"""\
import qualiclip
from explain.maps.heatmaps import explain_features
from qualiclip.degradations import Region, Step, apply_steps
from qualiclip.drawing.overlay import overlay
from qualiclip.pictures import image_to_picture

scorer = qualiclip.load({subject.model!r})
original = scorer.read({picture_name(subject)!r})
picture = image_to_picture(apply_steps(original, [{steps}]{region}))
picture.save("degraded.png")
degraded = scorer.read(picture)
print(scorer.score(original).score, scorer.score(degraded).score)

image = {looked_at}
heatmap = explain_features(
    scorer.model,
    scorer.encode(image),
    size=tuple(image.shape[-2:]),
    method={settings.method!r},
    target={settings.target!r},
)
drawn = overlay(
    image_to_picture(image),
    heatmap.values,
    colormap={settings.colormap!r},
    signed=heatmap.signed,
    opacity={settings.opacity:g},
)
drawn.save("heatmap.png")
"""


def _step(step: Step) -> str:
    return f"Step({step.name!r}, {step.level:g}, seed={step.seed})"


def _region(region: Region) -> str:
    return f"Region({region.left:g}, {region.top:g}, {region.right:g}, {region.bottom:g})"
