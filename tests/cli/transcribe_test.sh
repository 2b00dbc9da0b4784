#!/usr/bin/env bash
# vpr transcribe: a language of tones is learnt, measured and written; and prompts in vpr verify; what comes with vpr.
. "$(dirname "$0")/lib.sh"
unset VPR_TRANSCRIBER VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export VPR_DB=$work/voices.db

python3 - << 'P'
# A digit is two tones; a speaker shifts them by up to a twentieth and has a level.
import math, random, struct, wave
random.seed(1)
for part, speakers in (("train", range(4)), ("dev", range(4, 6))):
    with open(part + ".tsv", "w") as table:
        print("path", "speaker", "text", sep="\t", file=table)
        for speaker in speakers:
            shift, level = random.uniform(0.95, 1.05), random.uniform(2000, 9000)
            for digit in range(10):
                low, high = 300 * 1.25 ** digit * shift, (6800 - 450 * digit) * shift
                samples = [0] * 2000 + [
                    int(level * (math.sin(2 * math.pi * low * i / 16000) +
                                 math.sin(2 * math.pi * high * i / 16000)) + random.gauss(0, 20))
                    for i in range(4800)] + [0] * 2000
                path = f"{part}-{speaker}-{digit}.wav"
                with wave.open(path, "wb") as out:
                    out.setparams((1, 2, 16000, 0, "NONE", ""))
                    out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
                print(path, f"s{speaker}", digit, sep="\t", file=table)
P
ok "$vpr" --quiet transcribe train train.tsv --dev dev.tsv --join 1-4 -o tones.vpw --no-augment \
  --epochs 60 --channels 32 --dilations 1,2 --batch-size 8 --lr 5e-3 --dev-strings 60 --threads 1 --json
check 'j["dev"]["wer"] < 0.1 and j["speakers"] == 4 and j["utterances"] == 40 and j["dev"]["speakers"] == 2'
check 'j["prompt"]["false_accepts"] < 0.1 and j["prompt"]["recordings"] == 60'
ok "$vpr" --quiet transcribe eval dev.tsv --join 6 --strings 50 --model tones.vpw --json -o pairs.tsv
check 'j["wer"] < 0.2 and j["words"]["reference"] == 300 and j["prompt"]["wrong_prompts"] == 250'
wer=$(python3 -c 'import json; print(json.load(open("out"))["wer"])')
cut -f 1,3 pairs.tsv | sed 1d > said && cut -f 1,4 pairs.tsv | sed 1d > heard
ok "$vpr" wer said heard --json
check "j['wer'] == $wer"
ok "$vpr" --quiet transcribe eval dev.tsv --model tones.vpw --json
check 'j["utterances"] == 20'
ok "$vpr" --quiet transcribe predict dev-4-7.wav --model tones.vpw --words 'seven' --json
check 'j["text"] == "7" and j["words_right"] and j["words_score"] > -0.1'
ok env VPR_TRANSCRIBER=tones.vpw "$vpr" --quiet transcribe predict dev-4-7.wav --words 3 --json
check 'not j["words_right"] and j["words_score"] < -1'

# What cannot be.
refused "$vpr" --quiet transcribe train train.tsv --dev train.tsv -o none.vpw
says 'held-out speakers must be others' err
[ ! -e none.vpw ] || fail "a refused training left a file"
refused env VPR_HOME="$work" "$vpr" --quiet transcribe predict dev-4-7.wav
says 'no transcriber found: looked for .*/share/vpr/models/digits.vpw' err
refused "$vpr" --quiet transcribe predict dev-4-7.wav --model dev-4-7.wav
printf 'path\tspeaker\n' > textless.tsv && sed -n '2s/\t[0-9]*$//p' train.tsv >> textless.tsv
refused "$vpr" --quiet transcribe eval textless.tsv --model tones.vpw
says "no column 'text'" err
usage_error "$vpr" transcribe
usage_error "$vpr" transcribe train train.tsv
usage_error "$vpr" transcribe train train.tsv -o x --join 4-2
usage_error "$vpr" transcribe train train.tsv -o x --tokens letters
usage_error "$vpr" transcribe eval

# Prompts: the words of three recordings are learnt by heart.
[ -e "$here/../../models/default.vpr" ] || exit 0
{
  printf 'path\ttext\n'
  printf '%s\t4 7 1\n%s\t9 0 3\n%s\t2 5\n' "$data/flite-slt-3.flac" "$data/flite-slt-4.flac" "$data/flite-rms-4.flac"
} > words.tsv
ok "$vpr" --quiet transcribe train words.tsv -o words.vpw --no-augment --epochs 500 --channels 32 \
  --dilations 1,2 --batch-size 3 --lr 5e-3 --threads 1
ok "$vpr" --quiet enroll slt "$data/flite-slt-1.flac" "$data/flite-slt-2.flac"
ok "$vpr" --quiet verify slt "$data/flite-slt-4.flac" --prompt '9 0 3' --prompt-model words.vpw --json
check 'j["decision"] == "accepted" and j["prompt"]["right_words"] and j["prompt"]["right_voice"]'
check 'j["prompt"]["heard"] == "9 0 3" and j["prompt"]["words"] == "9 0 3"'
# The same voice with other words, as a recording made before would have.
run "$vpr" --quiet verify slt "$data/flite-slt-3.flac" --prompt '903' --prompt-model words.vpw --exit-status
expect_status 3 "right voice, wrong words"
says 'not the words that were asked for' out
# Another voice with the right words.
ok "$vpr" --quiet verify slt "$data/flite-rms-4.flac" --prompt '2 5' --prompt-model words.vpw --json
check 'j["decision"] == "rejected" and j["prompt"]["right_words"] and not j["prompt"]["right_voice"]'
# Drawn digits are shown; that they are just these has a chance of one in a million.
ok "$vpr" --quiet verify slt --mic-from "$data/flite-slt-4.flac" --prompt digits --prompt-model words.vpw --json
check 'j["decision"] == "rejected" and len(j["prompt"]["words"].split()) == 6'
says '^say: [0-9]( [0-9]){5}$' err
usage_error "$vpr" verify slt "$data/flite-slt-4.flac" --prompt digits --prompt-model words.vpw
refused "$vpr" --quiet verify slt "$data/flite-slt-4.flac" --prompt 'ten' --prompt-model words.vpw

# The transcriber that comes with vpr.
[ -e "$here/../../models/digits.vpw" ] || exit 0
for digits in slt-471903 rms-471903 slt-258640; do
  ok "$vpr" --quiet transcribe predict "$data/digits/flite-$digits.flac" --words "${digits#*-}" --json
  check "j['text'].replace(' ', '') == '${digits#*-}' and j['words_right']"
done
ok "$vpr" --quiet verify slt "$data/digits/flite-slt-471903.flac" --prompt '4 7 1 9 0 3' --json
check 'j["prompt"]["right_words"] and j["prompt"]["right_voice"] and j["decision"] == "accepted"'
ok "$vpr" --quiet verify slt "$data/digits/flite-slt-258640.flac" --prompt '4 7 1 9 0 3' --json
check 'not j["prompt"]["right_words"] and j["decision"] == "rejected"'
ok "$vpr" --quiet verify slt "$data/digits/flite-rms-471903.flac" --prompt '4 7 1 9 0 3' --json
check 'j["prompt"]["right_words"] and not j["prompt"]["right_voice"] and j["decision"] == "rejected"'
