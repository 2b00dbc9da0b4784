#!/usr/bin/env bash
# vpr pack: what it writes can be read by others; what cannot be used is listed.
. "$(dirname "$0")/lib.sh"

# A folder per speaker, with every kind of file that cannot be used.
mkdir -p 'voices/李达康 1' voices/rms
cp "$data"/flite-slt-[12].flac 'voices/李达康 1'
cp "$data"/flite-rms-[12].flac voices/rms
python3 "$here/make_audio.py" voices/bad
run "$vpr" --quiet pack voices -o set
expect_status 0 "pack with bad files"
for file in empty text truncated claims-2gb silent short nan; do
  [ "$(grep -c "$file.wav" err)" -eq 1 ] || fail "expected one line about $file.wav"
done
[ "$(grep -o 'wav.*' err | sed 's/^wav//' | sort -u | grep -c .)" -ge 7 ] || fail "expected seven reasons"

# The tutorial's format, read with nothing but struct.
cat > read_mel64.py << 'P'
import struct
headers = [line.rstrip("\n").split("\t") for line in open("mel.header", encoding="utf-8")]
labels = dict(line.rstrip("\n").split("\t") for line in open("mel.label", encoding="utf-8"))
data = open("mel.data", "rb").read()
position = 0
for key, offset, length in headers:
    (size,) = struct.unpack_from("<I", data, position)
    assert data[position + 4 : position + 4 + size].decode() == key
    (payload,) = struct.unpack_from("<I", data, position + 4 + size)
    assert position + 8 + size == int(offset) and payload == int(length) == 128 * 128 * 8
    values = struct.unpack_from("<16384d", data, int(offset))
    assert min(values) >= 0 and max(values) > 0
    assert key in labels
    position = int(offset) + payload
assert position == len(data)
print(len(headers), *sorted(set(labels.values())), sep="|")
P
run "$vpr" --quiet pack voices -o mel --payload mel64 --crops 3
expect_status 0 "pack --payload mel64"
python3 read_mel64.py > out || fail "a mel64 pack is not as documented"
says '^13\|bad\|rms\|李达康 1$' out

# Shards, joined, are the whole; what was held out of them too.
for s in 1 2; do
  run "$vpr" --quiet pack voices -o part$s --test-every 2 --shard $s/2
  expect_status 0 "pack --shard $s/2"
done
run "$vpr" --quiet pack voices -o whole --test-every 2
expect_status 0 "pack --test-every"
ok "$vpr" --quiet pack --join part1 part2 -o joined --json
check 'j["train"]["prefix"] == "joined" and j["held_out"]["prefix"] == "joined-test"'
for file in data header label json; do
  cmp whole.$file joined.$file || fail "the joined shards are not the whole"
  cmp whole-test.$file joined-test.$file || fail "the joined shards are not the whole, held out"
done
ok "$vpr" --quiet pack voices/rms -o rms
ok "$vpr" --quiet pack --join rms whole -o both
says '^packed [0-9]+ utterances' out
refused "$vpr" --quiet pack --join whole whole -o twice
refused "$vpr" --quiet pack --join whole mel -o mixed
refused "$vpr" --quiet pack --join whole no-such-set -o missing
refused "$vpr" --quiet pack voices -o none --shard 999/999
run "$vpr" --quiet pack voices -o none --shard 2/3  # four files, none of them usable
expect_status 1 "pack of a shard of bad files"
for bad in 0/3 4/3 1 1/ /3 1/0 -1/3 a/b 1/2/3; do
  usage_error "$vpr" pack voices -o none --shard "$bad"
done
usage_error "$vpr" pack --join part1 part2 -o none --shard 1/2
usage_error "$vpr" pack --join part1 part2 -o none --dev-speakers 1

# Damage is found by whoever reads a set.
ok "$vpr" --quiet pack --verify both whole
says '^both: whole, [0-9]+ utterances' out
says '^whole-test: whole' out
python3 - <<'P'
data = bytearray(open("both.data", "rb").read())
data[-100] ^= 1
open("both.data", "wb").write(data)
P
run "$vpr" --quiet pack --verify whole both
expect_status 1 "pack --verify of a damaged set"
says '^both: .*both\.data.*damaged' out
says '1 of 4 data sets' err
run "$vpr" --quiet pack --verify both --json
expect_status 1 "pack --verify of a damaged set"
check 'j[0]["whole"] is False and "both.data" in j[0]["failure"]'
refused "$vpr" --quiet pack --join both -o again
says 'both\.data.*damaged' err
[ ! -e again.header ] || fail "a damaged set was joined"
usage_error "$vpr" pack voices
usage_error "$vpr" pack --verify both -o none
usage_error "$vpr" pack --verify both --top-db 30

# Nothing usable, nothing written.
run "$vpr" --quiet pack voices/bad/no-such-folder -o none
expect_status 1 "pack of a missing folder"
mkdir empty
run "$vpr" --quiet pack empty -o none
expect_status 1 "pack of an empty folder"
[ -z "$(find . -name 'none*')" ] || fail "a pack that failed left files"

# A list whose recordings lie elsewhere.
mkdir -p lists
printf 'rms/flite-rms-1.flac\trms\nrms/flite-rms-2.flac\trms\n' > lists/two.tsv
run "$vpr" --quiet pack lists/two.tsv -o elsewhere
expect_status 1 "pack of a list whose recordings lie elsewhere"
for list in lists/two.tsv "$PWD/lists/two.tsv"; do
  ok "$vpr" --quiet pack "$list" --audio-root voices -o elsewhere
  says '^packed 2 utterances' out
done
