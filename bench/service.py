"""Identifications over HTTP against the same calls in one process.

Usage: service.py VPR RECORDING [--people N] [--seconds S] [--clients N] [--core C]

Enrolls N people (the voice of RECORDING and random ones), then prints rate and quantiles of POST /v1/identify over
connections that stay open, and of `vpr identify` of as many recordings in one process. Everything runs on one core.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import re
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


def over_http(vpr, body, db, clients, seconds, core):
    server = subprocess.Popen(["taskset", "-c", str(core), vpr, "--quiet", "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--threads", "1",
                               "--tokens", "no-tokens", "--db", db], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(re.search(r":(\d+)$", server.stdout.readline())[1])
    times, refused = [], []
    end = time.monotonic() + seconds

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < end:
            begun = time.monotonic()
            connection.request("POST", "/v1/identify", body)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                refused.append(answer.status)
                time.sleep(0.05)
                continue
            assert json.loads(content)["decision"] == "known"
            times.append(time.monotonic() - begun)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.monotonic() - begun
    memory = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/status").read_text())[1]
    computed = sum(int(x) for x in pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]) / os.sysconf("SC_CLK_TCK")
    server.terminate()
    server.wait()
    times.sort()
    return (f"{len(times) / passed:.1f} a second, p50 {1000 * times[len(times) // 2]:.1f} ms, p99 {1000 * times[int(0.99 * len(times))]:.1f} ms, "
            f"{len(refused)} refused, {1000 * computed / len(times):.1f} ms of processor time each (start included), {int(memory) // 1024} MB")


def in_process(vpr, recording, db, count, core):
    def run(n):
        before = os.times()
        begun = time.monotonic()
        subprocess.run(["taskset", "-c", str(core), vpr, "--quiet", "identify", "--threads", "1", "--db", db, *[recording] * n], check=True,
                       stdout=subprocess.DEVNULL)
        after = os.times()
        return time.monotonic() - begun, after.children_user + after.children_system - before.children_user - before.children_system

    start, start_computed = run(1)
    passed, computed = run(count + 1)
    return f"{count / (passed - start):.1f} a second, {1000 * (computed - start_computed) / count:.1f} ms of processor time each"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vpr")
    parser.add_argument("recording")
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--core", type=int, default=1)
    options = parser.parse_args()
    vpr, recording = os.path.abspath(options.vpr), os.path.abspath(options.recording)
    os.sched_setaffinity(0, {options.core})
    body = pathlib.Path(recording).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for people in options.people:
            make_store(vpr, recording, people, f"{people}.db")
            for clients in options.clients:
                print(f"{people} enrolled, {clients} clients: {over_http(vpr, body, f'{people}.db', clients, options.seconds, options.core)}", flush=True)
            print(f"{people} enrolled, in one process: {in_process(vpr, recording, f'{people}.db', 200, options.core)}", flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
