"""What axe-core finds by machine (WCAG 2 A and AA) on every tab, light and dark: nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_page import Studio
from tests.browser.visit import SIZES
from ui.page import TABS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_barrier_that_a_program_can_find(browser, server, scheme):
    context = browser.new_context(viewport=SIZES["desktop"], color_scheme=scheme)
    page = Studio(context.new_page(), server.url).page
    found = []
    for tab in TABS:
        page.locator(f"button[role=tab][data-tab-id={tab}]").click()
        page.wait_for_selector(f"#tab-{tab}", state="visible")
        page.wait_for_timeout(1500)  # colours fade in
        result = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]})
        found += [
            f"{tab}: {rule['id']}: {node['target']} {node['html'][:120]}"
            for rule in result.response["violations"]
            for node in rule["nodes"]
        ]
    context.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("size", SIZES)
def test_no_tab_is_wider_than_the_page(browser, server, size, locale):
    context = browser.new_context(viewport=SIZES[size], locale=locale)
    studio = Studio(context.new_page(), server.url)
    for tab in TABS:
        studio.page.goto(f"{server.url}/?tab={tab}")
        studio.page.wait_for_selector(f"#tab-{tab}", state="visible")
        studio.page.wait_for_timeout(1500)
        assert studio.overflow() <= 0, tab
    context.close()


def test_on_a_phone_the_other_tabs_are_in_a_menu(browser, server):
    context = browser.new_context(viewport=SIZES["phone"])
    page = Studio(context.new_page(), server.url).page
    page.locator(".overflow-menu > button").click()
    page.locator(".overflow-dropdown button", has_text="How it works").click()
    page.wait_for_selector("#tab-lesson", state="visible")
    context.close()
