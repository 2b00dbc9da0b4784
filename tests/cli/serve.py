"""vpr serve over its socket, as programs call it.

Usage: serve.py VPR DATA, in an empty folder.
"""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
import wave

import schema as checker

VPR, DATA = sys.argv[1], pathlib.Path(sys.argv[2])
checker.KNOWN |= {"minProperties", "minLength", "maxLength", "pattern", "maximum"}


def recording(name):
    return (DATA / name).read_bytes()


class Server:
    """vpr serve on a free port, for a with block; it must end by itself at the end."""

    def __init__(self, *options, db="voices.db", env=None):
        self.command = [VPR, "--quiet", "serve", "--listen", "127.0.0.1:0", "--db", db, *options]
        self.env = {**os.environ, **(env or {})}
        self.ending = False

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
        line = self.process.stdout.readline()
        if not (found := re.match(r"listening at http://127\.0\.0\.1:(\d+)$", line)):
            sys.exit(f"vpr serve did not begin: {line!r} {self.process.stderr.read()}")
        self.port = int(found[1])
        return self

    def end(self):
        self.ending = True
        self.process.terminate()

    def __exit__(self, *_):
        if not self.ending:  # a second signal would not let it finish
            self.end()
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit("vpr serve does not end")
        self.said = self.process.stderr.read()
        assert status in (0, -signal.SIGKILL), (status, self.said)

    def connect(self, content=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(content)
        return connection

    def call(self, method, path, body=None, headers=None, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = dict(headers or {})
        body = body.encode() if isinstance(body, str) else body
        if token:
            headers["Authorization"] = "Bearer " + token
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, dict(answer.getheaders()), content)


class Answer:
    def __init__(self, status, headers, content):
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self):
        return json.loads(self.content)

    def __repr__(self):
        return f"{self.status} {self.content[:300]!r}"


def form(*parts):
    """(field, value) or (field, filename, bytes): the body and its headers."""
    boundary = uuid.uuid4().hex
    body = b""
    for part in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{part[0]}"'.encode()
        if len(part) == 3:
            body += f'; filename="{part[1]}"\r\nContent-Type: application/octet-stream'.encode()
        content = part[-1] if isinstance(part[-1], bytes) else part[-1].encode()
        body += b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def fits(value, name, description):
    """The value is as the description's schema of this name says."""

    def resolved(schema):
        if isinstance(schema, dict):
            if "$ref" in schema:
                return resolved(description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
            return {key: resolved(one) for key, one in schema.items()}
        return [resolved(one) for one in schema] if isinstance(schema, list) else schema

    wrong = list(checker.errors(value, resolved({"$ref": "/" + name})))
    assert not wrong, (name, wrong)


def refused(answer, status, what=""):
    assert answer.status == status, answer
    problem = answer.json
    assert problem["status"] == status and problem["detail"].count("\n") == 0 and what in problem["detail"], (what, answer)
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer


def everything():
    slt, rms = [recording(f"flite-slt-{i}.flac") for i in range(1, 5)], [recording(f"flite-rms-{i}.flac") for i in range(1, 5)]
    stranger = recording("flite-kal16-1.flac")
    with Server("--audit", "audit.jsonl", "--max-body", "0.5") as server:
        call = server.call
        stalled, since = server.connect(b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome"), time.monotonic()
        description = call("GET", "/openapi.json").json
        assert description["openapi"] == "3.1.0"
        health = call("GET", "/health")
        fits(health.json, "health", description)
        assert health.headers["X-Content-Type-Options"] == "nosniff" and "default-src 'none'" in health.headers["Content-Security-Policy"]
        assert not any(name.lower().startswith("access-control") for name in health.headers)

        refused(call("POST", "/v1/identify", slt[0]), 409, "nobody is enrolled")
        body, headers = form(("name", "Ada"), ("note", "desk 4"), ("consent", "form 17"), ("forget_after", "90d"),
                             *[("file", f"day{i}.flac", slt[i]) for i in range(3)])
        enrolled = call("POST", "/v1/enroll", body, headers)
        assert enrolled.status == 200, enrolled
        fits(enrolled.json, "enrollment", description)
        assert enrolled.json["forget_at"] > "2026"
        assert enrolled.json["utterances"] == 3 and enrolled.json["enrolled"][0]["file"] == "day0.flac"
        body, headers = form(*[("file", "r.flac", one) for one in rms[:3]])
        assert call("POST", "/v1/enroll?name=%E6%9D%8E%E9%9B%AA", body, headers).status == 200
        # A name of the page's own kind stays text.
        assert call("POST", "/v1/enroll?name=%3Cb%3E%26", recording("flite-awb-1.flac")).json["name"] == "<b>&"

        found = call("POST", "/v1/identify?top=1", slt[3])
        fits(found.json, "identification", description)
        assert found.json["decision"] == "Ada" and len(found.json["candidates"]) == 1 and found.json["enrolled"] == 3
        body, headers = form(("file", "r.flac", rms[3]))
        assert call("POST", "/v1/identify", body, headers).json["decision"] == "李雪"
        assert call("POST", "/v1/identify", stranger).json["decision"] is None
        # As curl --data-binary sends it.
        of_curl = {"Content-Type": "application/x-www-form-urlencoded"}
        assert call("POST", "/v1/identify", stranger, of_curl).json["decision"] is None
        assert call("POST", "/v1/identify?threshold=1000", slt[3]).json["decision"] is None
        accepted = call("POST", "/v1/verify?name=Ada", slt[3])
        fits(accepted.json, "verification", description)
        assert accepted.json["decision"] == "accepted"
        assert call("POST", "/v1/verify?name=Ada", rms[3]).json["decision"] == "rejected"
        body, headers = form(("a", "a.flac", slt[0]), ("b", "b.mp3", recording("flite-slt-5.mp3")))
        compared = call("POST", "/v1/compare", body, headers)
        fits(compared.json, "comparison", description)
        assert compared.json["decision"] == "same speaker" and compared.json["b"] == "b.mp3"
        embedding = call("POST", "/v1/embed", slt[0])
        fits(embedding.json, "embedding", description)
        assert abs(sum(x * x for x in embedding.json["embedding"]) - 1) < 1e-3
        meeting = call("POST", "/v1/diarize?max=3", slt[3])
        fits(meeting.json, "diarization", description)
        assert {one["speaker"] for one in meeting.json["speakers"]} == {"Ada"}, meeting

        everybody = call("GET", "/v1/speakers")
        fits(everybody.json, "speakers", description)
        assert [one["name"] for one in everybody.json["speakers"]] == ["Ada", "李雪", "<b>&"] and everybody.json["total"] == 3
        assert [one["name"] for one in call("GET", "/v1/speakers?limit=1&offset=1").json["speakers"]] == ["李雪"]
        ada = call("GET", "/v1/speakers/Ada")
        fits(ada.json, "speaker-details", description)
        assert ada.json["note"] == "desk 4" and ada.json["utterances"][0]["source"] == "day0.flac"
        assert call("HEAD", "/v1/speakers/Ada").content == b""
        renamed = call("PATCH", "/v1/speakers/Ada", json.dumps({"name": "Ada L", "note": ""}), {"Content-Type": "application/json"})
        fits(renamed.json, "speaker-details", description)
        assert call("POST", "/v1/identify", slt[3]).json["decision"] == "Ada L"
        refused(call("PATCH", "/v1/speakers/Ada%20L", '{"name": "李雪"}', {"Content-Type": "application/json"}), 409, "taken")
        assert renamed.json["consent"] == "form 17" and renamed.json["forget_at"] == enrolled.json["forget_at"]
        kept = call("PATCH", "/v1/speakers/Ada%20L", json.dumps({"consent": "form 18", "forget_after": "never"}), {"Content-Type": "application/json"})
        fits(kept.json, "speaker-details", description)
        assert kept.json["consent"] == "form 18" and kept.json["forget_at"] is None
        refused(call("PATCH", "/v1/speakers/Ada%20L", '{"forget_after": "soon"}', {"Content-Type": "application/json"}), 400, "no time to keep a voice for")
        refused(call("POST", "/v1/enroll?name=x&forget_after=0d", slt[0]), 400, "no time to keep a voice for")
        # Whose time is over is found no more, and gone from the disk soon.
        assert call("POST", "/v1/enroll?name=Kay&forget_after=6s", recording("flite-kal16-1.flac")).status == 200
        assert call("POST", "/v1/identify", recording("flite-kal16-2.flac")).json["decision"] == "Kay"
        until(lambda: call("POST", "/v1/identify", recording("flite-kal16-2.flac")).json["enrolled"] == 3)
        refused(call("GET", "/v1/speakers/Kay"), 404)
        # Digits are heard by the transcriber that comes with vpr; the same voice with others was recorded before.
        prompt = call("POST", "/v1/prompts").json
        assert re.fullmatch(r"\d( \d){5}", prompt["words"]), prompt
        answer = call("POST", f"/v1/verify?name=Ada%20L&prompt={prompt['prompt']}", recording("digits/flite-slt-258640.flac"))
        fits(answer.json, "verification", description)
        assert answer.json["prompt"]["heard"] == "2 5 8 6 4 0" and not answer.json["prompt"]["right_words"], answer
        assert answer.json["decision"] == "rejected", answer
        refused(call("POST", "/v1/verify?name=Ada%20L&prompt=0", slt[3]), 409, "not known")
        unseen = "a\x7fb\x01\u0092\u200b\U000e0001\\"
        assert call("PATCH", "/v1/speakers/Ada%20L", json.dumps({"note": unseen}), {"Content-Type": "application/json"}).json["note"] == unseen
        utterance = ada.json["utterances"][2]["id"]
        fits(call("DELETE", f"/v1/speakers/Ada%20L?utterance={utterance}").json, "speaker-removed", description)
        refused(call("DELETE", f"/v1/speakers/Ada%20L?utterance={utterance}"), 404, "no utterance")
        pathlib.Path("export.jsonl").write_bytes(call("GET", "/v1/export").content)
        subprocess.run([VPR, "--quiet", "speakers", "import", "export.jsonl", "--db", "copy.db"], check=True, stdout=subprocess.DEVNULL)
        assert call("DELETE", "/v1/speakers/%3Cb%3E%26").json["removed"]
        status = call("GET", "/v1/status")
        fits(status.json, "status", description)
        assert status.json["speakers"] == 2 and status.json["scopes"] == ["read", "identify", "enroll", "admin"]
        page = call("GET", "/")
        assert b"<title>" in page.content and "script-src 'self'" in page.headers["Content-Security-Policy"]
        metrics = call("GET", "/metrics").content.decode()
        assert 'vpr_requests_total{route="/v1/identify",status="200"}' in metrics, metrics

        # What is wrong is said in one line.
        refused(call("POST", "/v1/identify", b"RIFF of nothing"), 422, "expected WAV")
        refused(call("POST", "/v1/diarize", b"nothing"), 422, "expected WAV")
        refused(call("POST", "/v1/identify", b""), 400, "no body")
        refused(call("POST", "/v1/identify?tops=1", slt[0]), 400, "no parameter 'tops'; expected top, fpir, threshold")
        refused(call("POST", "/v1/identify?top=0", slt[0]), 400, "from 1 to 1000")
        refused(call("POST", "/v1/identify?fpir=nan", slt[0]), 400, "expected a number")
        refused(call("POST", "/v1/identify?top=%zz", slt[0]), 400, "hexadecimal")
        refused(call("POST", "/v1/verify", slt[0]), 400, "no name")
        refused(call("POST", "/v1/verify?name=Ade%20L", slt[0]), 404, "did you mean 'Ada L'")
        refused(call("POST", "/v1/enroll?name=a%0Ab", slt[0]), 400)
        body, headers = form(("name", "two"), ("file", "a.flac", slt[0]), ("file", "b.flac", rms[0]))
        refused(call("POST", "/v1/enroll", body, headers), 422, "do not sound like one person")
        refused(call("POST", "/v1/compare", slt[0]), 415, "multipart/form-data")
        refused(call("POST", "/v1/identify", "{}", {"Content-Type": "application/json"}), 415)
        refused(call("POST", "/v1/identify", body[:-20], headers), 400, "form")
        refused(call("POST", "/v1/identify", body, {"Content-Type": "multipart/form-data"}), 400, "boundary")
        for bad in ("[", "[]", '{"age": 3}', '{"name": 3}', "{}", "[" * 60000):
            refused(call("PATCH", "/v1/speakers/Ada%20L", bad, {"Content-Type": "application/json"}), 400)
        refused(call("POST", "/v1/identify", bytes(600000)), 413, "expected at most 524288")
        refused(call("GET", "/v1/identify"), 405, "expected POST")
        for path in ("/v1/nothing", "/page/../../etc/passwd", "/page/%2e%2e%2fetc%2fpasswd", "/v1/speakers/a/b"):
            refused(call("GET", path), 404)
        refused(call("GET", "/health", headers={"Host": "evil.example"}), 421)
        refused(call("POST", "/v1/identify", slt[0], {"Origin": "http://evil.example"}), 403, "evil.example")
        assert call("POST", "/v1/identify", slt[3], {"Origin": f"http://127.0.0.1:{server.port}"}).status == 200
        assert raw(server, b"GET /health HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert raw(server, b"\x16\x03\x01\x02\x00 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert raw(server, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 80000).startswith(b"HTTP/1.1 431 ")
        # Where a body ends is told once and plainly: one answer, and nothing behind it is taken for a request.
        behind = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for told in (b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                     b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity",
                     b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Content-Length: -1",
                     b"Content-Length: " + b"9" * 30):
            answer = raw(server, b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\n" + told + b"\r\n\r\n" + behind)
            assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1, (told, answer)
        upgrade = b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\n"
        assert raw(server, upgrade + behind).startswith(b"HTTP/1.1 400 ")
        chunked = b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert raw(server, chunked.replace(b"HTTP/1.1", b"HTTP/1.0") + behind).startswith(b"HTTP/1.1 400 ")
        # Lines that no CRLF ends, and chunks larger than may be, are refused although more may come.
        for lines, status in ((b"5\nhello\n0\n\n", 400), (b"5\r\nhello\r\n0\n\n", 400), (b"5\r\nhello\r\n0\r\n\n", 400), (b"\n", 400),
                              (b"5\r\nhello\r\n0\r\nX: y\n\n", 400), (b"5\nhello\r\n0\r\n\r\n", 400), (b"5\r\nhello\n", 400), (b"0" * 20000, 400),
                              (b"5;" + b"a" * 20000, 400), (b"f" * 16 + b"\r\n", 413), (b"7" + b"f" * 15 + b"\r\nhello", 413), (b"80001\r\n", 413)):
            begun = time.monotonic()
            answer = raw(server, chunked + lines)
            assert answer.startswith(b"HTTP/1.1 %d " % status) and time.monotonic() - begun < 10, (lines[:50], answer)
        # A body in pieces, and one that is asked for first.
        pieces = b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        pieces += b"".join(b"%x\r\n%s\r\n" % (len(slt[3][i:i + 7000]), slt[3][i:i + 7000]) for i in range(0, len(slt[3]), 7000))
        assert b'"decision":"Ada L"' in raw(server, pieces + b"0\r\n\r\n")
        asked = b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        assert raw(server, asked % len(slt[3]) + slt[3]).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        assert raw(server, asked % 600000).startswith(b"HTTP/1.1 413 ")

        # Connections that say nothing are in nobody's way.
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        for one in silent[:100]:
            one.sendall(b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow")
        begun = time.monotonic()
        assert call("POST", "/v1/identify", slt[3]).status == 200 and time.monotonic() - begun < 10
        for one in silent:
            one.close()

        # Another process enrolls somebody.
        subprocess.run([VPR, "--quiet", "enroll", "Kal", str(DATA / "flite-kal16-1.flac"), "--db", "voices.db"], check=True, stdout=subprocess.DEVNULL)
        until(lambda: call("POST", "/v1/identify", recording("flite-kal16-2.flac")).json["decision"] == "Kal")

        live(server, DATA / "flite-rms-4.flac", "李雪")
        # Who stops in the middle is told so, not left alone.
        answer = stalled.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408 ") and time.monotonic() - since > 25, answer
        stalled.close()
    log = [json.loads(line) for line in pathlib.Path("audit.jsonl").read_text().splitlines()]
    assert os.stat("audit.jsonl").st_mode & 0o777 == 0o600
    assert any(one["route"] == "/v1/enroll" and one["about"] == "Ada" and one["decision"] == "enrolled" for one in log)
    assert any(one["status"] == 403 for one in log) and not any("embedding" in json.dumps(one) for one in log)
    assert server.said == "" or "without tokens" in server.said, server.said


def raw(server, content):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(content)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.2)


def live(server, path, name):
    """Live audio through a WebSocket (RFC 6455): a phrase, an answer."""
    wav = pathlib.Path("live.wav")
    subprocess.run([VPR, "--quiet", "trim", str(path), "-o", str(wav)], check=True, stdout=subprocess.DEVNULL)
    with wave.open(str(wav)) as sound:
        assert sound.getframerate() == 16000
        samples = sound.readframes(sound.getnframes())
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((f"GET /v1/live?rate=16000 HTTP/1.1\r\nHost: localhost:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    stream = connection.makefile("rb")
    assert b" 101 " in stream.readline()
    while stream.readline().strip():
        pass

    def send(kind, content):
        length = struct.pack("!BB", 0x80 | kind, 0x80 | len(content)) if len(content) < 126 else struct.pack("!BBH", 0x80 | kind, 0x80 | 126, len(content))
        connection.sendall(length + bytes(4) + content)  # the mask is zero

    for at in range(0, len(samples), 3201):  # not whole samples
        send(2, samples[at:at + 3201])
    send(1, b"end")
    answers = []
    while (head := stream.read(2)) and head[0] & 15 == 1:
        length = head[1] & 127
        length = struct.unpack("!H", stream.read(2))[0] if length == 126 else length
        answers.append(json.loads(stream.read(length)))
    assert answers and answers[-1]["decision"] == name and answers[-1]["computed_ms"] > 0, answers
    connection.close()


def tokens():
    env = {"VPR_TOKENS": os.path.abspath("tokens.jsonl")}

    def add(name, *scopes):
        words = [word for scope in scopes for word in ("--scope", scope)]
        return subprocess.run([VPR, "serve", "token", "add", name, *words], check=True, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **env}).stdout.strip()

    reader, door, boss = add("reader", "read"), add("door", "identify"), add("boss", "enroll", "admin", "identify")
    slt = recording("flite-slt-4.flac")
    with Server("--rate", "60", env=env) as server:
        call = server.call
        assert call("GET", "/health").status == 200
        missing = refused(call("GET", "/v1/speakers"), 401, "no token")
        assert missing.headers["WWW-Authenticate"] == "Bearer"
        refused(call("GET", "/v1/speakers", token="vpr_wrong"), 401, "not known")
        assert call("GET", "/v1/speakers", token=reader).status == 200
        refused(call("POST", "/v1/identify", slt, token=reader), 403, "no scope identify")
        assert call("POST", "/v1/identify", slt, token=door).json["decision"] == "Ada L"
        for method, path in (("GET", "/v1/speakers"), ("DELETE", "/v1/speakers/Kal"), ("GET", "/v1/export"), ("GET", "/metrics"),
                             ("POST", "/v1/enroll?name=x")):
            refused(call(method, path, slt if method == "POST" else None, token=door), 403, "no scope")
        assert call("GET", "/v1/status", token=boss).json["scopes"] == ["identify", "enroll", "admin"]
        subprocess.run([VPR, "serve", "token", "remove", "reader"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})
        until(lambda: call("GET", "/v1/speakers", token=reader).status == 401)
        until(lambda: call("GET", "/v1/status", token=boss).status == 429)
        assert int(call("GET", "/v1/status", token=boss).headers["Retry-After"]) >= 1
        answers = [call("GET", "/v1/status", token="vpr_guess").status for _ in range(40)]
        assert answers[-1] == 429
        assert call("GET", "/v1/status", token=door).status == 200  # of the same address
    with Server("--behind-proxy", "--audit", "proxied.jsonl", env=env) as server:
        # The proxy's word counts, whether it adds to the client's line or a line of its own.
        for forwarded in ("X-Forwarded-For: 6.6.6.6, 10.0.0.7", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 10.0.0.7"):
            raw(server, f"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{forwarded}\r\n\r\n".encode())
    assert [json.loads(line)["address"] for line in open("proxied.jsonl")] == ["10.0.0.7"] * 2


def slow_exports():
    """Clients that do not take what they asked for keep nobody else waiting."""
    person = json.loads(pathlib.Path("export.jsonl").read_text().splitlines()[0])
    with open("many.jsonl", "w") as many:
        for number in range(5000):
            many.write(json.dumps({**person, "name": f"person {number}"}) + "\n")
    subprocess.run([VPR, "--quiet", "speakers", "import", "many.jsonl", "--db", "many.db"], check=True, stdout=subprocess.DEVNULL)
    with Server(db="many.db") as server:
        takers = [server.connect(b"GET /v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(4)]
        until(lambda: "vpr_computing 2\n" in server.call("GET", "/metrics").content.decode())
        time.sleep(1)
        assert "vpr_computing 2\n" in server.call("GET", "/metrics").content.decode()
        assert server.call("GET", "/v1/speakers?limit=1").json["total"] == 5000
        for taker in takers:
            taker.close()


def other_shapes():
    """What clients of LocalAI, of xiaozhi's voiceprint service and of voice assistants call."""
    slt, rms, kal = [recording(f"flite-{name}-4.flac") for name in ("slt", "rms", "kal16")]

    def base64_of(content):
        return base64.b64encode(content).decode()

    with Server("--wyoming", "127.0.0.1:0", "--prompt-model", "none") as server:
        refused(server.call("POST", "/v1/prompts"), 409, "--prompt-model")
        wyoming = int(re.match(r"listening at tcp://127\.0\.0\.1:(\d+) \(Wyoming\)$", server.process.stdout.readline())[1])
        description = server.call("GET", "/openapi.json").json

        def post(path, schema=None, **fields):
            answer = server.call("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
            if schema and answer.status == 200:
                fits(answer.json, schema, description)
            return answer

        verified = post("/v1/voice/verify", "localai-verified", model="m", audio1=base64_of(slt), audio2=base64_of(recording("flite-slt-1.flac")))
        assert verified.json["verified"] and verified.json["distance"] < 0.5 and verified.json["confidence"] > 50
        other = post("/v1/voice/verify", "localai-verified", audio1="data:audio/flac;base64," + base64_of(slt), audio2=base64_of(rms), threshold=1.9)
        assert other.json["verified"] and other.json["threshold"] == 1.9
        matches = post("/v1/voice/identify", "localai-identified", audio=base64_of(slt), top_k=2).json["matches"]
        assert len(matches) == 2 and matches[0]["match"] and matches[0]["name"] == "Ada L" and not matches[1]["match"], matches
        assert post("/v1/voice/register", "localai-registered", name="Bob", audio=base64_of(recording("flite-awb-1.flac"))).json["id"] == "Bob"
        assert post("/v1/voice/identify", audio=base64_of(recording("flite-awb-2.flac"))).json["matches"][0]["id"] == "Bob"
        assert post("/v1/voice/forget", id="Bob").status == 204
        refused(post("/v1/voice/forget", id="Bob"), 404)
        assert post("/v1/voice/embed", "localai-embedded", audio=base64_of(slt)).json["dim"] > 1
        refused(post("/v1/voice/embed", audio="https://example.org/a.wav"), 400, "none is fetched")
        refused(post("/v1/voice/embed", audio="not base64!"), 400, "no base64")
        refused(post("/v1/voice/embed"), 400, "'audio' is missing")
        nested = {"Content-Type": "application/json"}
        refused(post("/v1/voice/identify", audio=base64_of(slt), top_k=1.5), 400, "no whole number")
        for bad, what in (('{"audio":"QUJD","top_k":' + "9" * 100000 + "}", "too large"), ('{"audio":' + "Q" * 100000 + "}", "no JSON, at byte 10"),
                          ('{"audio":"0000","x":' + "[" * 100000 + "]" * 100000 + "}", "nests deeper"),
                          ('{"audio":"0000","x":[' + "0," * 20000 + "0]}", "more than 10000 values")):
            assert len(refused(server.call("POST", "/v1/voice/embed", bad, nested), 400, what).content) < 1000

        body, headers = form(("speaker_ids", "Ada L,李雪,nobody"), ("file", "a.wav", slt))
        found = server.call("POST", "/voiceprint/identify", body, headers).json
        fits(found, "xiaozhi-identified", description)
        assert found["speaker_id"] == "Ada L" and found["score"] > 0.5
        body, headers = form(("speaker_ids", "李雪,nobody"), ("file", "a.wav", slt))
        assert server.call("POST", "/voiceprint/identify", body, headers).json["speaker_id"] == ""
        body, headers = form(("speaker_id", "c0ffee"), ("file", "a.wav", recording("flite-awb-1.flac")))
        fits(server.call("POST", "/voiceprint/register", body, headers).json, "xiaozhi-done", description)
        health = server.call("GET", "/voiceprint/health?key=whatever").json
        assert health == {"total_voiceprints": 4, "status": "healthy"}, health
        assert server.call("DELETE", "/voiceprint/c0ffee").json["success"]

        connection = socket.create_connection(("127.0.0.1", wyoming), timeout=30)
        stream = connection.makefile("rb")

        def send(kind, data=None, payload=b""):
            more = json.dumps(data).encode() if data else b""
            connection.sendall(json.dumps({"type": kind, "data_length": len(more), "payload_length": len(payload)}).encode() + b"\n" + more + payload)

        def event():
            head = json.loads(stream.readline())
            return head["type"], json.loads(stream.read(head["data_length"])) if head.get("data_length") else {}

        send("describe")
        kind, info = event()
        assert kind == "info" and info["asr"][0]["models"] and info["wake"][0]["models"][0]["name"] == "voice"
        send("ping", {"text": "a"})
        assert event() == ("pong", {"text": "a"})
        sound = {"rate": 16000, "width": 2, "channels": 1}
        for name, ask, expected in (("slt", "transcribe", ("transcript", {"text": "Ada L"})), ("kal", "transcribe", ("transcript", {"text": "Kal"})),
                                    ("rms", "detect", ("detection", {"name": "voice", "timestamp": None, "speaker": "李雪"})),
                                    ("awb", "transcribe", ("transcript", {"text": "unknown"})), ("awb", "detect", ("not-detected", {}))):
            subprocess.run([VPR, "--quiet", "trim", str(DATA / f"flite-{name.replace('kal', 'kal16')}-3.flac"), "-o", "said.wav"], check=True, stdout=subprocess.DEVNULL)
            with wave.open("said.wav") as said:
                samples = said.readframes(said.getnframes())
            send(ask)
            send("audio-start", sound)
            for at in range(0, len(samples), 2048):
                send("audio-chunk", sound, samples[at:at + 2048])
            send("audio-stop")
            assert (found := event()) == expected, (name, found)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert stream.read() == b""
        # What nests so deeply that copying it would take all of the stack ends that connection alone.
        deep = b'{"a":' + b"[" * 500000 + b"]" * 500000 + b"}"
        for bad in (b'{"type":"ping","data_length":%d}\n%s' % (len(deep), deep), b'{"type":"ping","data":%s}\n' % deep[:6]):
            with socket.create_connection(("127.0.0.1", wyoming), timeout=30) as other, contextlib.suppress(ConnectionError):
                other.sendall(bad)
                assert other.recv(100) == b""
        assert server.call("GET", "/health").status == 200


def overload_and_end():
    """More than can be done at once: some answers, some 503, none lost; and SIGTERM finishes what runs."""
    with wave.open("long.wav", "wb") as long:
        long.setparams((1, 2, 16000, 0, "NONE", ""))
        with wave.open("live.wav") as sound:
            samples = sound.readframes(sound.getnframes())
        long.writeframes(samples * 30)
    slow = pathlib.Path("long.wav").read_bytes()
    with Server("--queue", "1", "--threads", "1", "--rate", "0") as server:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(server.call("POST", "/v1/identify", slow))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts = {status: sum(1 for one in answers if one.status == status) for status in (200, 503)}
        assert counts[200] >= 1 and counts[503] >= 1 and counts[200] + counts[503] == 12, counts
        assert all(one.headers["Retry-After"] == "1" for one in answers if one.status == 503)
        running = threading.Thread(target=lambda: answers.append(server.call("POST", "/v1/identify", slow)))
        running.start()
        until(lambda: "vpr_computing 1\n" in server.call("GET", "/metrics").content.decode())
        server.end()
        running.join()
        assert answers[-1].status == 200 and answers[-1].json["decision"] == "李雪", answers[-1]


def killed():
    """kill -9 in the midst of enrollments: whoever was said to be enrolled is."""
    acknowledged = []
    for run in range(3):
        with Server("--rate", "0", db="killed.db") as server:
            end = threading.Timer(0.05 + 0.2 * run, server.process.kill)
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in range(1000):
                    name = f"{run}-{number}"
                    assert server.call("POST", f"/v1/enroll?name={name}", recording("flite-slt-1.flac")).status == 200
                    acknowledged.append(name)
                    if number == 0:  # however long one takes here, one is acknowledged
                        end.start()
            end.join()
    there = subprocess.run([VPR, "speakers", "list", "--json", "--db", "killed.db"], check=True, stdout=subprocess.PIPE).stdout
    names = {json.loads(line)["name"] for line in there.splitlines()}
    assert acknowledged and set(acknowledged) <= names, set(acknowledged) - names


everything()
tokens()
slow_exports()
other_shapes()
overload_and_end()
killed()
print("all as it should be")
