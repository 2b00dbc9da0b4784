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
for file in empty text truncated claims-4gb silent short nan; do
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

# Nothing usable, nothing written.
run "$vpr" --quiet pack voices/bad/no-such-folder -o none
expect_status 1 "pack of a missing folder"
mkdir empty
run "$vpr" --quiet pack empty -o none
expect_status 1 "pack of an empty folder"
[ -z "$(find . -name 'none*')" ] || fail "a pack that failed left files"
