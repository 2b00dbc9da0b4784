#!/usr/bin/env bash
# The model that comes with vpr, on the synthetic voices, found without being named.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL

decision() { python3 -c 'import json; print(json.load(open("out"))["decision"])'; }
same() {
  ok "$vpr" compare "$data/$1" "$data/$2" --json
  [ "$(decision)" = "same speaker" ] || fail "$1 and $2 are one voice"
}
different() {
  ok "$vpr" compare "$data/$1" "$data/$2" --json
  [ "$(decision)" = "different speakers" ] || fail "$1 and $2 are two voices"
}
same flite-slt-1.flac flite-slt-2.flac
same flite-rms-1.flac flite-rms-3.flac
same flite-slt-1.flac flite-slt-5.mp3
different flite-slt-1.flac flite-rms-1.flac
different flite-awb-2.flac flite-rms-2.flac
different flite-awb-2.flac flite-slt-5.mp3
different flite-rms-2.flac flite-slt-5.mp3

# It says how sure it is: calibrated, with thresholds for wanted false match rates.
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac"
says '^score +[0-9.]+$' out
says '^cosine +0\.[0-9]+$' out
says '^LLR +\+[0-9.]+  \(over 99\.99 % probable' out
ok "$vpr" compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac" --fmr 0.1% --json
check 'j["fmr"] <= 0.001 and j["decision"] == "same speaker"'

# Found from wherever the program is called, by whatever name.
cd /
ok_elsewhere=$("$vpr" compare "$data/flite-slt-1.flac" "$data/flite-slt-2.flac")
[ -n "$ok_elsewhere" ] || fail "the default model is not found from another folder"
