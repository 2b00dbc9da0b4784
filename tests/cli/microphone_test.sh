#!/usr/bin/env bash
# The tutorial's scene through PortAudio: ALSA's file plugin stands in for the sound card.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export HOME=$work VPR_DB=$work/voices.db
plays() { # FILE: the microphone delivers this recording
  "$vpr" trim "$1" --top-db 80 -o playing.wav > /dev/null
  python3 - << 'P'
import wave

with wave.open("playing.wav") as file:
    samples = file.readframes(file.getnframes())
open("playing.raw", "wb").write(samples * 3)
P
  cat > .asoundrc << A
pcm.!default { type plug slave.pcm "filemic" }
pcm.filemic { type file slave.pcm "null" file "/dev/null" infile "$work/playing.raw" format "raw" }
pcm.null { type null }
ctl.!default { type hw card 0 }
A
}

plays "$data/flite-slt-4.flac"
if ! "$vpr" devices > out 2> err || ! grep -q default out; then
  echo "SKIPPED: ALSA's file plugin gives PortAudio no input device here: $(cat err)"
  exit 77
fi
ok "$vpr" devices --json
check 'any(l["default"] for l in lines) and all(l["channels"] > 0 for l in lines)'
ok "$vpr" --quiet enroll slt "$data/flite-slt-1.flac" "$data/flite-slt-2.flac"
ok "$vpr" --quiet enroll rms "$data/flite-rms-1.flac" "$data/flite-rms-2.flac"
# Enter, an answer, Enter, an answer.
printf '\n\n' | "$vpr" --quiet identify --mic --json > out 2> err || fail "identify --mic"
check '[l["decision"] for l in lines] == ["slt", "slt"] and lines[0]["file"] == "microphone"'
ok "$vpr" --quiet verify slt --mic --exit-status
says '^accepted: slt$' out
plays "$data/flite-rms-4.flac"
ok "$vpr" --quiet verify rms --mic --mic-device default
says '^accepted: rms$' out
plays "$data/flite-kal16-1.flac"
printf '\n' | "$vpr" --quiet identify --mic > out || fail "identify --mic of a stranger"
says 'unknown speaker' out
ok "$vpr" --quiet enroll kal --mic --seconds 3
printf '\n' | "$vpr" --quiet identify --mic > out || fail "identify --mic of who has just enrolled"
says 'kal' out
head -c 200000 /dev/zero > playing.raw
printf '\n' | "$vpr" --quiet identify --mic > out 2> err || fail "identify --mic that is muted"
says '^microphone	no speech$' out
says 'nothing but zeros; is the microphone muted\?' err
refused "$vpr" --quiet verify slt --mic
refused "$vpr" --quiet identify --mic --mic-device 'no such device' < /dev/null
says 'vpr devices' err
rm .asoundrc
refused "$vpr" --quiet identify --mic < /dev/null
says 'microphone' err
