"""What clients of vpr serve see when something goes wrong, and what the store holds afterwards.

Usage: faults.py VPR DATA [CASE...], with DATA the folder of the samples. Cases: idle slow cut kill disk postgres; all unless some
are named. disk needs root (a small tmpfs), postgres a server's programs. Prints a line a case, and fails where something
acknowledged is missing.
"""
import concurrent.futures
import contextlib
import glob
import http.client
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

VPR, DATA = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
SLT = (DATA / "flite-slt-1.flac").read_bytes()


class Server:
    def __init__(self, db, *options):
        self.process = subprocess.Popen([VPR, "--quiet", "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--tokens", "none", "--db", db, *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stdout.readline())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def call(self, method, path, body=None, timeout=60):
        """(status, JSON); (0, reason) for a connection that broke."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            return answer.status, json.loads(content) if content else None
        except (OSError, http.client.HTTPException) as error:
            return 0, type(error).__name__

    def metric(self, name):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics")
        return int(re.search(rf"^{name} (\d+)", connection.getresponse().read().decode(), re.M)[1])

    def megabytes(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def milliseconds(self, count=20):
        """The median of identifications; each must be answered."""
        times = []
        for _ in range(count):
            begun = time.monotonic()
            status, answer = self.call("POST", "/v1/identify", SLT)
            assert status == 200, (status, answer)
            times.append(1000 * (time.monotonic() - begun))
        return statistics.median(times)


def names(db, *words):
    out = subprocess.run([VPR, "--quiet", "speakers", "list", "--json", "--db", db], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run([VPR, "--quiet", "db", "check", "--db", db], check=True, stdout=subprocess.DEVNULL)
    return {json.loads(line)["name"] for line in out.splitlines()}


def enrolled(db):
    subprocess.run([VPR, "--quiet", "enroll", "Ada", str(DATA / "flite-slt-2.flac"), "--db", db], check=True, stdout=subprocess.DEVNULL)


def say(case, text):
    print(f"{case}: {text}", flush=True)


def idle():
    enrolled("idle.db")
    count = 10000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 30000), hard))
    for most in (12000, 2000):
        with Server("idle.db", "--connections", str(most)) as server:
            before, quiet = server.megabytes(), server.milliseconds()
            silent = [server.connect() for _ in range(count)]
            time.sleep(1)
            during, busy, open_now = server.megabytes(), server.milliseconds(), server.metric("vpr_connections")
            begun = time.monotonic()
            while server.metric("vpr_connections") > 5:
                time.sleep(0.5)
            say("idle", f"{count} connections that say nothing, --connections {most}: {open_now} held, {before:.0f} MB before, {during:.0f} MB with them, "
                f"identify {quiet:.1f} ms before, {busy:.1f} ms with them; all closed {time.monotonic() - begun:.0f} s later")
            for one in silent:
                one.close()


def slow():
    enrolled("slow.db")
    with Server("slow.db") as server:
        quiet = server.milliseconds()
        head = b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        bodies = [server.connect() for _ in range(100)]
        heads = [server.connect() for _ in range(100)]
        for one in bodies:
            one.sendall(head)
        begun, ended = time.monotonic(), {"body": [], "head": []}
        at, busy = 0, None
        answers = []
        open_bodies, open_heads = list(bodies), list(heads)
        while (open_bodies or open_heads) and time.monotonic() - begun < 100:
            for kind, open_now in (("body", open_bodies), ("head", open_heads)):
                for one in list(open_now):
                    try:
                        one.sendall(b"x" if kind == "body" else head[at % len(head):at % len(head) + 1])
                        one.setblocking(False)
                        answer = one.recv(4096)
                        one.setblocking(True)
                        if kind == "body":
                            answers.append(answer[9:12])
                        raise ConnectionError
                    except BlockingIOError:
                        one.setblocking(True)
                    except OSError:
                        open_now.remove(one)
                        ended[kind].append(time.monotonic() - begun)
            at += 1
            if at == 5:
                busy = server.milliseconds()
            time.sleep(1)
        say("slow", f"200 clients of one byte a second: headers given up after {max(ended['head']):.0f} s, bodies after {max(ended['body']):.0f} s "
            f"(answers: {sorted({a.decode() for a in answers})}); identify {quiet:.1f} ms without, {busy:.1f} ms with them")


def cut():
    enrolled("cut.db")
    with Server("cut.db") as server:
        before = server.megabytes()
        for number in range(2000):
            with server.connect() as one:
                one.sendall(b"POST /v1/enroll?name=half%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (number, len(SLT)) + SLT[:len(SLT) // 2])
        time.sleep(5)
        held, connections = server.metric("vpr_body_bytes"), server.metric("vpr_connections")
        assert server.milliseconds() > 0
        there = names("cut.db")
        assert there == {"Ada"}, there
        say("cut", f"2000 bodies cut in half: {held} bytes and {connections} connection (the one that asked) held afterwards, nobody enrolled, {before:.0f} MB before, {server.megabytes():.0f} MB after")


def kill(times=200, clients=2):
    """Kills at moments spread over several enrollments of two clients, until as many were acknowledged as there were kills."""
    acknowledged, broken, run = [], 0, 0
    moments = random.Random(1)
    enrolled("kill.db")
    with Server("kill.db") as server:
        took = server.milliseconds(5) / 1000
    while run < times or len(acknowledged) < times:
        server = Server("kill.db")
        end = threading.Timer(moments.uniform(0, 4 * clients * took), server.process.kill)
        end.start()

        def client(number):
            for at in range(1000):
                name = f"{run}-{number}-{at}"
                status, answer = server.call("POST", f"/v1/enroll?name={name}", SLT)
                if status != 200:
                    assert status == 0, (status, answer)
                    return
                acknowledged.append(name)

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            for job in [pool.submit(client, number) for number in range(clients)]:
                job.result()
                broken += 1
        end.join()
        assert server.process.wait() == -signal.SIGKILL
        run += 1
        # The next server has only what reached the disk; after every tenth it is looked at from outside, too.
        if run % 10 == 0:
            missing = set(acknowledged) - names("kill.db")
            assert not missing, (run, missing)
    there = names("kill.db") - {"Ada"}
    missing, more = set(acknowledged) - there, len(there) - len(acknowledged)
    assert not missing, missing
    say("kill", f"{run} times kill -9 while {clients} clients enroll: {len(acknowledged)} acknowledged, all there; {more} more whose answer was lost; "
        f"the clients saw {broken} broken connections; store sound")


def disk():
    os.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", "small"]).returncode != 0:
        return say("disk", "not run: mounting a small file system needs root")
    try:
        acknowledged, refused = [], []
        with Server("small/voices.db") as server:
            for number in range(1000):
                status, answer = server.call("POST", f"/v1/enroll?name=p{number}&force=true&keep_audio=true", SLT)
                (acknowledged if status == 200 else refused).append((number, status, answer))
                if len(refused) == 20:
                    break
            search, _ = server.call("POST", "/v1/identify", SLT)
            statuses = sorted({status for _, status, _ in refused})
            detail = refused[0][2]["detail"]
            said = names("small/voices.db")
            missing = {f"p{number}" for number, _, _ in acknowledged} - said
            assert not missing, missing
            subprocess.run(["mount", "-o", "remount,size=60m", "small"], check=True)
            again, answer = server.call("POST", "/v1/enroll?name=after&force=true", SLT)
            assert again == 200, answer
        assert "after" in names("small/voices.db")
        say("disk", f"full after {len(acknowledged)} enrollments: then {statuses} ({detail!r}), identify {search}; all acknowledged are there, store sound; with room again enroll {again}")
    finally:
        subprocess.run(["umount", "small"], check=True)


class Postgres:
    def __init__(self):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.as_user = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        self.folder = os.path.abspath("cluster")
        os.mkdir(self.folder)
        if self.as_user:
            os.chmod(os.getcwd(), 0o755)
            subprocess.run(["chown", "nobody", self.folder], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self.folder}
        subprocess.run([*self.as_user, self.bin + "/initdb", "-D", self.folder + "/data", "-U", "vpr", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"], **quiet)
        self.start()
        subprocess.run([self.bin + "/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "vpr", "-c", "CREATE DATABASE voices", "postgres"], **quiet)
        self.db = f"postgresql://vpr@127.0.0.1:{self.port}/voices"

    def start(self):
        subprocess.run([*self.as_user, self.bin + "/pg_ctl", "-D", self.folder + "/data", "-w", "-o",
                        f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}", "-l", self.folder + "/log", "start"],
                       check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def kill(self):
        os.kill(int(pathlib.Path(self.folder + "/data/postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
        # Its children notice.
        time.sleep(1)

    def stop(self):
        subprocess.run([*self.as_user, self.bin + "/pg_ctl", "-D", self.folder + "/data", "-m", "immediate", "stop"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.folder)


def postgres():
    database = Postgres()
    try:
        with Server(database.db) as first, Server(database.db) as second:
            acknowledged, failed, statuses = [], [], {}
            stop = threading.Event()

            def client(number):
                servers = [first, second] if number % 2 else [second, first]
                for i in range(10000):
                    if stop.is_set():
                        return
                    name = f"{number}-{i}"
                    for server in servers:  # as a proxy would: the next one if one is gone
                        status, answer = server.call("POST", f"/v1/enroll?name={name}", SLT)
                        statuses[status] = statuses.get(status, 0) + 1
                        if status == 200:
                            acknowledged.append(name)
                            break
                        failed.append((status, answer if status == 0 else answer["detail"]))
                    else:
                        time.sleep(0.1)

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                jobs = [pool.submit(client, number) for number in range(4)]
                time.sleep(4)
                first.process.kill()
                time.sleep(4)
                stop.set()
                for job in jobs:
                    job.result()
            missing = set(acknowledged) - names(database.db)
            assert not missing, missing
            say("postgres", f"one of two servers killed under load: {len(acknowledged)} enrollments acknowledged, all there; answers {statuses} (0: connection broken)")

            second.call("POST", "/v1/enroll?name=Ada", SLT)
            begun = time.monotonic()
            with Server(database.db) as third:
                first_seen = third.call("POST", "/v1/identify?top=1", SLT)
                acknowledged.append("x")
                status, _ = second.call("POST", "/v1/enroll?name=x", (DATA / "flite-rms-1.flac").read_bytes())
                assert status == 200
                begun = time.monotonic()
                while third.call("POST", "/v1/identify", (DATA / "flite-rms-1.flac").read_bytes())[1]["decision"] != "x":
                    time.sleep(0.02)
                say("postgres", f"enrolled at one server, identified by the other after {time.monotonic() - begun:.2f} s")
                assert first_seen[0] == 200

            database.kill()
            during = {what: second.call(method, path, SLT if method == "POST" else None)
                      for what, method, path in (("identify", "POST", "/v1/identify"), ("enroll", "POST", "/v1/enroll?name=during"),
                                                 ("verify", "POST", "/v1/verify?name=Ada"), ("speakers", "GET", "/v1/speakers"), ("health", "GET", "/health"))}
            database.stop()
            database.start()
            begun = time.monotonic()
            while second.call("POST", "/v1/enroll?name=afterwards", SLT)[0] != 200:
                assert time.monotonic() - begun < 60, second.call("POST", "/v1/enroll?name=afterwards", SLT)
                time.sleep(0.1)
            back = time.monotonic() - begun
            there = names(database.db)
            missing = {*acknowledged, "afterwards"} - there
            assert not missing, missing
            say("postgres", "PostgreSQL killed: " + ", ".join(f"{what} {status}" for what, (status, _) in during.items()) +
                f" ({during['enroll'][1]['detail']!r}); enrolling again {back:.1f} s after it is back; all {len(acknowledged) + 1} acknowledged are there")
    finally:
        database.stop()


def main():
    cases = {one.__name__: one for one in (idle, slow, cut, kill, disk, postgres)}
    wanted = sys.argv[3:] or list(cases)
    for case in wanted:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            cases[case]()
            os.chdir("/")


main()
