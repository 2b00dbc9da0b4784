#!/usr/bin/env bash
# vpr simulate-meetings: recordings, their truth, the same seed, refusals.
. "$(dirname "$0")/lib.sh"

mkdir -p people
for file in "$data"/*.flac; do
  name=$(basename "$file" .flac)
  mkdir -p "people/${name%-*}"
  cp "$file" "people/${name%-*}/"
done
ok "$vpr" pack people -o set
ok "$vpr" simulate-meetings set -o a --speakers 2 --minutes 0.5 --meetings 2 --microphones 2 --json
check 'len(lines) == 4 and all(len(one["people"]) == 2 for one in lines)'
[ "$(stat -c %s a/meeting-001-mic-2.wav)" -eq 960044 ] || fail "not 30 s of 16 kHz"
[ "$(wc -l < a/meeting-002-mic-1.people)" -eq 2 ] || fail "not two people"
ok "$vpr" der a/meeting-001-mic-1.rttm a/meeting-001-mic-1.rttm --json
check 'j["full"]["der"] == 0 and j["reference_speakers"] == 2'
ok "$vpr" simulate-meetings set -o b --speakers 2 --minutes 0.5 --meetings 2 --microphones 2
diff -r a b || fail "the same seed gave another meeting"
ok "$vpr" simulate-meetings set -o c --speakers 2 --minutes 0.5 --seed 2 --noise people --rooms people --snr 5

usage_error "$vpr" simulate-meetings set
usage_error "$vpr" simulate-meetings set -o d --overlap 2
refused "$vpr" simulate-meetings missing -o d
refused "$vpr" simulate-meetings set -o d --speakers 90
says 'are wanted' err
