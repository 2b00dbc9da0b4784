"""How long it takes until what another process enrolls or removes counts in vpr serve.

Usage: refresh.py VPR KNOWN OTHER [--people N] [--times N]

KNOWN and OTHER are recordings of two people. N people are enrolled (the voice of KNOWN and random ones); then another
process imports the voice of OTHER, and removes it, again and again. Printed is the time from the end of that process to
the first identification that says so, and the processor time that the service spends on a change.
"""
import argparse
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import service


def processor_time(pid):
    ticks = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vpr")
    parser.add_argument("known")
    parser.add_argument("other")
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args()
    vpr, known, other = (os.path.abspath(path) for path in (options.vpr, options.known, options.other))
    body = pathlib.Path(other).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        service.make_store(vpr, known, options.people, "many.db")
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([vpr, "--quiet", "enroll", "other", other, "--db", "other.db"], **quiet)
        subprocess.run([vpr, "speakers", "export", "-o", "other.jsonl", "--db", "other.db"], **quiet)
        server = subprocess.Popen([vpr, "--quiet", "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--tokens", "no-tokens", "--db", "many.db"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = int(re.search(r":(\d+)$", server.stdout.readline())[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def until(name):
            begun = time.monotonic()
            while True:
                connection.request("POST", "/v1/identify", body)
                if json.loads(connection.getresponse().read())["decision"] == name:
                    return time.monotonic() - begun
                time.sleep(0.01)

        until(None)
        waits = {"enrolled": [], "removed": []}
        for _ in range(options.times):
            subprocess.run([vpr, "--quiet", "speakers", "import", "other.jsonl", "--db", "many.db"], **quiet)
            waits["enrolled"].append(until("other"))
            subprocess.run([vpr, "--quiet", "speakers", "remove", "other", "--db", "many.db"], **quiet)
            waits["removed"].append(until(None))
        for what, times in waits.items():
            print(f"{options.people} enrolled, one more {what}: counts after {statistics.median(times):.2f} s (median), {max(times):.2f} s (longest of {len(times)})")
        time.sleep(3)
        before = processor_time(server.pid)
        time.sleep(5)
        idle = (processor_time(server.pid) - before) / 5
        before, begun = processor_time(server.pid), time.monotonic()
        for _ in range(options.times):
            subprocess.run([vpr, "--quiet", "speakers", "import", "other.jsonl", "--db", "many.db"], **quiet)
            time.sleep(2.5)
            subprocess.run([vpr, "--quiet", "speakers", "remove", "other", "--db", "many.db"], **quiet)
            time.sleep(2.5)
        spent = processor_time(server.pid) - before - idle * (time.monotonic() - begun)
        print(f"{1000 * spent / (2 * options.times):.1f} ms of processor time a change, {1000 * idle:.1f} ms a second without any")
        server.terminate()
        server.wait()
        os.chdir("/")


main()
