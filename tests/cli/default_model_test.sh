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
cd "$work"

# What makes an answer doubtful elsewhere does so here too: a recording driven into clipping, one of two people.
for voice in slt rms; do
  for n in 1 2 3; do ok "$vpr" trim "$data/flite-$voice-$n.flac" -o "$voice$n.wav"; done
done
python3 - <<'P'
import struct
def samples(name):
    body = open(name, "rb").read()[44:]
    return struct.unpack("<%dh" % (len(body) // 2), body)
def write(name, values):
    body = struct.pack("<%dh" % len(values), *values)
    open(name, "wb").write(b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16) + b"data" + struct.pack("<I", len(body)) + body)
write("clipped.wav", [max(-32768, min(32767, 12 * v)) for v in samples("slt1.wav")])
write("two.wav", [v for voice in ("slt", "rms") for n in "123" for v in samples(voice + n + ".wav")])
P
a=$data/flite-slt-2.flac
ok "$vpr" compare clipped.wav "$a"
says "warning: 'clipped\.wav': overdriven: [0-9.]+ % of it is clipped" err
[ "$(wc -l < err)" -eq 1 ] || fail "more is said than of the clipping"
ok "$vpr" compare "$a" clipped.wav --json
check 'len(j["warnings"]) == 1 and j["warnings"][0].startswith("'"'clipped.wav': overdriven: "'")'
ok "$vpr" compare "$a" two.wav --json
check 'any("two.wav'"'"': more than one voice" in w for w in j["warnings"])'
printf '%s\n' "two.wav $a" "clipped.wav $a" "two.wav two.wav" > pairs
ok "$vpr" compare --pairs pairs --json
check '["more than one voice" in str(l["warnings"]) for l in lines] == [True, False, True]'
check '["overdriven" in str(l["warnings"]) for l in lines] == [False, True, False]'
for what in "more than one voice" overdriven; do
  [ "$(grep -c "$what" err)" -eq 1 ] || fail "each recording is warned of once"
done
ok "$vpr" compare "$a" "$data/flite-slt-1.flac" --json
check 'j["warnings"] == []'
[ ! -s err ] || fail "a warning of good recordings"
