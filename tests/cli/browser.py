"""The service's page in Chromium, driven by the DevTools protocol: a fake microphone that plays a recording.

Usage: browser.py VPR DATA CHROMIUM [PICTURES], in an empty folder. PICTURES: where screenshots are kept.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

VPR, DATA, CHROMIUM = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
PICTURES = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None


class Page:
    """A tab of a browser whose microphone plays a recording from its begin each time it is opened."""

    def __init__(self, url, sound, origin_folder):
        self.folder = tempfile.mkdtemp(dir=origin_folder)
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--remote-debugging-port=0", f"--user-data-dir={self.folder}", "--window-size=1000,1000", "--lang=en",
             "--autoplay-policy=no-user-gesture-required",
             "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
             f"--use-file-for-fake-audio-capture={sound}%noloop", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"DevTools listening on ws://([^/]+):(\d+)/", line):
                break
        else:
            sys.exit("the browser did not begin")
        address = (found[1], int(found[2]))
        end = time.monotonic() + 30
        while True:
            with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/json") as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page" and tab["url"].startswith(url)]
            if tabs or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.socket = socket.create_connection(address, timeout=60)
        path = tabs[0]["webSocketDebuggerUrl"].split("/", 3)[3]
        self.socket.sendall((f"GET /{path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline().strip():
            pass
        self.number = 0
        self.troubles = []
        self.send("Runtime.enable")
        self.send("Log.enable")
        self.wait("document.readyState === 'complete' && document.title.startsWith('vpr')")

    def send(self, method, **parameters):
        self.number += 1
        content = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        size = len(content)
        head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0x80 | 126, size)
        self.socket.sendall(head + bytes(4) + content)
        while True:
            message = json.loads(self.receive())
            if message.get("id") == self.number:
                return message["result"]
            if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.troubles.append(json.dumps(message["params"])[:400])

    def receive(self):
        content, final = b"", False
        while not final:
            first, second = self.stream.read(2)
            size = second & 127
            size = struct.unpack("!H", self.stream.read(2))[0] if size == 126 else struct.unpack("!Q", self.stream.read(8))[0] if size == 127 else size
            content += self.stream.read(size)
            final = first & 0x80
        return content

    def run(self, script):
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in answer, (script, answer)
        return answer["result"].get("value")

    def wait(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, (condition, self.run("document.body.innerText"), self.troubles)
            time.sleep(0.1)

    def picture(self, name):
        if PICTURES:
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / name).write_bytes(base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def record(self, section, seconds):
        button = f"document.querySelector('#{section} .record')"
        self.run(f"document.getElementById('tab-{section}').click()")
        self.run(f"{button}.click()")
        self.wait(f"{button}.getAttribute('aria-pressed') === 'true'")
        time.sleep(seconds)
        level = self.run(f"document.querySelector('#{section} .told').textContent")
        self.run(f"{button}.click()")
        self.wait(f"{button}.getAttribute('aria-pressed') === 'false'")
        return level

    def result(self, section):
        self.wait(f"document.querySelector('#{section} .result strong, #{section} .result .bad')")
        return self.run(f"document.querySelector('#{section} .result').innerText")

    def close(self):
        with contextlib.suppress(OSError):
            self.send("Browser.close")
        self.process.wait(30)
        assert not self.troubles, self.troubles


def wav(name, *sources):
    """Recordings one after the other, with half a second of silence around each."""
    import wave
    samples = bytes(16000)
    for source in sources:
        subprocess.run([VPR, "--quiet", "trim", str(DATA / source), "-o", "part.wav"], check=True, stdout=subprocess.DEVNULL)
        with wave.open("part.wav") as part:
            samples += part.readframes(part.getnframes()) + bytes(16000)
    with wave.open(name, "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(samples)
    return os.path.abspath(name)


def login(page):
    page.run("document.getElementById('tab-login').click(); document.getElementById('login-prompt').click()")
    page.wait("!document.getElementById('prompt').hidden")
    page.record("login", 5)
    page.run("document.getElementById('login-name').value = 'Ada <b>{1}'; document.getElementById('login-go').click()")
    return page.result("login")


def main():
    slt = wav("slt.wav", "flite-slt-1.flac", "flite-slt-2.flac")
    slt_again = wav("again.wav", "flite-slt-3.flac", "flite-slt-4.flac")
    stranger = wav("stranger.wav", "flite-rms-1.flac", "flite-rms-2.flac")
    meeting = wav("meeting.wav", "flite-slt-3.flac", "flite-slt-4.flac", "flite-rms-3.flac", "flite-rms-4.flac", "flite-slt-1.flac")
    server = subprocess.Popen([VPR, "--quiet", "serve", "--listen", "127.0.0.1:0", "--db", "page.db", "--prompt-model", "none"], stdout=subprocess.PIPE, text=True)
    url = re.search(r"http://[^ \n]+", server.stdout.readline())[0] + "/"
    folder = os.getcwd()
    try:
        page = Page(url, slt, folder)
        page.wait("document.getElementById('state').textContent.includes('0 enrolled')")
        told = page.record("enroll", 5)
        assert told.startswith("Good") or "so far" in told, told
        page.run("document.getElementById('enroll-name').value = 'Ada <b>{1}'")
        page.run("document.getElementById('enroll-go').click()")
        assert "consent" in page.result("enroll")
        page.run("document.getElementById('consent').click()")
        page.run("document.getElementById('enroll-go').click()")
        page.wait("document.querySelector('#enroll .result strong')")
        assert "Ada <b>{1} is enrolled. Recordings in all: 1" in page.result("enroll"), page.result("enroll")
        assert "Forgotten by itself on 20" in page.result("enroll"), page.result("enroll")
        page.picture("enroll.png")
        page.close()

        page = Page(url, slt_again, folder)
        said = login(page)
        assert said.startswith("Welcome, Ada <b>{1}") and "The voice: score" in said and "not the words" in said, said
        page.picture("login.png")
        # The words hold once.
        page.run("document.getElementById('login-go').click()")
        assert "Ask for the words" in page.result("login")
        page.run("document.getElementById('tab-rates').click()")
        assert page.run("document.querySelectorAll('#scores circle').length") == 1 and page.run("document.querySelectorAll('#det circle.point').length") > 1
        before = page.run("document.getElementById('rates-at').textContent")
        page.run("document.getElementById('threshold').focus()")
        for kind in ("keyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key="PageUp", code="PageUp", windowsVirtualKeyCode=33)
        page.wait(f"document.getElementById('rates-at').textContent !== {json.dumps(before)}")
        page.picture("rates.png")
        page.record("verify", 5)
        page.run("document.getElementById('verify-name').value = 'Ada <b>{1}'; document.getElementById('verify-go').click()")
        assert page.result("verify").startswith("Accepted: Ada <b>{1}"), page.result("verify")
        page.picture("verify.png")
        page.record("identify", 5)
        page.run("document.getElementById('identify-go').click()")
        assert page.result("identify").startswith("Ada <b>{1}"), page.result("identify")
        # Keys alone: the next tab, by arrow.
        page.run("document.getElementById('tab-identify').focus()")
        for kind in ("keyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
        assert page.run("document.activeElement.id") == "tab-diarize"
        for kind in ("keyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key="End", code="End", windowsVirtualKeyCode=35)
        assert page.run("document.activeElement.id") == "tab-rates" and not page.run("document.getElementById('rates').hidden")
        page.close()

        page = Page(url, stranger, folder)
        said = login(page)
        assert said.startswith("Not logged in as Ada <b>{1}") and "Not the voice" in said, said
        page.picture("login-stranger.png")
        page.record("verify", 5)
        page.run("document.getElementById('verify-name').value = 'Ada <b>{1}'; document.getElementById('verify-go').click()")
        assert page.result("verify").startswith("Rejected: not Ada <b>{1}"), page.result("verify")
        page.run("document.getElementById('tab-identify').click(); document.getElementById('live').click()")
        page.wait("document.getElementById('heard').children.length > 0")
        assert "Nobody" in page.run("document.getElementById('heard').innerText")
        page.run("document.getElementById('live').click()")
        page.close()

        page = Page(url, meeting, folder)
        document = page.send("DOM.getDocument")["root"]["nodeId"]
        files = page.send("DOM.querySelector", nodeId=document, selector="#diarize input[type=file]")["nodeId"]
        page.send("DOM.setFileInputFiles", nodeId=files, files=[meeting])
        page.run("document.getElementById('tab-diarize').click()")
        page.wait("document.querySelector('#diarize .takes li')")
        page.run("document.getElementById('diarize-go').click()")
        page.wait("!document.getElementById('meeting').hidden")
        names = page.run("[...document.querySelectorAll('#turns td:nth-child(3)')].map((one) => one.textContent)")
        assert "Ada <b>{1}" in names and "speaker 1" in names, names
        page.run("document.querySelector('#turns tr:last-child button').click()")
        page.wait("document.getElementById('player').currentTime > 3")
        page.picture("diarize.png")
        page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        page.run("document.getElementById('language').value = 'zh'; document.getElementById('language').dispatchEvent(new Event('change'))")
        assert page.run("document.documentElement.lang") == "zh-CN" and "谁在何时说话" in page.run("document.body.innerText")
        page.run("window.confirm = () => true; document.getElementById('tab-people').click()")
        page.wait("document.querySelector('#everybody button')")
        page.picture("people-dark-zh.png")
        # On a phone every view is as wide as the screen, and no word of a table or button is broken.
        page.send("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=True)
        for tab in ("enroll", "login", "verify", "identify", "diarize", "people", "rates"):
            page.run(f"document.getElementById('tab-{tab}').click()")
            page.picture(f"{tab}-phone-dark-zh.png")
            assert page.run("document.documentElement.scrollWidth") == 360, tab
            high = page.run(f"[...document.querySelectorAll('#{tab} th, #{tab} button')].filter((one) => one.offsetHeight > 60).map((one) => one.outerHTML)")
            assert not high, (tab, high)
        page.send("Emulation.clearDeviceMetricsOverride")
        page.run("document.getElementById('tab-people').click()")
        page.run("document.querySelector('#everybody button').click()")
        page.wait("document.getElementById('state').textContent.includes('已注册 0 人')")
        # Every button and field has a name that a screen reader can say.
        unnamed = page.run("""[...document.querySelectorAll('button, input, select, meter')].filter((one) =>
            !one.textContent.trim() && !one.getAttribute('aria-label') && !one.labels?.length).map((one) => one.outerHTML)""")
        assert not unnamed, unnamed
        page.close()
    finally:
        server.terminate()
        server.wait(30)
    print("the page does what it should")


main()
