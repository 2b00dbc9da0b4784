"""Whether the time of an answer tells how much of a token is right.

Usage: token_timing.py VPR [REQUESTS], with REQUESTS of each kind (20000). Kinds come in random order, each
over a connection of its own, which a refusal ends, and from another address, so that none is told to wait.
"""
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

VPR, COUNT = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20000
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def other(letter, numbers):
    return numbers.choice([one for one in LETTERS if one != letter])


def main():
    numbers = random.Random(1)
    environment = {**os.environ, "VPR_TOKENS": os.path.abspath("tokens.jsonl")}
    tokens = [subprocess.run([VPR, "serve", "token", "add", f"t{i}", "--scope", "read"], check=True, stdout=subprocess.PIPE, text=True,
                             env=environment).stdout.strip() for i in range(20)]
    right = tokens[10]
    server = subprocess.Popen([VPR, "--quiet", "serve", "--listen", "127.0.0.1:0", "--rate", "0", "--behind-proxy", "--db", "none.db"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        port = int(re.search(r":(\d+)$", server.stdout.readline())[1])
        kinds = {
            "right but for the last character": lambda: right[:-1] + other(right[-1], numbers),
            "right in its first half": lambda: right[:24] + "".join(numbers.choices(LETTERS, k=len(right) - 24)),
            "wrong from the first character": lambda: "vpr_" + other(right[4], numbers) + "".join(numbers.choices(LETTERS, k=len(right) - 5)),
            "the same wrong one again": lambda: "vpr_" + "A" * (len(right) - 4),
        }
        order = [kind for kind in kinds for _ in range(COUNT)]
        numbers.shuffle(order)
        times = {kind: [] for kind in kinds}
        for number, kind in enumerate(order):
            request = (f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
                       f"Authorization: Bearer {kinds[kind]()}\r\n\r\n").encode()
            with socket.create_connection(("127.0.0.1", port)) as connection:
                begun = time.perf_counter_ns()
                connection.sendall(request)
                answer = connection.recv(4096)
                times[kind].append(time.perf_counter_ns() - begun)
            assert answer.startswith(b"HTTP/1.1 401 "), answer
        for kind, taken in times.items():
            # 95 % of the median, from the ranks that a binomial distribution leaves.
            taken.sort()
            half = int(0.98 * len(taken) ** 0.5)
            middle = len(taken) // 2
            print(f"{kind}: {len(taken)} requests, median {statistics.median(taken) / 1000:.2f} us "
                  f"(95 %: {taken[middle - half] / 1000:.2f} to {taken[middle + half] / 1000:.2f}), "
                  f"quartiles {taken[len(taken) // 4] / 1000:.2f} and {taken[3 * len(taken) // 4] / 1000:.2f}")
    finally:
        server.terminate()
        server.wait(60)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
    os.chdir("/")
