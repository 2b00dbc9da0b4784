#!/usr/bin/env bash
# vpr degrade: copies of trial lists with noise, rooms, telephone and cuts.
. "$(dirname "$0")/lib.sh"

mkdir sounds rooms
"$vpr" trim "$data/espeak-en-us-m7-1.flac" -o sounds/voice.wav > /dev/null
python3 - << 'P'
import struct
import wave

with wave.open("rooms/echo.wav", "wb") as out:
    out.setparams((1, 2, 16000, 0, "NONE", ""))
    out.writeframes(struct.pack("<4000h", *([20000] + [0] * 1999 + [9000] + [0] * 1999)))
P
printf '1 flite-slt-1.flac flite-slt-2.flac\n0 flite-slt-1.flac flite-rms-1.flac\n' > trials
all=(--audio-root "$data" --trials trials)
ok "$vpr" --quiet degrade "${all[@]}" -o noisy --noise sounds --snr 0
says '^noisy: 3 files$' out
printf '1\tflite-slt-1.flac.wav\tflite-slt-2.flac.wav\n0\tflite-slt-1.flac.wav\tflite-rms-1.flac.wav\n' > expected
cmp expected noisy/trials || fail "other names in the new list"
ok "$vpr" --quiet degrade "${all[@]}" -o again --noise sounds --snr 0
cmp noisy/flite-slt-1.flac.wav again/flite-slt-1.flac.wav || fail "not the same twice"
ok "$vpr" --quiet degrade "${all[@]}" -o other --noise sounds --snr 0 --seed 2
cmp -s noisy/flite-slt-1.flac.wav other/flite-slt-1.flac.wav && fail "another seed, the same noise"

# seconds FILE
seconds() { python3 -c 'import sys, wave; w = wave.open(sys.argv[1]); print(w.getnframes() / w.getframerate())' "$1"; }
ok "$vpr" --quiet degrade "${all[@]}" -o cut --seconds 0.75 --rooms rooms --telephone
[ "$(seconds cut/flite-slt-2.flac.wav)" = 0.75 ] || fail "not 0.75 s long"

ok "$vpr" --quiet degrade "${all[@]}" -o gsm --codec gsm --clip 0.3
cmp -s gsm/flite-slt-1.flac.wav cut/flite-slt-1.flac.wav && fail "the codec changed nothing"
refused "$vpr" --quiet degrade "${all[@]}" -o x --codec aac
says "codec 'aac' is unknown" err

# What cannot be used is named, and the work goes on; nothing to do is an error.
printf '1 flite-slt-1.flac missing.flac\n0 flite-slt-1.flac flite-rms-1.flac\n' > some
ok "$vpr" --quiet degrade --trials some --audio-root "$data" -o some-out --telephone
says 'missing\.flac' err
says '2 files, 1 could not be used' out
printf '1 missing.flac missing2.flac\n' > none
run "$vpr" --quiet degrade --trials none --audio-root "$data" -o none-out --telephone
expect_status 1 "degrade without a usable file"
refused "$vpr" --quiet degrade "${all[@]}" -o x --noise no-such-folder
printf '1 ../a.flac b.flac\n' > outside
refused "$vpr" --quiet degrade --trials outside --audio-root "$data" -o x
says 'leads out of' err
