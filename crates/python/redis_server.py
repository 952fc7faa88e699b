"""A Redis of a script's own."""

import socket
import subprocess
import time


def redis_server(folder):
    """Starts one, and says where it is."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    arguments = ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([*arguments, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            break
        except OSError:
            time.sleep(0.02)
    return server, f"redis://127.0.0.1:{port}"
