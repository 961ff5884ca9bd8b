"""What stands before the foreign OData server: a token endpoint, and everything that can go wrong on the way."""

import base64
import http.client
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, unquote, urlsplit

from salesforce_imitation import Server

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "accept-encoding", "host"}


class Front:
    """The switches, and what was seen."""

    def __init__(self, port, realm="referee", client="referee", secret="geheim/+ &=%"):
        self.port, self.realm, self.client, self.secret = port, realm, client, secret
        self.lock = threading.RLock()
        self.lifetime, self.tokens = 180, {}
        self.calls, self.logins = [], 0
        self.levers = []
        self.before = None
        self.rewrite = None
        self.request_headers = None
        self.url = None

    def arm(self, kind, times=1, when=lambda call: True, **more):
        """The next `times` calls for which `when` holds meet this."""
        with self.lock:
            self.levers.append({"kind": kind, "times": times, "when": when} | more)

    def lever(self, call):
        with self.lock:
            for lever in self.levers:
                if lever["times"] > 0 and lever["when"](call):
                    lever["times"] -= 1
                    return lever
        return None

    def reset(self):
        """Every switch off, every figure zero."""
        with self.lock:
            self.calls.clear()
            self.levers.clear()
            self.logins = 0
            self.before = self.rewrite = self.request_headers = None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    front = None

    def log_message(self, *_):
        pass

    def do(self):
        front = self.front
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        target = urlsplit(self.path)
        call = {"method": self.command, "path": unquote(target.path), "query": unquote(target.query),
                "raw": self.path, "headers": headers, "body": body}
        with front.lock:
            front.calls.append(call)
        if target.path == f"/auth/realms/{front.realm}/protocol/openid-connect/token":
            return self.token(call)
        if target.path.startswith("/auth/"):
            return self.answer(404, {}, b'{"error":"Realm does not exist"}')
        lever = front.lever(call)
        if lever and lever["kind"] == "answer":
            return self.answer(lever["status"], lever.get("headers", {}), lever["body"])
        if lever and lever["kind"] == "close":
            self.close_connection = True
            return self.connection.close()
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or front.tokens.get(token, 0) < time.time():
            return self.answer(401, {"Content-Type": "text/html"}, b"<html>Unauthorized</html>")
        if front.before:
            front.before(call)
        status, said, body = self.forward(call)
        if front.rewrite:
            status, said, body = front.rewrite(call, status, said, body)
        if lever and lever["kind"] == "lose":
            self.close_connection = True
            return self.connection.close()
        return self.answer(status, said, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do

    def forward(self, call):
        front = self.front
        sent = {name: value for name, value in call["headers"].items() if name not in HOP | {"authorization"}}
        if front.request_headers:
            sent = front.request_headers(call, sent)
        server = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
        server.request(call["method"], call["raw"], call["body"] or None, sent)
        answer = server.getresponse()
        body = answer.read()
        said = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
        server.close()
        return answer.status, said, body

    def token(self, call):
        front = self.front
        refuse = lambda status, error: self.answer(
            status, {"Content-Type": "application/json"}, json.dumps({"error": error, "error_description": error}).encode())
        form = dict(parse_qsl(call["body"].decode(), keep_blank_values=True))
        if call["method"] != "POST" or "grant_type" not in form:
            return refuse(400, "invalid_request")
        if form["grant_type"] != "client_credentials":
            return refuse(400, "unsupported_grant_type")
        scheme, _, packed = call["headers"].get("authorization", "").partition(" ")
        if scheme == "Basic":
            client, _, secret = base64.b64decode(packed).decode().partition(":")
            # RFC 6749, section 2.3.1: both are form-encoded inside, and Keycloak decodes them.
            plain = dict(parse_qsl(f"client={client}&secret={secret}", keep_blank_values=True))
            client, secret = plain.get("client"), plain.get("secret")
        else:
            client, secret = form.get("client_id"), form.get("client_secret")
        if (client, secret) != (front.client, front.secret):
            return refuse(401, "unauthorized_client")
        with front.lock:
            front.logins += 1
            token = secrets.token_urlsafe(600)
            front.tokens[token] = time.time() + front.lifetime
        said = {"access_token": token, "expires_in": front.lifetime, "refresh_expires_in": 0, "token_type": "Bearer",
                "id_token": "x", "not-before-policy": 0, "scope": "openid microprofile-jwt"}
        return self.answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())

    def answer(self, status, headers, body):
        try:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Date" not in headers and "No-Date" not in headers:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def serve(front):
    """Serves on loopback, for good; `front.url` is set."""
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"front": front}))
    front.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return front
