"""A proxy in front of an S3 server that counts requests and injects faults."""

import http.client
import json
import random
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Proxy:
    """Faults are fractions of requests, from 0 to 1; `down_after` is the number of requests after which the server is down."""

    def __init__(self, upstream_port):
        self.lock = threading.Lock()
        self.upstream_port = upstream_port
        self.random = random.Random(1)
        self.server = None
        self.reset()

    def reset(self, slow_down=0.0, stall=0.0, cut=0.0, lost=(), late=None, down_after=None, deny=None):
        with self.lock:
            self.slow_down, self.stall, self.cut = slow_down, stall, cut
            self.lost, self.late, self.down_after, self.deny = lost, late, down_after, deny
            self.in_flight = self.most = self.faults = self.writes = 0
            self.requests = []

    def loses(self, path):
        """Whether the response to a write is lost: every second one for objects with any of `lost` in their paths."""
        if not any(part in path for part in self.lost):
            return False
        with self.lock:
            self.writes += 1
            self.faults += self.writes % 2
            return self.writes % 2 == 1

    def holds(self, command, path):
        """Whether a request is delayed: the first one with the method and path part given by `late`."""
        with self.lock:
            if self.late is None or command != self.late[0] or self.late[1] not in path:
                return False
            self.late = None
            self.faults += 1
            return True

    def start(self):
        proxy = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self.server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"proxy": proxy}))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def count(self, method, bucket):
        """Number of requests to a bucket by method, including LIST."""
        with self.lock:
            return sum(1 for kind, path in self.requests if kind == method and path.startswith(f"/{bucket}/"))

    def fault(self):
        """The fault to inject into the next request."""
        with self.lock:
            if self.down_after is not None and len(self.requests) > self.down_after:
                return "down"
            fault, draw = None, self.random.random()
            for name in ("slow_down", "stall", "cut"):
                if draw < getattr(self, name):
                    fault = name
                    break
                draw -= getattr(self, name)
            self.faults += fault is not None
            return fault


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # heads and bodies in one packet
    proxy = None

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, http.client.HTTPException, OSError):
            self.close_connection = True

    def relay(self):
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = "LIST" if "list-type=2" in self.path else self.command
        with proxy.lock:
            proxy.requests.append((kind, self.path))
            proxy.in_flight += 1
            proxy.most = max(proxy.most, proxy.in_flight)
        is_in_flight = True

        def done():
            nonlocal is_in_flight
            if is_in_flight:
                with proxy.lock:
                    proxy.in_flight -= 1
            is_in_flight = False

        try:
            fault = proxy.fault()
            if fault == "down":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif fault == "slow_down":
                self.answer(503, [], SLOW_DOWN, done)
            elif proxy.deny and proxy.deny in self.path:
                self.answer(403, [], DENIED, done)
            else:
                if fault == "stall" or proxy.holds(self.command, self.path):
                    time.sleep(2.5)  # longer than the client's timeout
                self.pass_on(body, fault == "cut", done)
        finally:
            done()

    def pass_on(self, body, cut, done):
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "transfer-encoding")}
        upstream.request(self.command, self.path, body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        skipped = ("connection", "transfer-encoding", "content-length", "date", "server")
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in skipped]
        upstream.close()
        if self.command == "PUT" and self.proxy.loses(self.path):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if self.command == "HEAD":
            headers.append(("Content-Length", answer.headers.get("Content-Length", "0")))
        if cut and len(content) > 1:
            self.answer(answer.status, headers, content, lambda: None, len(content) // 2)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            self.answer(answer.status, headers, content, done)

    def answer(self, status, headers, content, done, sent=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        # Before the client can receive the response and send another request.
        done()
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:sent])

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = relay
