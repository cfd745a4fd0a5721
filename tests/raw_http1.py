"""HTTP/1.1 by hand over a socket, so that a test can say what no client library would."""

import socket
from dataclasses import dataclass

DEADLINE_S = 30


@dataclass
class Answer:
    status: int
    headers: dict  # lower-case names
    body: bytes


class Connection:
    """A socket and what was read from it beyond the last answer."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = self.socket.makefile("rb")

    def close(self):
        self.input.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def connect(port):
    return Connection(port)


def read_answer(connection):
    """The next answer, or None when the server closed without one."""
    try:
        status_line = connection.input.readline()
        if not status_line:
            return None
        headers = {}
        while (line := connection.input.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = connection.input.read(int(headers.get("content-length", 0)))
        return Answer(int(status_line.split()[1]), headers, body)
    except ConnectionResetError:
        return None


def is_closed_by_server(connection):
    """Whether the server ends the connection (within the socket's deadline)."""
    try:
        while connection.input.read(65536):
            pass
        return True
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def send_all(connection, data):
    """Sends what the server is willing to take: it may answer and close before it has read everything."""
    try:
        connection.socket.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def head(path="/v1/traces", method="POST", content_type="application/x-protobuf", **headers):
    fields = {"Host": "localhost", "Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def request(body=b"", **options):
    return head(Content_Length=len(body), **options) + body


def exchange(port, data):
    with connect(port) as connection:
        send_all(connection, data)
        return read_answer(connection)
