#!/usr/bin/env bash
# Training, embedding and evaluation over data far larger than the memory they may use: a packed set
# and lists of many utterances, each command in a memory cgroup of its own (needs root).
# Usage: bench/scale.sh BIN SCRATCH [UTTERANCES] [MEGABYTES]     BIN: a build's bin folder, with
#   VPR_BUILD_BENCH; default: 10,000,000 utterances, a cap of 1,000 MB. SCRATCH takes 9 GB.
# Prints for each command its exit code, seconds, greatest resident anonymous memory (what the cap
# cannot take back) and the greatest charge to the cgroup, which includes cached pages of files.
set -euo pipefail
bin=$(realpath "$1") scratch=$2 utterances=${3:-10000000} megabytes=${4:-1000}
data=$(realpath "$(dirname "$0")/../data")
mkdir -p "$scratch"
cd "$scratch"
export LC_ALL=C.UTF-8

group=
if [ -w /sys/fs/cgroup/memory ]; then  # version 1
  group=/sys/fs/cgroup/memory/vpr-scale limit=memory.limit_in_bytes peak=memory.max_usage_in_bytes
elif grep -qw memory /sys/fs/cgroup/cgroup.controllers 2> /dev/null && [ -w /sys/fs/cgroup ]; then
  echo +memory > /sys/fs/cgroup/cgroup.subtree_control
  group=/sys/fs/cgroup/vpr-scale limit=memory.max peak=memory.peak
else
  echo "scale.sh: cannot make a memory cgroup" >&2
  exit 1
fi
trap 'rmdir "$group" 2> /dev/null || true' EXIT

capped() {  # capped NAME COMMAND...
  local name=$1 status=0 pid anonymous=0 now begin
  shift
  mkdir "$group"
  echo $((megabytes * 1000000)) > "$group/$limit"
  begin=$(date +%s)
  sh -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$group" "$@" > "$name.out" 2> "$name.err" &
  pid=$!
  while kill -0 "$pid" 2> /dev/null; do
    now=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2> /dev/null || true)
    if [ "${now:-0}" -gt "$anonymous" ]; then anonymous=$now; fi
    sleep 0.2
  done
  wait "$pid" || status=$?
  printf '%-28s exit %d, %5d s, anonymous %5d MB, charged %5d MB\n' "$name" "$status" \
    $(($(date +%s) - begin)) $((anonymous * 1024 / 1000000)) $(($(cat "$group/$peak") / 1000000))
  rmdir "$group"
  [ "$status" -eq 0 ] || tail -1 "$name.err"
}

if [ ! -e big.header ]; then capped write "$bin/synthetic_set" big "$utterances" 20000 320; fi
ls -l big.data big.header big.label | awk '{ print $9, int($5 / 1e6), "MB" }'

rm -rf model.vpr model.vpr.run
cat > settings.toml << 'T'
[scoring]
cohort_speakers = 0
T
capped train "$bin/vpr" train big -o model.vpr --config settings.toml --epochs 1 \
  --crops-per-epoch 320 --batch-size 32 --threads 1

# Few recordings under many names: what counts is the length of the lists.
mkdir -p recordings
cp "$data"/*.flac recordings
names=(recordings/*.flac)
if [ ! -e files.txt ]; then
  printf '%s\n' "${names[@]}" > once.txt
  yes "$(cat once.txt)" | head -n "$utterances" > files.txt || true
  awk '{ a[NR] = $0 } END { for (i = 0; i < n; ++i) { p = a[i % NR + 1]; q = a[int(i / NR) % NR + 1]
    x = p; y = q; sub(/-[0-9]*\.flac$/, "", x); sub(/-[0-9]*\.flac$/, "", y)
    s = (x == y ? 1 : 0) + ((i * 7919) % 1000003) / 1000003 * 1.5
    print (x == y ? 1 : 0), p, q > "trials.txt"
    printf "%s %s %.6f %s\n", p, q, s, (x == y ? "target" : "nontarget") > "scores.txt" } }' \
    n="$utterances" once.txt
fi
capped embed-shard "$bin/vpr" embed --list files.txt --shard "7/$((utterances / 200))" -o out.npy
capped embed-longer-shard "$bin/vpr" embed --list files.txt --shard "7/$((utterances / 2000))" \
  -o out.npy
capped eval-trials "$bin/vpr" eval --trials trials.txt --no-intervals
capped eval-scores "$bin/vpr" eval --scores scores.txt --no-intervals
