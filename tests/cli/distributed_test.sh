#!/usr/bin/env bash
# Several processes that train one network: the same losses as one process, and what happens when one
# of them dies.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL RANK WORLD_SIZE MASTER_ADDR MASTER_PORT LOCAL_RANK
for file in "$data"/*.flac; do
  name=$(basename "$file" .flac)
  printf '%s\t%s\n' "$file" "${name%-*}"
done > voices.tsv
ok "$vpr" --quiet pack voices.tsv -o set --dev-speakers 3
settings=(--batch-size 8 --lr 0.02 --precision float32 --threads 1 --seed 3)
# Two steps, whose second loss needs the gradients of the first: later, rounding grows in so small a
# training until nothing is comparable.
two_steps=(--epochs 1 --crops-per-epoch 16 "${settings[@]}")
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# together N ARGUMENTS...: N processes; leaves their exit codes in codes, their words in out.K, err.K
together() {
  local n=$1 k pids=()
  shift
  export WORLD_SIZE=$n MASTER_ADDR=127.0.0.1 MASTER_PORT
  MASTER_PORT=$(free_port)
  rm -f out.* err.* # the last ones' words are not these ones'
  for ((k = 0; k < n; ++k)); do
    RANK=$k "$vpr" train "$@" > "out.$k" 2> "err.$k" &
    pids+=($!)
  done
  started=("${pids[@]}")
  if [ -n "${victim:-}" ]; then
    for ((k = 0; k < 600; ++k)); do
      if [ -s err.0 ] && grep -q 'epoch 1: ' err.0; then break; fi
      sleep 0.1
    done
    kill -9 "${pids[$victim]}"
    SECONDS=0
  fi
  codes=()
  for k in "${pids[@]}"; do
    local code=0
    wait "$k" || code=$?
    codes+=("$code")
  done
  unset WORLD_SIZE MASTER_ADDR MASTER_PORT
}
ok "$vpr" --quiet train set -o one.vpr "${two_steps[@]}"
for n in 2 4; do
  together "$n" set -o "$n.vpr" "${two_steps[@]}"
  [ "${codes[*]}" = "$(printf '0 %.0s' $(seq "$n") | sed 's/ $//')" ] || fail "$n processes: ${codes[*]}: $(cat err.*)"
  [ -s out.0 ] && [ ! -s out.1 ] || fail "not the first process alone reports"
  python3 - "$n" << 'P' || fail "$n processes learn something else than one"
import csv, sys

one, many = (list(csv.DictReader(open(f + ".vpr.run/metrics.csv"))) for f in ("one", sys.argv[1]))
assert len(one) == len(many) == 1
a, b = one[0], many[0]
assert abs(float(a["loss"]) - float(b["loss"])) <= 1e-5 * float(a["loss"]), (a, b)
assert a["accuracy"] == b["accuracy"], (a, b)
P
done

# One dies: the others end soon, with a reason; --resume goes on, with another number of processes.
victim=1 together 2 set -o dead.vpr "${settings[@]}" --crops-per-epoch 64 --epochs 400
[ "${codes[0]}" = 1 ] && [ "$SECONDS" -lt 30 ] || fail "after a death: ${codes[*]} in $SECONDS s"
grep -q 'another process of this training is gone (seen by process 0 of 2' err.0 || fail "no reason: $(cat err.0)"
grep -q -- '--resume' err.0 || fail "no way out: $(cat err.0)"
epochs=$(($(wc -l < dead.vpr.run/metrics.csv) + 1)) # two more
together 4 --resume dead.vpr.run --epochs "$epochs"
[ "${codes[*]}" = "0 0 0 0" ] || fail "resumed by 4: ${codes[*]}: $(cat err.*)"
python3 -c '
import csv
import sys
assert [int(r["epoch"]) for r in csv.DictReader(open("dead.vpr.run/metrics.csv"))] == list(range(1, int(sys.argv[1]) + 1))' "$epochs" ||
  fail "not all epochs are there"

# Wrong use.
WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=1234 RANK=2 refused "$vpr" --quiet train set -o x.vpr
says 'RANK to be 0 to 1, found .2.' err
WORLD_SIZE=2 MASTER_PORT=1234 RANK=0 refused "$vpr" --quiet train set -o x.vpr
says 'MASTER_ADDR' err
