#!/usr/bin/env bash
# vpr cluster and vpr groups: recordings sorted by voice, names, enrolling, taking back.
. "$(dirname "$0")/lib.sh"
export VPR_DB=$work/voices.db
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE

mkdir -p memos/deeper
cp "$data"/flite-slt-[124].flac "$data"/flite-rms-[12].flac memos
cp "$data"/flite-awb-[12].flac memos/deeper
echo notes > memos/read.txt
ok "$vpr" cluster memos -o groups --json
check 'sorted(sorted({name.split("/")[-1].split("-")[1] for name in one["files"]}) for one in lines) == [["awb"], ["rms"], ["slt"]]'
check 'sorted(len(one["files"]) for one in lines) == [2, 2, 3] and all(one["likeness"] > 0 for one in lines)'
says '1 \.txt' err
[ "$(stat -c %a groups)" = 600 ] || fail "others can read the groups"

# More of the same people; what is there already is not heard twice.
ok "$vpr" cluster memos "$data/flite-rms-3.flac" -o groups --json
check 'sorted(len(one["files"]) for one in lines) == [2, 3, 3]'
says '7 recordings are in the groups already' err
ok "$vpr" groups show groups
says '^voice 1: [23] recordings, [0-9.]+ s of speech$' out
says '^  /.*flite-rms-3.flac$' out
usage_error "$vpr" cluster
refused "$vpr" cluster "$data/flite-slt-5.mp3" -o groups --fmr 1%
says 'has its threshold' err
refused "$vpr" cluster "$data/flite-slt-5.mp3" -o "$data/flite-slt-1.flac"
says 'cannot be read as groups of voices, line 1' err

# Decisions, and back.
ok "$vpr" groups show groups --json
python3 -c '
import json
for line in open("out"):
    one = json.loads(line)
    print(one["files"][0].split("/")[-1].split("-")[1], one["voice"])' > numbers
slt=$(sed -n 's/^slt //p' numbers) rms=$(sed -n 's/^rms //p' numbers)
ok "$vpr" groups confirm groups "$slt" Ada
says "^voice $slt is Ada$" out
ok "$vpr" groups dismiss groups "$rms" --json
check 'j["decision"] == "dismiss"'
before=$(cat groups)
ok "$vpr" groups separate groups "$(readlink -f memos/flite-slt-4.flac)" --json
ok "$vpr" groups show groups
says '^voice 4: 1 recording' out
says "^voice $slt, Ada: 2 recordings" out
says "^voice $rms, dismissed: 3 recordings" out
ok "$vpr" groups undo groups --json
check 'j["decision"] == "separate"'
[ "$(sed 1d groups)" = "$(echo "$before" | sed 1d)" ] || fail "what was taken back is still there"
refused "$vpr" groups confirm groups 99 Bob
says 'there is no voice 99' err
refused "$vpr" groups confirm groups 1 $'a\nb'
refused "$vpr" groups separate groups nothing.wav
usage_error "$vpr" groups confirm groups

# Enrolled from the voiceprints alone, once.
rm -r memos
ok "$vpr" --quiet groups enroll groups --json
check 'j["name"] == "Ada" and j["utterances"] == 3'
ok "$vpr" --quiet groups enroll groups
ok "$vpr" speakers list --json
check '[one["utterances"] for one in lines] == [3]'
ok "$vpr" --quiet identify "$data/flite-slt-5.mp3" --json
check 'j["decision"] == "Ada"'
# And then recognised among others' recordings.
ok "$vpr" --quiet cluster "$data/flite-slt-3.flac" "$data/flite-awb-1.flac" --json
check '[(one["nearest"], one["known"]) for one in lines] == [("Ada", True), ("Ada", False)]'
cp groups empty && sed -i /confirm/d empty
refused "$vpr" groups enroll empty
says 'has a name yet' err
