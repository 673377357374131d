"""Requests to the studio made by hand, as a program without gradio_client, or an attacker, would make them."""

import json
import urllib.error
import urllib.request
import uuid

from gradio_client import Client

from tests.surroundings import PATIENCE

UPLOADED = {"_type": "gradio.FileData"}


def connect(url, **settings):
    """A client of the endpoints that does not give up on a busy machine after five seconds.

    Its thread lives on between tests, when pytest changes the environment: it must not go through that for proxies.
    """
    return Client(url, verbose=False, httpx_kwargs={"timeout": PATIENCE, "trust_env": False}, **settings)


def named_file(path):
    return {"path": str(path), "meta": UPLOADED}


def fetch(address, body=None, *, method=None, **headers):
    """Status, headers and body of an answer, whatever the status."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, body, names, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def post_json(address, data):
    return fetch(address, json.dumps(data).encode(), Content_Type="application/json")


def ask(server, endpoint, *data):
    """The raw answer of an endpoint."""
    address = f"{server.url}/gradio_api/call/{endpoint}"
    status, _, body = post_json(address, {"data": data})
    if status != 200:
        return body.decode()
    return fetch(f"{address}/{json.loads(body)['event_id']}")[2].decode()


def upload(server, name, content):
    """Status and body of the answer to an upload; the body is a list of paths, if all went well."""
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    status, _, answer = fetch(f"{server.url}/gradio_api/upload", body, Content_Type=kind)
    return status, answer.decode()
