"""Pages of a browser that tests use one after the other."""

from tests.browser.visit import SIZES, WAIT


class Pages:
    """Empty pages to take and to give back: to open the studio in one that is there takes half the work of a new one.

    What differs from visitor to visitor (a language, less motion) belongs to a context of the browser. The pages of a
    context share what they were sent, as those of one visitor do; the studio stores nothing in a browser.
    """

    def __init__(self, browser):
        self._browser = browser
        self._contexts = {}
        self._free = {}

    def take(self, size="desktop", **settings):
        """An empty page, and what to give back later."""
        key = tuple(sorted(settings.items()))
        if key not in self._contexts:
            self._contexts[key], self._free[key] = self._browser.new_context(**settings), []
        page = self._free[key].pop() if self._free[key] else self._contexts[key].new_page()
        page.set_default_timeout(WAIT)
        page.set_viewport_size(SIZES[size])
        return page, key

    def give_back(self, page, key):
        """Leave where the page is, so that nothing of it is seen, heard or counted any more."""
        page.goto("about:blank")
        page.emulate_media(color_scheme="light")
        page.mouse.move(0, 0)
        self._free[key].append(page)
