#!/usr/bin/env bash
# kill -9 during pack and train leaves the old complete files or none, and training goes on.
. "$(dirname "$0")/lib.sh"

# await COMMAND...: until it succeeds or the program in the background has ended.
await() {
  for _ in $(seq 3000); do
    if "$@" 2> /dev/null || ! kill -0 "$pid" 2> /dev/null; then return; fi
    sleep 0.02
  done
  fail "never came: $*"
}
kill_now() {
  kill -9 "$pid" 2> /dev/null || true
  wait "$pid" 2> /dev/null || true
}
exists() { compgen -G "$1" > /dev/null; }

# Enough recordings for pack to be met at work.
mkdir -p many/slt many/rms few/slt few/rms
for voice in slt rms; do
  cp "$data/flite-$voice-1.flac" few/$voice
  for n in $(seq 300); do ln -s "$data/flite-$voice-1.flac" "many/$voice/$n.flac"; done
done
mkdir reference
ok "$vpr" --quiet pack many -o reference/new
ok "$vpr" --quiet pack few -o reference/old

same_set() {  # same_set PREFIX PREFIX: byte for byte, what differs in place apart
  cmp -s "$1.data" "$2.data" && cmp -s "$1.header" "$2.header" && cmp -s "$1.label" "$2.label"
}
for old in none few; do
  rm -rf set && mkdir set
  if [ $old = few ]; then ok "$vpr" --quiet pack few -o set/s; fi
  "$vpr" --quiet pack many -o set/s > out 2> err &
  pid=$!
  await exists 'set/*.tmp.*'
  kill_now
  if [ $old = none ] && [ ! -e set/s.header ]; then continue; fi
  same_set set/s reference/old || same_set set/s reference/new || fail "a killed pack left a mixture"
done
ok "$vpr" --quiet pack many -o set/s
same_set set/s reference/new || fail "packing again after a kill gave another set"

# Training: killed once there is a checkpoint, it goes on from there to the end.
for n in 2 3 4; do
  for voice in slt rms; do cp "$data/flite-$voice-$n.flac" few/$voice; done
done
ok "$vpr" --quiet pack few -o few/set
"$vpr" --quiet train few/set -o m.vpr --hold-out 0 --epochs 8 --crops-per-epoch 32 --batch-size 8 \
  --threads 1 > out 2> err &
pid=$!
await exists 'm.vpr.run/checkpoint.vpt'
kill_now
ok "$vpr" --quiet train --resume m.vpr.run --json
check 'j["epochs"] == 8'
