"""What every figure has to be: nothing cut, nothing over something else, and letters that can be read."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

SMALLEST = 9  # pt


def visible_texts(figure):
    """Texts that are drawn, with their boxes in px."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()  # all is laid out, and nothing painted
    axes_of = [axes for axes in figure.axes if not axes.axison or not axes.get_visible()]
    hidden = {id(text) for axes in axes_of for text in axes.findobj(Text)}
    own = {id(text) for axes in figure.axes for text in axes.texts if axes.get_visible()}
    for text in figure.findobj(Text):
        shown = text.get_visible() and text.get_text().strip() and (id(text) not in hidden or id(text) in own)
        if shown:
            yield text, text.get_window_extent(renderer)


def check_figure(figure):
    """Fails where a text is too small, cut, over another one, or read as a formula."""
    found = list(visible_texts(figure))
    assert found
    for index, (text, box) in enumerate(found):
        words = text.get_text()
        assert text.get_fontsize() >= SMALLEST, words
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1, words
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1, words
        if "$" in words or "\\" in words:
            assert not text.get_parse_math(), words
        for other, other_box in found[:index]:
            assert not box.overlaps(other_box), (words, other.get_text())


def texts_of(figure):
    """The words of a figure."""
    return [text.get_text() for text, _ in visible_texts(figure)]
