#!/usr/bin/env bash
# PyPI's schemathesis over the description that vpr serve gives of itself: all checks, about 10,000 requests.
# Usage: openapi.sh VPR DATA SCHEMATHESIS [EXAMPLES], with DATA the folder of the samples; EXAMPLES a route and phase.
set -euo pipefail
vpr=$(realpath "$1") data=$(realpath "$2") st=$(realpath "$3") here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
cd "$work"
export VPR_TOKENS=$work/tokens.jsonl
for who in slt rms kal16; do "$vpr" --quiet enroll $who "$data/flite-$who-1.flac" --db voices.db > enrolled; done
token=$("$vpr" serve token add all --scope read --scope identify --scope enroll --scope admin)
"$vpr" --quiet serve --listen 127.0.0.1:0 --db voices.db --rate 0 > said &
server=$!
trap 'kill $server; wait $server; rm -r "$work"' EXIT
until grep -q listening said; do sleep 0.1; done
url=$(grep -o 'http://.*' said)
"$st" --config-file "$here/schemathesis.toml" run "$url/openapi.json" -H "Authorization: Bearer $token" \
  --checks all --continue-on-failure --no-shrink --seed 1 -n "${4:-340}"
