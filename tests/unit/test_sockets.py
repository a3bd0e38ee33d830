"""Tests reach loopback and nothing else."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_no_test_reaches_another_machine() -> None:
    with pytest.warns(UserWarning, match="192.0.2.1"), pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_every_loopback_address_is_reached() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
