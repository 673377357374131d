"""How the Duel tab looks: its widgets, and which of them does what."""

from typing import Any

import gradio as gr

from ui.files.uploads import files_input
from ui.frame.context import PageContext
from ui.guard import INTERNAL, shown, shown_steps
from ui.markup.parts import render_message
from ui.studio.partners import PARTNERS
from ui.texts import say, t

from .pool import EDGES
from .tab import EXAMPLES, OWN, DuelTab

# Not the model's queue: judging a whole pool takes seconds, and others only want to see a slider move.
DUEL_QUEUE: dict[str, Any] = {"concurrency_id": "duel", "concurrency_limit": 1, "api_visibility": "private"}
GAME, GMAD = "game", "gmad"
SHOW_KIND = f"(kind) => ['{GAME}', '{GMAD}'].map(one => ({{__type__: 'update', visible: one === kind}}))"
SHOW_FILES = f"(source) => ({{__type__: 'update', visible: source === '{OWN}'}})"


def build_duel_tab(context: PageContext) -> None:
    """Lay out the widgets and connect them. Must be called inside the tab."""
    tab = DuelTab(context.studio)
    kind = gr.Radio(
        [(t("duel/game"), GAME), (t("duel/gmad"), GMAD)], value=GAME, label=t("duel/kind"), elem_id="duel-kind"
    )
    with gr.Column() as game:
        _build_game(context, tab)
    with gr.Column(visible=False) as gmad:
        _build_contest(context, tab)
    kind.change(None, kind, [game, gmad], js=SHOW_KIND, api_visibility="private")
    context.link_widgets |= {"duel": kind}


def _build_game(context: PageContext, tab: DuelTab) -> None:
    gr.Markdown(t("game/intro"), elem_classes="clutter")
    with gr.Row(elem_classes="duel-controls"):
        model = gr.Dropdown(
            list(context.studio.scorers),
            value=context.studio.default,
            label=t("panel/model"),
            visible=len(context.studio.scorers) > 1,
            elem_id="game-model",
        )
        start = gr.Button(t("game/deal"), variant="primary", elem_id="game-deal")
    status = gr.HTML(render_message(say("game/empty"), error=False), elem_id="game-status")
    game = gr.HTML(elem_id="game")
    _connect(start, tab.game, [model], [status, game])


def _build_contest(context: PageContext, tab: DuelTab) -> None:
    gr.Markdown(t("duel/intro"), elem_classes="clutter")
    default = context.studio.default
    partner = PARTNERS.get(default, EDGES)
    choices = [*((name, name) for name in context.studio.scorers), (t("duel/edges"), EDGES)]
    with gr.Row(elem_classes="duel-controls"):
        attacker = gr.Dropdown(choices, value=default, label=t("duel/attacker"), info=t("duel/attacker-info"))
        defender = gr.Dropdown(
            choices,
            value=partner if partner in context.studio.scorers else EDGES,
            label=t("duel/defender"),
            info=t("duel/defender-info"),
        )
        source = gr.Radio([(t("duel/examples"), EXAMPLES), (t("duel/own"), OWN)], value=EXAMPLES, label=t("duel/pool"))
    with gr.Column(visible=False) as place:  # shown and hidden as a whole: the input itself is never updated
        files = files_input(label=t("batch/files"), height=150, elem_id="duel-files")
    with gr.Row(elem_classes="duel-controls"):
        start = gr.Button(t("duel/start"), variant="primary", elem_id="duel-start")
        swap = gr.Button(t("duel/swap"), elem_id="duel-swap")
    status = gr.HTML(render_message(say("duel/empty"), error=False), elem_id="duel-status")
    pairs = gr.HTML(elem_id="duel-pairs")
    source.change(None, source, place, js=SHOW_FILES, api_visibility="private")
    swap.click(
        None, [attacker, defender], [attacker, defender], js="(one, other) => [other, one]", api_visibility="private"
    )
    _connect(start, tab.pairs, [attacker, defender, source, files], [status, pairs])


def _connect(button: gr.Button, function: Any, inputs: list[Any], outputs: list[Any]) -> None:
    run = button.click(shown_steps(function), inputs, outputs, show_progress="hidden", **DUEL_QUEUE)
    run.failure(shown(broken), None, outputs[0], queue=False, api_visibility="private")


def broken() -> str:
    """What is shown when the fault is ours."""
    return render_message(INTERNAL, error=True)
