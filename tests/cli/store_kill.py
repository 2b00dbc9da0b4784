"""Kills vpr with SIGKILL at random moments while it changes a store; after each kill the store must
open, hold every change that was acknowledged, and the last one whole or not at all.
usage: store_kill.py VPR KILLS [SEED [postgresql://...]]"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time

vpr, kills = os.path.abspath(sys.argv[1]), int(sys.argv[2])
rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
work = tempfile.mkdtemp()
os.chdir(work)
server = sys.argv[4] if len(sys.argv) > 4 else None
env = {**os.environ, "VPR_DB": server or os.path.join(work, "voices.db"), "HOME": work}
for name in ("VPR_KEY_FILE", "VPR_PASSPHRASE"):
    env.pop(name, None)
for key in ("key1", "key2"):
    with open(key, "wb") as out:
        out.write(bytes(rng.randrange(256) for _ in range(32)))


def vpr_json(*arguments, key=None):
    """The speakers as {name: utterances}, or None if this is not the key."""
    command = [vpr, "-q", *arguments, *(["--key-file", key] if key else [])]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        if "key" in done.stderr or "encrypted" in done.stderr:
            return None
        if "no voices are enrolled" in done.stderr:
            return {}
        sys.exit("cannot open the store after a kill: " + done.stderr)
    return {line["name"]: line["utterances"] for line in map(json.loads, done.stdout.splitlines())}


def wait_for_server():
    """A killed client's last statement, which may be its commit, goes on in the server: until it is over."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while server and subprocess.run(["psql", "-qtAX", "-d", server, "-c", busy], check=True, capture_output=True,
                                    text=True).stdout.strip() != "0":
        time.sleep(0.01)


def speakers(key):
    return vpr_json("speakers", "list", "--json", key=key)


people, key, number, cut, acknowledged = {}, None, 0, 0, 0
started = time.time()
while cut < kills:
    number += 1
    after, after_key = dict(people), key
    action = rng.choice(["import"] * 4 + ["merge"] * 2 + ["remove"] * 3 + ["rename", "key"])
    if action not in ("key", "import") and not people:
        action = "import"
    if action in ("import", "merge"):
        # Several people at once, or more utterances of those who are there, beside new ones: all or none.
        with open("some.jsonl", "w") as out:
            names = ["speaker %d.%d" % (number, i) for i in range(rng.choice([1, 2, 30, 120]))]
            if action == "merge":
                names = rng.sample(sorted(people), min(len(people), 5)) + names[:3]
            for name in names:
                count = rng.randint(1, 4)
                utterances = []
                for _ in range(count):
                    embedding = [0.0] * 192
                    angle = rng.random()
                    embedding[rng.randrange(191)] = math.cos(angle)
                    embedding[191] = math.sin(angle)
                    utterances.append({"network": "0123456789abcdef" * 2, "speech_seconds": 2.0, "embedding": embedding, "source": "x"})
                out.write(json.dumps({"name": name, "utterances": utterances}) + "\n")
                after[name] = after.get(name, 0) + count
        command = ["speakers", "import", "some.jsonl", *(["--merge"] if action == "merge" else [])]
    elif action == "remove":
        name = rng.choice(sorted(people))
        command = ["speakers", "remove", name]
        del after[name]
    elif action == "rename":
        name = rng.choice(sorted(people))
        command = ["speakers", "rename", name, "renamed %d" % number]
        after["renamed %d" % number] = after.pop(name)
    elif key is None:
        if not people and not acknowledged:
            continue
        command, after_key = ["db", "encrypt"], rng.choice(["key1", "key2"])
    elif rng.random() < 0.5:
        command, after_key = ["db", "decrypt"], None
    else:
        after_key = "key2" if key == "key1" else "key1"
        command = ["db", "change-key", "--new-key-file", after_key]
    use = key if action != "key" or command[1] != "encrypt" else after_key
    process = subprocess.Popen([vpr, "-q", *command, *(["--key-file", use] if use else [])], env=env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(rng.uniform(0, 0.15 if server else 0.06))
    process.kill()
    out, error = process.communicate()
    wait_for_server()
    was_killed = process.returncode == -9
    if not was_killed and process.returncode != 0:
        sys.exit("failed without being killed: %s: %s" % (command, error.decode()))
    cut += was_killed
    done = bool(out)
    acknowledged += done
    # With the key after the change first, then with the one before.
    found = speakers(after_key)
    now_key = after_key
    if found is None or (found == people and not done and key == after_key):
        if found is None:
            found, now_key = speakers(key), key
    if found is None:
        sys.exit("neither the old nor the new key opens the store after %s" % command)
    if done and (found != after or now_key != after_key):
        sys.exit("an acknowledged change is lost: %s" % command)
    if found not in (people, after):
        sys.exit("a change is there in part: %s: %s" % (command, set(found) ^ set(after)))
    people, key = found, now_key
    if number % 50 == 0 and acknowledged:
        check = [vpr, "-q", "db", "check", *(["--key-file", key] if key else [])]
        if subprocess.run(check, env=env, capture_output=True).returncode != 0 and people:
            sys.exit("check found damage")
    if len(people) > 200:
        subprocess.run([vpr, "-q", "speakers", "remove", *sorted(people)[:190],
                        *(["--key-file", key] if key else [])], env=env, check=True, capture_output=True)
        people = speakers(key)
print("%d kills, %d changes, %d acknowledged, none lost, none halved, %.0f s" % (
    cut, number, acknowledged, time.time() - started))
