#!/usr/bin/env bash
# Files as earlier programs wrote them are read, give what they gave, and are not changed by it
# (tests/fixtures/README.md; stores: old_stores_test).
. "$(dirname "$0")/lib.sh"
fixtures=$here/../fixtures
sums() { (cd "$fixtures" && sha256sum model-* pack-* classifier-* speakers.jsonl); }
sums > before

# gives MODEL VERSION SCORE TOLERANCE: what `compare` then said of two samples.
gives() {
  ok "$vpr" model info "$fixtures/$1" --json
  check "j['format_version'] == $2"
  ok "$vpr" compare --json --threshold 0 --model "$fixtures/$1" "$data/flite-slt-1.flac" "$data/flite-rms-1.flac"
  check "abs(j['score'] - $3) < $4"
}
gives model-v3.vpr 3 0.90871 1e-3
gives model-v4-float16.vpr 4 0.90864 1e-3
# 0.9055 where the processor has VNNI, 0.9067 where not; as floats 0.9087.
gives model-v4-int8.vpr 4 0.9061 2e-3
gives model-v5.vpr 5 13.31420 2e-2
gives model-v6.vpr 6 0.97247 2e-2
gives model-v7.vpr 7 0.90866 1e-3

ok "$vpr" pack --verify "$fixtures/pack-v1"
says 'whole, 4 utterances, fingerprint 3b4517a8e3cf462798f323260d21c646' out
ok "$vpr" classify predict --model "$fixtures/classifier-v1.vpc" "$data/flite-slt-4.flac" --json
check "j['label'] == 'slt' and abs(j['probability'] - 0.26689) < 1e-3"
ok "$vpr" speakers import "$fixtures/speakers.jsonl" --db new.db
ok "$vpr" speakers export --db new.db -o again.jsonl
cmp "$fixtures/speakers.jsonl" again.jsonl || fail "what was exported then is exported otherwise"

sums | cmp -s before - || fail "a file was changed by being read"

# A version to come is refused by its number.
python3 - "$fixtures/model-v3.vpr" <<'PY'
import sys
content = bytearray(open(sys.argv[1], "rb").read())
content[8] = 200
open("later.vpr", "wb").write(content)
PY
refused "$vpr" model info later.vpr
says 'later.vpr.*version 200' err
