#!/usr/bin/env bash
# The store in a real PostgreSQL: a private cluster on a free loopback port, stopped at the end.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1 || true)
if [ ! -x "$bin/initdb" ]; then
  echo "SKIPPED: no PostgreSQL server is installed (Debian: postgresql-15)"
  exit 77
fi
as=() # the server refuses to run as root
if [ "$(id -u)" -eq 0 ]; then
  as=(runuser -u nobody --)
  chmod 755 "$work"
fi
cluster=$work/cluster
mkdir "$cluster"
if [ "$(id -u)" -eq 0 ]; then chown nobody "$cluster"; fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$cluster"
"${as[@]}" "$bin/initdb" -D "$cluster/data" -U vpr -A trust -E UTF8 --locale C.UTF-8 --no-sync > "$work/initdb.log" 2>&1 ||
  fail "initdb: $(tail -n 3 "$work/initdb.log")"
"${as[@]}" "$bin/pg_ctl" -D "$cluster/data" -w -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$cluster" \
  -l "$cluster/log" start > /dev/null || fail "the server does not start: $(tail -n 3 "$cluster/log")"
trap '"${as[@]}" "$bin/pg_ctl" -D "$cluster/data" -m immediate stop > /dev/null 2>&1 || true; rm -rf "$work"' EXIT
cd "$work"
sql() { "$bin/psql" -h 127.0.0.1 -p "$port" -U vpr -At -c "$1" "${2:-postgres}"; }
sql 'CREATE DATABASE voices' > /dev/null
export VPR_DB=postgresql://vpr:hidden@127.0.0.1:$port/voices
slt=$data/flite-slt rms=$data/flite-rms

refused "$vpr" speakers list
says 'no voices are enrolled' err
ok "$vpr" --quiet enroll slt "$slt-1.flac" "$slt-2.flac"
ok "$vpr" --quiet enroll '李达康 "R"' "$rms-1.flac" "$rms-2.flac" --keep-audio
ok "$vpr" identify "$slt-4.flac" "$rms-4.flac" "$data/flite-kal16-1.flac" --json
check '[l["decision"] for l in lines] == ["slt", "李达康 \"R\"", None]'
ok "$vpr" speakers rename slt Ada
ok "$vpr" speakers note Ada "a note"
ok "$vpr" speakers show Ada --json
check 'j["note"] == "a note" and len(j["utterances"]) == 2'
ok "$vpr" --quiet enroll gone "$data/flite-awb-1.flac"
ok "$vpr" speakers remove gone
says '^gone: removed$' out # a server's disk is not ours to overwrite
refused "$vpr" speakers rename Ada '李达康 "R"'
ok "$vpr" speakers export -o all.jsonl
ok "$vpr" speakers import all.jsonl --db lite.db
ok "$vpr" verify Ada "$slt-4.flac" --db lite.db
ok "$vpr" db check
says '^postgresql://vpr@127\.0\.0\.1:[0-9]+/voices: sound, 2 speakers, not encrypted$' out

# Two processes at once, each with 500 people: all there, none twice.
many() { # LETTER
  python3 -c '
import json, sys
for i in range(500):
    e = [0.0] * 192
    e[i % 192] = 1.0
    print(json.dumps({"name": "%s %d" % (sys.argv[1], i), "utterances": [{"network": "0" * 32, "speech_seconds": 2.0, "embedding": e}]}))' "$1" > "$1.jsonl"
}
many a
many b
import_both() { # DB PEOPLE: both at once; then so many people are there
  "$vpr" -q speakers import a.jsonl --db "$1" > a.out 2> a.err &
  local first=$!
  "$vpr" -q speakers import b.jsonl --db "$1" > b.out 2> b.err || fail "the second process: $(cat b.err)"
  wait "$first" || fail "the first process: $(cat a.err)"
  ok "$vpr" speakers list --db "$1" --json
  check "len(lines) == $2 and len({l['name'] for l in lines}) == $2"
  ok "$vpr" db check --db "$1"
}
import_both "$VPR_DB" 1002
import_both "$work/lite.db" 1002
for ((i = 0; i < 5; ++i)); do # among them the first moment of a store
  sql "CREATE DATABASE fresh$i" > /dev/null
  import_both "postgresql://vpr@127.0.0.1:$port/fresh$i" 1000
done

# So many that several connections load them, while another process renames and removes.
sql 'CREATE DATABASE crowd' > /dev/null
crowd=postgresql://vpr@127.0.0.1:$port/crowd
ok "$vpr" model info "$(dirname "$data")/models/default.vpr" --json
python3 - > crowd.jsonl << 'P'
import json
import random

info = json.load(open("out"))
rng = random.Random(1)
for i in range(4500):
    e = [rng.gauss(0, 1) for _ in range(info["embedding_dim"])]
    length = sum(x * x for x in e) ** 0.5
    print(json.dumps({"name": "c %d" % i, "utterances": [{"network": info["network_fingerprint"],
        "speech_seconds": 5.0, "embedding": [round(x / length, 7) for x in e]}]}))
P
ok "$vpr" -q speakers import crowd.jsonl --db "$crowd"
ok "$vpr" -q identify "$slt-4.flac" --db "$crowd" --json
check 'j["enrolled"] == 4500'
cp out first
ok "$vpr" -q identify "$slt-4.flac" --db "$crowd" --json # from the templates that one kept
check 'j == parse(open("first").read())'
(for ((i = 0; i < 12; ++i)); do
  "$vpr" -q speakers rename "c $i" "d $i" --db "$crowd" && "$vpr" -q speakers remove "c $((4499 - i))" --db "$crowd" || exit 1
done) > changes.out 2> changes.err &
changes=$!
for ((i = 0; i < 6; ++i)); do
  ok "$vpr" -q identify "$slt-4.flac" --db "$crowd" --json
  check '4488 <= j["enrolled"] <= 4500'
done
wait "$changes" || fail "changes while others load: $(cat changes.err)"
ok "$vpr" -q identify "$slt-4.flac" --db "$crowd" --json
check 'j["enrolled"] == 4488'

# Killed at random moments: nothing lost, nothing halved.
sql 'CREATE DATABASE killed' > /dev/null
PATH="$bin:$PATH" python3 "$(dirname "$0")/store_kill.py" "$vpr" "${VPR_TEST_KILLS:-20}" 1 "postgresql://vpr@127.0.0.1:$port/killed" > out 2>&1 ||
  fail "kill -9: $(cat out)"

# A running process sees what another one changes (LISTEN/NOTIFY).
mkfifo keys
listen() { # NAME: starts identify, which answers once, and again after a line to descriptor 9
  "$vpr" identify --mic-from "$data/flite-awb-1.flac" --seconds 2 --json < keys > "$1.out" 2> "$1.err" &
  running=$!
  exec 9> keys
  echo >&9
  for ((i = 0; i < 300; ++i)); do
    [ -s "$1.out" ] && break
    sleep 0.1
  done
}
listen live
ok "$vpr" --quiet enroll awb "$data/flite-awb-2.flac" "$data/flite-awb-3.flac"
echo >&9
exec 9>&-
wait "$running" || true
python3 - << 'P' || fail "a running process does not see who was enrolled meanwhile"
import json

answers = [json.loads(line) for line in open("live.out")]
assert [a["decision"] for a in answers[:2]] == [None, "awb"], answers
P

# One that has lost its connection says so, and does not go on with what it knew.
listen lost
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'voices'" > /dev/null
echo >&9
exec 9>&-
if wait "$running"; then fail "identify goes on without its database"; fi
says 'cannot use store .*(terminating connection|connection was lost|server closed)' lost.err

# Encrypted, and damage is an error.
head -c 32 /dev/urandom > key
ok "$vpr" db encrypt --key-file key
[ "$(sql "SELECT count(*) FROM speakers WHERE position('李达康'::bytea in data) > 0 OR position('李达康'::bytea in key) > 0" voices)" = 0 ] ||
  fail "a name is in the encrypted store"
refused "$vpr" speakers list
says 'key file' err
ok "$vpr" speakers list --key-file key
says '^Ada' out
sql "UPDATE utterances SET data = overlay(data placing '\x00ff'::bytea from 60) WHERE id = 1" voices > /dev/null
refused "$vpr" db check --key-file key
says 'is damaged' err

# Nobody there, and never the password.
VPR_DB=postgresql://vpr:hidden@127.0.0.1:1/voices run "$vpr" speakers list
expect_status 1 "a server that is not there"
says 'cannot reach the database' err
if grep -q hidden err out; then fail "the password is printed"; fi
ok "$vpr" db path
says '^postgresql://vpr@127\.0\.0\.1:[0-9]+/voices$' out
