#!/usr/bin/env bash
# What people agreed to, and when they are forgotten.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export VPR_DB=$work/voices.db
slt=$data/flite-slt rms=$data/flite-rms

ok "$vpr" --quiet enroll Ada "$slt-1.flac" --consent "form 17" --forget-after 90d
says '^Ada: 1 utterance enrolled .*; forgotten 20[0-9-]*T[0-9:]*Z$' out
ok "$vpr" --quiet enroll Ada "$slt-2.flac" --json
check 'j["forget_at"] > "2026"'
ok "$vpr" --quiet enroll Bob "$rms-1.flac" --json
check 'j["forget_at"] is None'
usage_error "$vpr" --quiet enroll Eve "$rms-2.flac" --forget-after 90
says 'enroll: --forget-after: must be a number and s, min, h, d, w or y, as 90d, or never, found 90' err
ok "$vpr" speakers show Ada
says '^consent 20[0-9-]*T[0-9:]*Z: form 17$' out
says '^forgotten 20[0-9-]*T[0-9:]*Z$' out
ok "$vpr" speakers list --json
check '[l["consent"] for l in lines] == ["form 17", None] and lines[1]["forget_at"] is None'
ok "$vpr" speakers keep Ada --forget-after never --consent "form 18" --json
check 'j["consent"] == "form 18" and j["forget_at"] is None and j["consented_at"] > "2026"'
ok "$vpr" speakers keep Ada --consent "" --json
check 'j["consent"] is None and j["consented_at"] is None'
ok "$vpr" speakers keep Ada --consent "form 18"
usage_error "$vpr" speakers keep Ada
says '^vpr: error: speakers keep: nothing is to be changed; give --forget-after, --consent or both' err
usage_error "$vpr" speakers keep Ada --forget-after soon
says 'must be a number and s, min, h, d, w or y, as 90d, or never, found soon' err
ok "$vpr" db purge
says '^nobody is due to be forgotten$' out

# An export keeps both; what is due by then is not taken in.
ok "$vpr" speakers export -o before.jsonl
ok "$vpr" speakers keep Ada --forget-after 1s
ok "$vpr" speakers export -o voices.jsonl
sleep 1.2
ok "$vpr" speakers list --json
check '[l["name"] for l in lines] == ["Bob"]'
ok "$vpr" speakers export
check 'out.count("utterances") == 1'
refused "$vpr" verify Ada "$slt-3.flac" # and takes her off the disk
says "nobody is enrolled as 'Ada'" err
ok "$vpr" --quiet identify "$slt-3.flac" --json
check 'j["decision"] is None and j["enrolled"] == 1'
ok "$vpr" db purge --json
check 'j["forgotten"] == [] and j["overwritten"]'
if grep -aq 'form 1[78]' "$VPR_DB"; then fail "what was forgotten is still in the store"; fi
ok "$vpr" speakers import voices.jsonl --db copy.db
ok "$vpr" speakers list --db copy.db --json
check '[l["name"] for l in lines] == ["Bob"]'
ok "$vpr" speakers import before.jsonl --db copy.db
ok "$vpr" speakers show Ada --db copy.db --json
check 'j["consent"] == "form 18" and len(j["utterances"]) == 2'

ok "$vpr" speakers keep Bob --forget-after 1s
sleep 1.2
ok "$vpr" db purge --json
check 'j["forgotten"] == ["Bob"]'
ok "$vpr" db check
