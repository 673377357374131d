"""A page with every component that takes files, on the guard of the studio: a server that says what it opened."""

import argparse
import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["no_proxy"] = "127.0.0.1,localhost"

import gradio as gr

from ui.files.uploads import forbid_fetching, photo_input


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    with gr.Blocks(analytics_enabled=False) as page:
        inputs = {
            "gallery": gr.Gallery(),
            "files": gr.File(file_count="multiple"),
            "editor": gr.ImageEditor(),
            "pair": gr.ImageSlider(),
            "photo": photo_input(),
        }
        for name, component in inputs.items():
            gr.Button().click(lambda value: f"opened {value is not None}", component, gr.Text(), api_name=name)
    forbid_fetching(page)
    _, url, _ = page.launch(
        server_port=parser.parse_args().port, prevent_thread_lock=True, quiet=True, ssr_mode=False, run_history=False
    )
    os.write(1, f"ready at {url.rstrip('/')}\n".encode())
    page.block_thread()


if __name__ == "__main__":
    main()
