"""A web server of somebody else, on this machine: it counts who comes, and shows the studio in a frame."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.browser.visit import EXAMPLES


@contextmanager
def strange_server():
    """The server, with its `origin`, the `url` of a picture, and the `visits` to it."""
    visits = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, framed = self.path.partition("?")
            if path != "/frame":
                visits.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if framed else "image/png")
            self.end_headers()
            frame = f"<iframe src={framed} width=900 height=900>"
            self.wfile.write(frame.encode() if framed else (EXAMPLES / "cat.png").read_bytes())

        def log_message(self, *arguments):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    running.visits = visits
    running.origin = f"http://127.0.0.1:{running.server_port}"
    running.url = f"{running.origin}/cat.png"
    yield running
    running.shutdown()
    running.server_close()
    thread.join()
