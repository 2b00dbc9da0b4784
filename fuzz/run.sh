#!/usr/bin/env bash
# Runs every fuzzing harness for so many seconds, counts what it executed and ends with 1 if one of
# them found something.
# Usage: fuzz/run.sh SECONDS [HARNESS...]
# Needs: scripts/install-packages.sh build clang; cmake --preset fuzz; cmake --build --preset fuzz
# VPR_FUZZ_CORPUS=FOLDER: where inputs that reach new code are kept, for the next time; findings are
# written to FOLDER/findings. Without it both go to a folder that is removed, findings stay.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:?usage: fuzz/run.sh SECONDS [HARNESS...]}
shift
bin=$here/../build/fuzz/fuzz
if ! compgen -G "$bin/fuzz_*" > /dev/null; then
  echo "fuzz/run.sh: no harnesses in build/fuzz/fuzz; build them with: cmake --preset fuzz && cmake --build --preset fuzz" >&2
  exit 1
fi
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for harness in "$bin"/fuzz_*; do names+=("${harness##*/fuzz_}"); done
fi
scratch=$(mktemp -d)
corpus=${VPR_FUZZ_CORPUS:-$scratch}
findings=$corpus/findings
mkdir -p "$findings"
python3 "$here/make_seeds.py" "$scratch/seeds" > /dev/null
failed=0
total=0
for name in "${names[@]}"; do
  mkdir -p "$corpus/$name" "$scratch/seeds/$name"
  # A second is enough for the slowest recording of 4 KiB; UBSan prints where.
  longest=4096
  if [ "$name" = import ]; then longest=32768; fi  # of a pickle that names a whole network's tensors
  options=(-max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=$longest -print_final_stats=1
    -artifact_prefix="$findings/$name-")
  if [ -e "$here/$name.dict" ]; then options+=(-dict="$here/$name.dict"); fi
  status=0
  UBSAN_OPTIONS=print_stacktrace=1 "$bin/fuzz_$name" "${options[@]}" "$corpus/$name" "$scratch/seeds/$name" \
    > "$scratch/$name.log" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$name.log")
  total=$((total + ${executions:-0}))
  if [ "$status" -ne 0 ]; then
    failed=$((failed + 1))
    echo "$name: FOUND something (exit code $status), see $findings"
    grep -E -m 8 'ERROR|SUMMARY|runtime error|Test unit written' "$scratch/$name.log" | sed 's/^/  /'
  else
    echo "$name: ${executions:-0} executions, nothing found"
  fi
done
echo "${#names[@]} harnesses, $total executions, $failed with findings"
if [ "$failed" -eq 0 ]; then
  rm -rf "$scratch"
  exit 0
fi
exit 1
