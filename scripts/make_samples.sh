#!/usr/bin/env bash
# Makes the sample recordings in data/ with two speech synthesizers. The recordings are committed;
# this is how they came to be. Needs the Debian packages flite, espeak-ng, sox and lame.
set -euo pipefail
cd "$(dirname "$0")/../data"
for tool in flite espeak-ng sox lame; do
  command -v "$tool" > /dev/null || { echo "make_samples.sh: $tool is missing (apt-get install flite espeak-ng sox lame)" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every voice says the same sentences, so that two recordings of one voice share no words and two
# voices can be compared on the same words.
sentences=(
  "The ferry to the northern islands leaves at seven, if the weather is kind."
  "Put the blue folder on my desk and close the window, please."
  "Nobody expected that the small museum would have such a beautiful garden."
  "We measured the river three times, and each time the answer was different."
  "After the concert, a young violinist walked quietly home through the snow."
)
flite_voices=(slt rms awb kal16)
espeak_voices=(en-us+f3 en-gb+m3 en-us+m7)

flac() {  # flac INPUT OUTPUT: 16 kHz, mono, 16 bits; no dither, so that every run gives the same
  sox -R -D "$1" -b 16 -c 1 "$2" norm -3 rate 16000
}

for voice in "${flite_voices[@]}"; do
  for n in 1 2 3 4; do
    flite -voice "$voice" -t "${sentences[n-1]}" -o "$work/a.wav"
    flac "$work/a.wav" "flite-$voice-$n.flac"
  done
done
for voice in "${espeak_voices[@]}"; do
  for n in 1 2 3; do
    espeak-ng -v "$voice" -s 165 -w "$work/a.wav" "${sentences[n-1]}"
    flac "$work/a.wav" "espeak-${voice/+/-}-$n.flac"
  done
done

# Digits that a prompt asks for, in two voices, and others in one of them.
digits() {  # digits VOICE FIGURES WORDS
  flite -voice "$1" -t "$3" -o "$work/a.wav"
  flac "$work/a.wav" "digits/flite-$1-$2.flac"
}
for voice in slt rms; do digits $voice 471903 "four, seven, one, nine, zero, three."; done
digits slt 258640 "two, five, eight, six, four, zero."

# One as people have them: an MP3, 44.1 kHz, stereo.
flite -voice slt -t "${sentences[4]}" -o "$work/a.wav"
sox -R -D "$work/a.wav" -c 2 "$work/b.wav" norm -3 rate 44100
lame --quiet --noreplaygain --resample 44.1 -b 96 "$work/b.wav" flite-slt-5.mp3
