# shellcheck shell=bash
# For the end-to-end tests: each is called with the program, the sample recordings' folder and its own
# further arguments, works in a folder that is removed afterwards, and ends at the first failure.
set -euo pipefail
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # used by the tests
vpr=$1 data=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# run COMMAND...: leaves the exit code in $status and what was printed in the files out and err. JSON that
# vpr prints must be as docs/schemas says.
run() {
  status=0
  "$@" > out 2> err || status=$?
  if [ "$1" = "$vpr" ] && [ -s out ] && [[ " $* " = *" --json "* ]]; then
    python3 "$here/schema.py" "$here/../../docs/schemas" out "${@:2}" 2> not_as_said || fail "$(cat not_as_said)"
  fi
}

fail() {
  echo "FAILED: $1" >&2
  echo "last exit code: ${status-}" >&2
  if [ -e out ]; then sed 's/^/stdout: /' out >&2; fi
  if [ -e err ]; then sed 's/^/stderr: /' err >&2; fi
  exit 1
}

expect_status() { [ "$status" -eq "$1" ] || fail "expected exit code $1 from: ${*:2}"; }

# ok COMMAND...: must end with 0.
ok() {
  run "$@"
  expect_status 0 "$@"
}

# usage_error COMMAND...: wrong usage, said on stderr.
usage_error() {
  run "$@"
  expect_status 2 "$@"
  [ ! -s out ] || fail "wrong usage printed on stdout: $*"
  [ -s err ] || fail "wrong usage without a word: $*"
}

# refused COMMAND...: cannot be done; nothing on stdout, one line on stderr.
refused() {
  run "$@"
  expect_status 1 "$@"
  [ ! -s out ] || fail "an error printed on stdout: $*"
  [ "$(wc -l < err)" -eq 1 ] || fail "expected one line on stderr from: $*"
}

# says PATTERN FILE: FILE (out or err) holds the extended regular expression.
says() { grep -qE -- "$1" "$2" || fail "expected in $2: $1"; }

# check EXPRESSION: a Python expression that must be true; `out` is the text on stdout, `j` the same
# as JSON if it is, `lines` its lines as JSON if they are.
check() { python3 "$here/check.py" "$1" || fail "not so: $1"; }

# all_pairs FILE: a list of trials, all pairs of sample recordings; the voice of flite-slt-1.flac is
# flite-slt.
all_pairs() {
  local names=() file i k
  for file in "$data"/*.flac; do names+=("$(basename "$file" .flac)"); done
  for ((i = 0; i < ${#names[@]}; ++i)); do
    for ((k = 0; k < i; ++k)); do
      if [ "${names[i]%-*}" = "${names[k]%-*}" ]; then echo -n 1; else echo -n 0; fi
      echo " ${names[i]}.flac ${names[k]}.flac"
    done
  done > "$1"
}
