"""A server that accepts connections and does not answer, as Redis does where its machine hangs."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path


class SilentServer:
    """Listens on a socket file. `connections` is how many came; while `awake`, each command is answered with PONG."""

    def __init__(self, path: Path) -> None:
        self.path, self.connections, self.awake = path, 0, False
        self._held: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(64)
        threading.Thread(target=self._accept, name="silent server", daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, for a client that waits a twentieth of a second for an answer."""
        return f"unix://{self.path}?socket_timeout=0.05"

    def close(self) -> None:
        """Refuse connections from now on."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._held:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._held.append(connection)
            threading.Thread(target=self._serve, args=(connection,), name="silent connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(65_536):
                if self.awake:
                    connection.sendall(b"+PONG\r\n" * len(re.findall(rb"(?m)^\*\d+\r", data)))
        except OSError:
            return
