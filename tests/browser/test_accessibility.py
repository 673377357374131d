"""What axe-core finds by machine (WCAG 2 A and AA) on every tab, in every state, light and dark: nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.visit import SIZES, Visit, served_here, sweep_only
from ui.page import TABS

pytestmark = pytest.mark.browser
# What holds is not listed one by one: that takes longer than to find what does not.
RULES = {
    "light": {"preload": False, "runOnly": ["wcag2a", "wcag2aa"], "resultTypes": ["violations"]},
    # the elements are those of the light page
    "dark": {
        "preload": False,
        "runOnly": {"type": "rule", "values": ["color-contrast"]},
        "resultTypes": ["violations"],
    },
}
# By what each tab's states are known.
OPENED = {
    "inspect": "#heatmap img",
    "sweep": "#sweep-plan .message",
    "compare": "#compare-second-right img",
    "batch": "#batch-status .message",
    "duel": "#duel-kind",
    "lesson": "#lesson-degrade .strip img",
}
STARTS = {"sweep": "#sweep-start", "batch": "#batch-examples", "duel": "#game-deal"}  # the others start by themselves
WAITING = {
    "inspect": "#scores .wrap:not(.hide)",
    "sweep": "#sweep-stop:enabled",
    "compare": "#compare-scores .wrap:not(.hide)",
    "batch": "#batch-status .running",
    "duel": "#game-status .progress",
    "lesson": "#lesson-degrade .wrap:not(.hide)",
}
DONE = {**OPENED, "sweep": ".curves figure", "batch": "table.batch", "duel": ".game .round:visible"}
WITHOUT_A_PHOTO = {
    "inspect": "#scores .message",
    "sweep": "#sweep-plan .message",
    "compare": "#compare-scores .message",
    "lesson": "#lesson-degrade .message",
}
WITH_A_BAD_PHOTO = {**WITHOUT_A_PHOTO, "sweep": "#sweep-status .message"}


class Tabs(Visit):
    """The page as somebody goes through it from tab to tab."""

    def __init__(self, page, url):
        super().__init__(page, url)
        self.schemes = ["dark", "light"]
        page.wait_for_selector("#tab-inspect:visible")
        self.rest()  # the row of tabs is measured first
        page.evaluate(Axe().axe_script)
        page.add_style_tag(content="* { transition: none !important }")  # each change of scheme would take its time

    def open(self, tab):
        """Open a tab; those for which the row is too narrow are in a menu."""
        button = self.page.locator(f"button[role=tab][data-tab-id={tab}]")
        if not button.is_visible():
            in_the_row = self.page.locator("button[role=tab][data-tab-id]:visible").count()
            self.page.locator(".overflow-menu > button").click()
            button = self.page.locator(".overflow-dropdown button").nth(list(TABS).index(tab) - in_the_row)
        button.click()
        self.page.wait_for_selector(f"#tab-{tab}", state="visible")

    def start(self, tab):
        """Ask an open tab to work."""
        if tab == "sweep":  # two degradations, which look as all do
            sweep_only(self.page, "Impulse noise", "JPEG")
        self.page.click(STARTS[tab])

    def barriers(self, tab, state, *, within=None):
        """What axe finds when the tab is in a state; within the tab, or another part of the page."""
        self.page.wait_for_selector(state, state="attached")  # a sign may be as small as a clock without words
        found = []
        self.schemes.reverse()  # the one that is shown comes first
        for scheme in self.schemes:
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_function(f"document.body.classList.contains('dark') === {str(scheme == 'dark').lower()}")
            self.rest()
            response = (
                Axe(axe_script="").run(self.page, context=within or f"#tab-{tab}", options=RULES[scheme]).response
            )
            found += [
                f"{tab}, {state}, {scheme}: {rule['id']}: {node['target']} {node['html'][:120]}"
                for rule in response["violations"]
                for node in rule["nodes"]
            ]
        return found


@served_here
def test_no_tab_has_a_barrier_that_a_program_can_find_in_any_state(wide_page, gated_url, gated, tmp_path):
    tabs = Tabs(wide_page, gated_url)
    page, found = tabs.page, []
    for tab in TABS:  # the model computes nothing yet
        tabs.open(tab)
        if tab in STARTS:
            found += tabs.barriers(tab, OPENED[tab])
            tabs.start(tab)
        found += tabs.barriers(tab, WAITING[tab])
    gated.gate.set()
    for tab in TABS:
        tabs.open(tab)
        found += tabs.barriers(tab, DONE[tab], within="body" if tab == "inspect" else None)
    gated.gate.clear()
    for tab in ("compare", "inspect"):  # an old result, while a new one is computed
        tabs.open(tab)
        page.locator(".level input[type=range]").first.focus()
        page.keyboard.press("ArrowRight")
        found += tabs.barriers(tab, WAITING[tab])
    gated.gate.set()
    page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first.click()
    for tab, message in WITHOUT_A_PHOTO.items():
        tabs.open(tab)
        found += tabs.barriers(tab, f"{message}:not(.error)")
    (tmp_path / "bad.png").write_text("no picture")
    page.locator("#photo input[type=file]").set_input_files(tmp_path / "bad.png")
    for tab, message in WITH_A_BAD_PHOTO.items():
        tabs.open(tab)
        if tab == "sweep":
            page.click(STARTS[tab])
        found += tabs.barriers(tab, f"{message}.error")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("size", SIZES)
def test_no_tab_is_wider_than_the_page(open_page, server, size, locale):
    tabs = Tabs(open_page(size, locale=locale), server.url)
    for tab in TABS:
        tabs.open(tab)
        tabs.page.wait_for_selector(OPENED[tab])
        tabs.rest()
        assert tabs.overflow() <= 0, tab
