#!/usr/bin/env bash
# vpr diarize: two voices by name or number, formats that are read back, refusals.
. "$(dirname "$0")/lib.sh"
export VPR_DB=$work/voices.db
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE

# slt speaks, then rms, then slt, half a second apart.
python3 - "$vpr" "$data" << 'P'
import struct, subprocess, sys, wave
vpr, data = sys.argv[1:]
samples, truth = b"", []
for name, speaker in (("flite-slt-1", "slt"), ("flite-rms-1", "rms"), ("flite-slt-2", "slt"), ("flite-rms-2", "rms"),
                      ("flite-slt-3", "slt"), ("flite-rms-3", "rms")):
    subprocess.run([vpr, "--quiet", "trim", f"{data}/{name}.flac", "-o", "one.wav"], check=True, stdout=subprocess.DEVNULL)
    with wave.open("one.wav") as one:
        frames = one.readframes(one.getnframes())
    truth.append((len(samples) / 32000, len(frames) / 32000, speaker))
    samples += frames + bytes(16000)
with wave.open("meeting.wav", "wb") as out:
    out.setparams((1, 2, 16000, 0, "NONE", ""))
    out.writeframes(samples)
with open("truth.rttm", "w") as out:
    for begin, seconds, speaker in truth:
        print(f"SPEAKER meeting 1 {begin:.3f} {seconds:.3f} <NA> <NA> {speaker} <NA> <NA>", file=out)
P
# Nobody is enrolled: numbers.
ok "$vpr" --quiet diarize meeting.wav --speakers 2 -o found.rttm
ok "$vpr" der truth.rttm found.rttm --json
check 'j["fair"]["der"] < 0.1 and j["hypothesis_speakers"] == 2'
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --json
check '[one["speaker"] for one in j["speakers"]] == ["speaker 1", "speaker 2"] and j["enrolled"] == 0'
check 'all(one["begin"] < one["end"] for one in j["turns"]) and not any(one["known"] for one in j["turns"])'

# One of both is enrolled, the other stays a stranger.
ok "$vpr" --quiet enroll slt "$data/flite-slt-4.flac" "$data/flite-slt-5.mp3"
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --json
check '[(one["speaker"], one["known"]) for one in j["speakers"]] == [("slt", True), ("speaker 1", False)]'
echo slt > enrolled
ok "$vpr" --quiet diarize meeting.wav --speakers 2 -o found.rttm
ok "$vpr" der truth.rttm found.rttm --enrolled enrolled --json
check 'j["names"]["right"] > 0.85 * j["names"]["enrolled"] and j["names"]["strangers_named"] < 0.1 * j["names"]["strangers"]'

# The other formats say the same.
ok "$vpr" --quiet diarize meeting.wav --speakers 2 -o found.srt
says '^1$' found.srt
says '^00:00:0[0-9],[0-9]{3} --> 00:00:[0-9]{2},[0-9]{3}$' found.srt
says '^slt$' found.srt
ok "$vpr" --quiet diarize meeting.wav --speakers 2 -o found.vtt
says '^WEBVTT$' found.vtt
ok "$vpr" --quiet diarize meeting.wav --speakers 2 -o found.labels
python3 - << 'P' || fail "the formats differ"
turns = [line.split() for line in open("found.rttm")]
labels = [line.rstrip("\n").split("\t") for line in open("found.labels")]
assert len(turns) == len(labels) > 3
for turn, (begin, end, name) in zip(turns, labels):
    assert abs(float(turn[3]) - float(begin)) < 2e-3 and abs(float(turn[3]) + float(turn[4]) - float(end)) < 2e-3
P
# One of them is enrolled from the meeting, by the label it was given.
ok "$vpr" --quiet enroll --from meeting.wav --speakers 2 --speaker "speaker 1" first --db two.db
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --json --db two.db
check '[(one["speaker"], one["known"]) for one in j["speakers"]] == [("first", True), ("speaker 1", False)]'
refused "$vpr" enroll --from meeting.wav --speakers 2 --speaker "speaker 7" seventh --db two.db
says "nobody in it is 'speaker 7'; there are 'first', 'speaker 1'" err
usage_error "$vpr" enroll --from meeting.wav Ada
usage_error "$vpr" enroll --from meeting.wav --speaker "speaker 1" Ada other.wav

# Names in a transcript.
printf '1\n00:00:00,500 --> 00:00:02,000\nHello\n' > said.srt
ok "$vpr" --quiet label said.srt --audio meeting.wav --speakers 2
says '^slt: Hello$' out
ok "$vpr" --quiet label said.srt --audio meeting.wav --speakers 2 -o named.srt
says '^slt: Hello$' named.srt
refused "$vpr" label truth.rttm --audio meeting.wav
says 'no cue in it' err
usage_error "$vpr" label said.srt

# A picture of it.
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --plot turns.png
python3 -c 'assert open("turns.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n"' || fail "no picture"
usage_error "$vpr" diarize meeting.wav --plot turns.jpg
usage_error "$vpr" diarize meeting.wav meeting.wav --plot turns.png

# What each says, for enrolling the one who was found.
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --cut voices
ok "$vpr" --quiet enroll rms "voices/meeting speaker 1.wav"
ok "$vpr" --quiet diarize meeting.wav --speakers 2 --json
check '[one["speaker"] for one in j["speakers"]] == ["slt", "rms"]'

# Nobody speaks; what cannot be.
python3 -c 'import wave; w = wave.open("silence.wav", "wb"); w.setparams((1, 2, 16000, 0, "NONE", "")); w.writeframes(bytes(64000))'
ok "$vpr" diarize silence.wav --json
check 'j["turns"] == [] and j["speakers"] == []'
says 'nobody speaks in it' err
refused "$vpr" diarize missing.wav
usage_error "$vpr" diarize
usage_error "$vpr" diarize meeting.wav --min 3 --max 2
usage_error "$vpr" diarize meeting.wav --speakers 2 --max 2
