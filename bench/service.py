"""Identifications over HTTP against the same calls in one process.

Usage: service.py VPR RECORDING [--people N...] [--clients N...] [--seconds S] [--rounds N] [--core C]

Enrolls N people (the voice of RECORDING and random ones). In turns, so that what else the machine does meets both alike, POST
/v1/identify over connections that stay open and `vpr identify` of many recordings in one process work for S seconds in all.
Prints rates, quantiles, processor time, memory in the course of it, and the ratios of the rounds. Last, more clients than
may wait: each request is answered, with 200 or with 503 and when to come again. Everything runs on one core.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import tempfile
import threading
import time


def make_store(vpr, recording, people, db):
    subprocess.run([vpr, "--quiet", "enroll", "known", recording, "--db", "one.db"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([vpr, "speakers", "export", "-o", "one.jsonl", "--db", "one.db"], check=True, stdout=subprocess.DEVNULL)
    person = json.loads(pathlib.Path("one.jsonl").read_text())
    numbers = random.Random(1)
    with open("many.jsonl", "w") as out:
        out.write(json.dumps(person) + "\n")
        for i in range(people - 1):
            values = [numbers.gauss(0, 1) for _ in person["utterances"][0]["embedding"]]
            length = sum(value * value for value in values) ** 0.5
            person["utterances"][0]["embedding"] = [round(value / length, 6) for value in values]
            person["name"] = f"person {i}"
            out.write(json.dumps(person) + "\n")
    subprocess.run([vpr, "--quiet", "speakers", "import", "many.jsonl", "--db", db], check=True, stdout=subprocess.DEVNULL)
    # Templates are made at the first search.
    subprocess.run([vpr, "--quiet", "identify", recording, "--db", db], check=True, stdout=subprocess.DEVNULL)


class Server:
    def __init__(self, vpr, db, core, *options):
        self.process = subprocess.Popen(["taskset", "-c", str(core), vpr, "--quiet", "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--threads", "1",
                                         "--tokens", "no-tokens", "--db", db, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r":(\d+)$", self.process.stdout.readline())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def computed(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(x) for x in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) // 1024

    def ask(self, body, clients, seconds):
        """(times of the answered, number of the refused); every request is one or the other."""
        times, refused, asked = [], [], []
        end = time.monotonic() + seconds

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            while time.monotonic() < end:
                begun = time.monotonic()
                asked.append(1)
                connection.request("POST", "/v1/identify", body)
                answer = connection.getresponse()
                content = json.loads(answer.read())
                if answer.status == 503:
                    refused.append(int(answer.headers["Retry-After"]))
                    if answer.will_close:
                        connection.close()
                    time.sleep(0.05)
                    continue
                assert answer.status == 200 and content["decision"] == "known", content
                times.append(time.monotonic() - begun)

        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(times) + len(refused) == len(asked), "a request was lost"
        return times, len(refused)


def in_process(vpr, recording, db, count, core):
    """Seconds, and seconds of processor time, without what one recording takes with the start."""
    def run(n):
        before, begun = os.times(), time.monotonic()
        subprocess.run(["taskset", "-c", str(core), vpr, "--quiet", "identify", "--threads", "1", "--db", db, *[recording] * n], check=True,
                       stdout=subprocess.DEVNULL)
        after = os.times()
        return time.monotonic() - begun, after.children_user + after.children_system - before.children_user - before.children_system

    start, start_computed = run(1)
    passed, computed = run(count + 1)
    return passed - start, computed - start_computed


def measure(vpr, recording, db, clients, options):
    body = pathlib.Path(recording).read_bytes()
    each = options.seconds / options.rounds
    with Server(vpr, db, options.core) as server:
        first, _ = server.ask(body, 1, each / 4)
        count = max(10, int(each / 2 / statistics.median(first)))
        times, memory, ratios, computed_ratios, passed, local, refused = [], [server.megabytes()], [], [], 0, 0, 0
        computed = local_computed = 0
        for _ in range(options.rounds):
            before, begun = server.computed(), time.monotonic()
            answered, more = server.ask(body, clients, each)
            took, work = time.monotonic() - begun, server.computed() - before
            local_took, local_work = in_process(vpr, recording, db, count, options.core)
            ratios.append(len(answered) / took / (count / local_took))
            computed_ratios.append(local_work / count / (work / len(answered)))
            times += answered
            passed, computed, refused = passed + took, computed + work, refused + more
            local, local_computed = local + local_took, local_computed + local_work
            memory.append(server.megabytes())
    times.sort()
    return (f"{len(times)} answers, {len(times) / passed:.1f} a second, p50 {1000 * times[len(times) // 2]:.0f} ms, p99 {1000 * times[int(0.99 * len(times))]:.0f} ms, "
            f"{refused} refused, {1000 * computed / len(times):.1f} ms of processor time each, MB {memory}; "
            f"in process {options.rounds * count / local:.1f} a second, {1000 * local_computed / options.rounds / count:.1f} ms; "
            f"ratio of rates {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), of processor time {statistics.median(computed_ratios):.2f} "
            f"({min(computed_ratios):.2f} to {max(computed_ratios):.2f})")


def overload(vpr, recording, db, options):
    with Server(vpr, db, options.core, "--queue", "8") as server:
        times, refused = server.ask(pathlib.Path(recording).read_bytes(), 64, options.seconds / 4)
        assert refused > 0
        return f"{len(times)} answered, {refused} told to come again, none lost"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vpr")
    parser.add_argument("recording")
    parser.add_argument("--people", type=int, nargs="+", default=[10000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--core", type=int, default=1)
    options = parser.parse_args()
    vpr, recording = os.path.abspath(options.vpr), os.path.abspath(options.recording)
    os.sched_setaffinity(0, {options.core})
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for people in options.people:
            make_store(vpr, recording, people, f"{people}.db")
            for clients in options.clients:
                print(f"{people} enrolled, {clients} clients: {measure(vpr, recording, f'{people}.db', clients, options)}", flush=True)
            print(f"{people} enrolled, 64 clients of whom 8 may wait: {overload(vpr, recording, f'{people}.db', options)}", flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
