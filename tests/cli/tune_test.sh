#!/usr/bin/env bash
# vpr classify tune: a search, its parts, what it writes.
. "$(dirname "$0")/lib.sh"

ok "$vpr" classify synth emotions --count 6
ok "$vpr" --quiet classify tune emotions --study a.study --trials 7 --folds 2 --features mfcc \
  -o best.vpc --picture search.png --tensorboard runs --json
check 'len(j["trials"]) == 7 and j["best"]["value"] == max(t["value"] for t in j["trials"] if not t["pruned"])'
check 'j["test"]["recordings"] == j["default_test"]["recordings"] == 4 and j["model"] == "best.vpc"'
[ "$(ls runs/trial-00?/*tfevents* | wc -l)" -eq 7 ] || fail "not an event file a trial"
head -c 8 search.png | cmp - <(printf '\x89PNG\r\n\x1a\n') || fail "no picture"
ok "$vpr" --quiet classify predict emotions/sad/sad-001.wav --model best.vpc
for trials in 3 7; do
  ok "$vpr" --quiet classify tune emotions --study b.study --trials $trials --folds 2 --features mfcc
done
says '7 trials on 24 recordings' out
cmp a.study b.study || fail "a study in two parts is another"
refused "$vpr" --quiet classify tune emotions --study a.study --trials 8 --folds 3 --features mfcc
says 'of something else' err
usage_error "$vpr" classify tune emotions
