"""The gallery: plain pages in a real browser, from the disk, with nothing behind them."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml
from PIL import Image

import qualiclip
from tests.commands import run_here
from tests.test_space import check_settings
from ui.frame.examples import FOLDER
from ui.publish.gallery import app, build_gallery, save_picture
from ui.publish.space import front_matter

TYPES = ("gaussian_blur", "color_block", "jpeg")
LABELS = {FOLDER / "cat.png": "Cat <b>&\"'</b>", FOLDER / "handwriting.png": "Handwriting"}
VOID = {"img", "input", "link", "meta"}


@pytest.fixture(scope="module")
def scorer():
    return qualiclip.load("compact", engine="fused")


@pytest.fixture(scope="module")
def folder(scorer, tmp_path_factory):
    out = tmp_path_factory.mktemp("gallery")
    build_gallery(scorer, LABELS, TYPES, out, seed=0)
    return out


class Opened:
    """A page of the gallery, with all that it complained of and all that it asked for."""

    def __init__(self, page, address):
        self.page, self.complaints, self.requests = page, [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(request.url))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(address)
        page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.wait_for_load_state("networkidle")


@pytest.fixture(params=["index", "cat", "handwriting"])
def opened(request, folder, open_page):
    return Opened(open_page("phone"), (folder / f"{request.param}.html").as_uri())


@pytest.fixture
def cat(folder, wide_page):
    return Opened(wide_page, (folder / "cat.html").as_uri()).page


class Balance(HTMLParser):
    """Tags that are open; one that is closed must be the last one that was opened."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


# The files


def test_every_tag_is_closed_and_every_picture_has_words(folder):
    for file in folder.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        balance = Balance()
        balance.feed(text)
        assert balance.open == []
        assert len(re.findall(r"<img ", text)) == len(re.findall(r"<img [^>]*alt=\"", text))
    assert len(list(folder.glob("*.html"))) == 3


def test_names_are_shown_as_they_are_and_not_as_markup(folder):
    for file in folder.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "Cat &lt;b&gt;&amp;&#34;&#39;&lt;/b&gt;" in text
        assert "<b>&" not in text


def test_the_same_photos_give_the_same_bytes(folder, scorer, tmp_path):
    build_gallery(scorer, {FOLDER / "handwriting.png": "Handwriting"}, TYPES, tmp_path, seed=0)
    files = [path.relative_to(tmp_path) for path in tmp_path.glob("handwriting/*")]
    assert len(files) == 1 + 5 * len(TYPES) + 1 + 2 * 5  # detail, wall, curves, heatmaps and their photos
    assert [str(file) for file in files if (tmp_path / file).read_bytes() != (folder / file).read_bytes()] == []


def test_scores_of_the_pages_are_those_of_the_scorer(folder, scorer):
    text = (folder / "cat.html").read_text(encoding="utf-8")
    report = scorer.score(FOLDER / "cat.png")
    assert f'<p class="number">{report.score:.3f}</p>' in text
    assert report.weights_sha256[:12] in text
    assert "Licence Apache-2.0" in text
    assert "A heatmap is not proof" in text
    assert "Stefan van der Walt. CC0." in text  # where the photo is from


def test_the_readme_is_that_of_a_static_space(folder):
    settings = yaml.safe_load(front_matter((folder / "README.md").read_text(encoding="utf-8")))
    check_settings(settings)
    assert settings["sdk"] == "static"
    assert (folder / settings["app_file"]).is_file()


def test_pictures_are_small(folder):
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    assert sum(sizes) / 2 < 4e6 / 24 * len(TYPES) + 1e6  # so that ten photos with all types stay below 50 MB
    with Image.open(folder / "cat" / "jpeg-5.jpg") as picture:
        assert max(picture.size) == 256


def test_the_loudest_noise_can_be_saved(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    save_picture(Image.fromarray(noise), tmp_path / "noise.jpg")
    with Image.open(tmp_path / "noise.jpg") as saved:
        assert saved.size == (900, 900)
        saved.load()


def test_wrong_wishes_get_one_line(tmp_path, capsys):
    assert run_here(app, "--out", tmp_path / "new", "--photos", "catt") == 2
    assert capsys.readouterr().err == "program: unknown example photo 'catt'; did you mean cat?\n"
    (tmp_path / "mine.txt").touch()
    assert run_here(app, "--out", tmp_path, "--photos", "handwriting", "--types", "jpeg") == 2
    assert capsys.readouterr().err == f"program: {tmp_path} is not an empty folder; give the name of a new one\n"


# The pages


@pytest.mark.browser
def test_a_page_complains_of_nothing_and_asks_for_its_own_files_only(opened, folder):
    assert opened.complaints == []
    paths = [Path(urlsplit(address).path) for address in opened.requests if not address.startswith("data:")]
    assert all(address.startswith(("file://", "data:")) for address in opened.requests)
    assert all(path.is_relative_to(folder) for path in paths)
    broken = "[...document.images].filter(image => !image.complete || !image.naturalWidth).map(image => image.src)"
    assert opened.page.evaluate(broken) == []


@pytest.mark.browser
def test_a_phone_need_not_scroll_sideways(opened):
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_links_lead_from_photo_to_photo(cat, folder):
    cat.get_by_role("link", name="Next: Handwriting").click()
    assert cat.url == (folder / "handwriting.html").as_uri()
    cat.get_by_role("link", name="All photos").click()
    cat.get_by_role("link", name=re.compile("Handwriting")).click()
    assert cat.title() == "Handwriting – QualiCLIP Studio"


@pytest.mark.browser
def test_a_cell_opens_beside_the_original_and_the_keyboard_does_it_all(cat):
    cell = cat.get_by_role("link", name=re.compile("Gaussian blur, level 5"))
    cell.focus()
    cat.keyboard.press("Enter")
    cat.get_by_role("dialog", name="Gaussian blur, level 5").wait_for()
    dialog = cat.locator("dialog")
    after = dialog.locator(".after img")
    assert after.get_attribute("src").endswith("cat/gaussian_blur-5.jpg")
    original = cat.locator("h1 + .number").inner_text()
    assert re.fullmatch(rf"Score 0\.\d{{3}}; the original has {original}\.", cat.locator("#chosen-score").inner_text())
    dial = dialog.get_by_role("slider")
    dial.focus()
    cat.keyboard.press("Home")
    assert dialog.locator(".slider").evaluate("box => getComputedStyle(box).getPropertyValue('--edge')") == "0%"
    dialog.get_by_role("button", name="Next").press("Enter")
    assert cat.locator("#chosen").inner_text() == "Colour blocks, level 1"
    assert after.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256
    cat.keyboard.press("Escape")
    assert not dialog.is_visible()
    cat.locator("a:focus[data-title='Colour blocks, level 1']").wait_for()


@pytest.mark.browser
def test_without_scripts_a_cell_leads_to_its_picture(folder, open_page):
    page = open_page(java_script_enabled=False)
    page.goto((folder / "cat.html").as_uri())
    page.get_by_role("link", name=re.compile("JPEG, level 3")).click()
    assert page.url == (folder / "cat" / "jpeg-3.jpg").as_uri()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_paper(folder, wide_page, scheme):
    page = wide_page
    page.emulate_media(color_scheme=scheme)
    page.goto((folder / "cat.html").as_uri())
    colours = "box => [getComputedStyle(box).color, getComputedStyle(document.body).backgroundColor]"
    for selector in ("h1", ".quiet", ".rise", "nav a", "caption", "footer"):
        ink, paper = page.locator(selector).first.evaluate(colours)
        assert contrast(ink, paper) >= 4.5, selector


def contrast(*colours):
    """Ratio of the lightnesses of two colours, as WCAG has it."""
    lightnesses = []
    for colour in colours:
        shares = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        lightnesses.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lightnesses) + 0.05) / (min(lightnesses) + 0.05)
