#!/usr/bin/env bash
# A sound card that knows only its own rate, is refused, pulled out, or falls silent.
# sound_card_test.sh VPR DATA FAKE_SOUND_CARD
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export HOME=$work VPR_DB=$work/voices.db SOUND_CARD_PLAYS=$work/playing.raw
card=$1
if ! LD_PRELOAD=$card "$vpr" devices > out 2> err || ! grep -q 'Test Card' out; then
  echo "SKIPPED: the program takes no stand-in for PortAudio here (a sanitizer build): $(head -n 1 err)"
  exit 77
fi
ok "$vpr" --quiet enroll slt "$data/flite-slt-1.flac" "$data/flite-slt-2.flac"
ok "$vpr" --quiet enroll rms "$data/flite-rms-1.flac" "$data/flite-rms-2.flac"
"$vpr" trim "$data/flite-slt-4.flac" --top-db 80 -o playing.wav > /dev/null
python3 - << 'P'
import array
import wave

with wave.open("playing.wav") as file:
    samples = array.array("h", file.readframes(file.getnframes()))
three = array.array("h")
for a, b in zip(samples, samples[1:]):
    three.extend((a, (2 * a + b) // 3, (a + 2 * b) // 3))
open("playing.raw", "wb").write(three.tobytes())
P
export LD_PRELOAD=$card
printf '\n' | "$vpr" --quiet identify --mic --json > out 2> err || fail "a card of 48 kHz: $(cat err)"
check 'lines[0]["decision"] == "slt"'
SOUND_CARD_FAULT=refused refused "$vpr" --quiet verify slt --mic
says "cannot open microphone 'Test Card \(48 kHz\)': Device unavailable; is another program using it, or may this user not" err
for fault in unplugged stuck; do
  SOUND_CARD_FAULT=$fault refused "$vpr" --quiet verify slt --mic
  says "has stopped delivering; was it unplugged\?" err
  SOUND_CARD_FAULT=$fault refused timeout 60 "$vpr" --quiet identify --mic --live
  says "has stopped delivering; was it unplugged\?" err
done
SOUND_CARD_FAULT=none refused "$vpr" --quiet verify slt --mic
says 'no microphone found' err
