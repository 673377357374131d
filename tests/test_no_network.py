"""Tests of the guard that keeps tests from using the network."""

import socket

import pytest


def test_connecting_to_another_machine_is_an_error() -> None:
    for address in (("192.0.2.1", 80), ("example.org", 80)):
        with socket.socket() as client, pytest.raises(RuntimeError, match="tests must not use the network"):
            client.connect(address)


def test_connecting_to_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
