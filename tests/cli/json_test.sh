#!/usr/bin/env bash
# Every command that has --json has a schema, and prints what that says. The tests of the commands hold all
# the JSON that they see against the schemas, too (run, in lib.sh); here are those that need no training.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export VPR_DB=$work/voices.db
schemas=$here/../../docs/schemas
slt=$data/flite-slt rms=$data/flite-rms

ok "$vpr" manual pages
for page in pages/vpr-*.1; do
  if sed 's/\\//g' "$page" | grep -E -- '--json' > /dev/null; then basename "$page" .1 | cut -d- -f2-; fi
done | sort > with_json
python3 "$here/schema.py" "$schemas" --commands | tr ' ' - | sort > with_schema
diff with_json with_schema > out || fail "--json without a schema (<), or a schema without (>)"
while read -r command; do
  grep -qF "vpr ${command//-/ }" "$here/../../docs/json.md" || grep -qF "vpr ${command/-/ }" "$here/../../docs/json.md" || grep -qF "vpr $command" "$here/../../docs/json.md" ||
    fail "docs/json.md does not name $command"
done < with_schema

# The checker finds what is wrong.
for bad in '{}' '{"name": 1, "was": "a"}' '{"name": "a", "was": "b", "more": 1}' '[]' 'null'; do
  echo "$bad" > out
  if python3 "$here/schema.py" "$schemas" out speakers rename 2> err; then fail "taken for a renamed speaker: $bad"; fi
done

ok "$vpr" features "$slt-1.flac" --json
ok "$vpr" features "$slt-1.flac" --kind mfcc --stats --json
ok "$vpr" trim "$slt-1.flac" --json
ok "$vpr" inspect "$slt-1.flac" --json
mkdir -p wav/slt wav/rms
cp "$slt"-[123].flac wav/slt
cp "$rms"-[123].flac wav/rms
ok "$vpr" --quiet pack wav -o packed --json
ok "$vpr" --quiet pack --verify packed --json
ok "$vpr" db path --json
printf 'target 2\nnontarget 1\ntarget 3\nnontarget 0\n' > scores
ok "$vpr" eval --scores scores --json
[ -e "$data/../models/default.vpr" ] || exit 0
ok "$vpr" model info --json
ok "$vpr" compare "$slt-1.flac" "$rms-1.flac" --json
printf '%s %s\n%s missing.wav\n' "$slt-1.flac" "$slt-2.flac" "$slt-1.flac" > pairs
run "$vpr" --quiet compare --pairs pairs --json
expect_status 1 "compare of a missing file"
ok "$vpr" --quiet enroll wav --per-folder --json
ok "$vpr" --quiet enroll slt "$slt-1.flac" "$slt-4.flac" --json
run "$vpr" --quiet verify slt missing.wav --json
expect_status 1 "verify of a missing file"
check 'j["decision"] is None and j["score"] is None and "missing.wav" in j["error"]'
ok "$vpr" --quiet verify slt "$slt-5.mp3" --json
run "$vpr" --quiet identify "$slt-4.flac" missing.wav --json
expect_status 1 "identify of a missing file"
ok "$vpr" speakers list --json
ok "$vpr" speakers show slt --json
ok "$vpr" speakers note slt "a note" --json
ok "$vpr" speakers rename rms bdl --json
ok "$vpr" speakers export -o everybody.jsonl --json
ok "$vpr" speakers import everybody.jsonl --db copy.db --json
ok "$vpr" speakers re-embed --json
ok "$vpr" speakers remove bdl --json
ok "$vpr" db check --json
export VPR_PASSPHRASE="a long passphrase"
ok "$vpr" db encrypt --json
