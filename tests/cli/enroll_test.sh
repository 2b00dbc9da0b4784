#!/usr/bin/env bash
# Enrolling, verifying and identifying with the model that comes with vpr: names of any kind, what is
# left out, strangers, silence, standard input, the store's commands, encryption.
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE
export VPR_DB=$work/home/voices.db
slt=$data/flite-slt rms=$data/flite-rms awb=$data/flite-awb kal=$data/flite-kal16

refused "$vpr" identify "$slt-1.flac"
says 'no voices are enrolled' err
ok "$vpr" --quiet enroll slt "$slt-1.flac" "$slt-2.flac" "$slt-3.flac"
says '^slt: 3 utterances enrolled \([0-9.]+ s of speech\), 3 in all$' out
[ "$(stat -c %a "$VPR_DB")" = 600 ] || fail "others can read the store"

# A clip of somebody else is left out, unless forced; names are any UTF-8 on one line.
ok "$vpr" --quiet enroll '李达康 "R" 🎤' "$rms-1.flac" "$rms-2.flac" "$slt-4.flac" "$rms-3.flac" --json
check 'j["name"] == "李达康 \"R\" 🎤" and len(j["enrolled"]) == 3 and j["utterances"] == 3'
check 'j["left_out"][0]["file"].endswith("flite-slt-4.flac") and "somebody else" in j["left_out"][0]["reason"]'
says 'sounds like somebody else' err
ok "$vpr" --quiet enroll '山田　太郎' "$awb-1.flac" "$awb-2.flac" --json # U+3000, as a Japanese keyboard types it
check 'j["name"] == "山田 太郎"'
ok "$vpr" speakers show '山田　太郎'
ok "$vpr" speakers remove '山田 太郎'
usage_error "$vpr" --quiet enroll '' "$slt-1.flac"
for name in ' a' $'a\nb'; do refused "$vpr" --quiet enroll "$name" "$slt-1.flac"; done
usage_error "$vpr" enroll slt
usage_error "$vpr" enroll slt "$slt-1.flac" --mic
run "$vpr" --quiet enroll two "$slt-1.flac" "$rms-1.flac" # which of the two is wrong?
expect_status 1 "enrolling two people as one"
says 'do not sound like one person' err
says "'two' was not enrolled" err
ok "$vpr" --quiet enroll forced "$awb-1.flac" "$awb-2.flac" "$kal-1.flac" --force --json
check 'len(j["enrolled"]) == 3'
ok "$vpr" speakers remove forced

# The same recording counts once.
ok "$vpr" --quiet enroll slt "$slt-2.flac" "$slt-3.flac" --json
check 'j["utterances"] == 3 and not j["enrolled"] and len(j["left_out"]) == 2'
says 'is enrolled already' err

# However many clips of somebody else there are, they are not added to what is enrolled.
run "$vpr" --quiet enroll slt "$rms-1.flac" "$rms-2.flac" "$rms-3.flac" "$rms-4.flac"
expect_status 1 "enrolling somebody else's clips under a name"
says 'sounds like somebody else than what is enrolled' err
ok "$vpr" speakers show slt --json
check 'len(j["utterances"]) == 3'
run "$vpr" --quiet enroll four "$slt-1.flac" "$slt-2.flac" "$rms-1.flac" "$rms-2.flac"
expect_status 1 "enrolling two voices as one"
says 'sound like several people' err

# A voice that another name has already is warned of.
ok "$vpr" enroll 'slt again' "$slt-4.flac" --json
check 'j["resembles"] == "slt"'
says "sounds like 'slt', who is enrolled already" err
ok "$vpr" speakers remove 'slt again'

# Too little speech, silence, and what is no audio at all: reasons, and the rest goes on.
python3 - << 'P'
import wave

with wave.open("silence.wav", "wb") as out:
    out.setparams((1, 2, 16000, 0, "NONE", ""))
    out.writeframes(bytes(2 * 48000))
P
echo hello > text.wav
run "$vpr" --quiet identify --json "$slt-4.flac" silence.wav text.wav missing.wav "$rms-4.flac" "$kal-1.flac"
expect_status 1 "identify with files that cannot be used"
check '[l["decision"] for l in lines] == ["slt", None, None, None, "李达康 \"R\" 🎤", None]'
check '[l["file"].split("/")[-1] for l in lines[1:4]] == ["silence.wav", "text.wav", "missing.wav"]'
check 'all("error" in l for l in lines[1:4]) and not any("error" in l for l in lines[4:])'
check 'lines[0]["candidates"][0]["name"] == "slt" and lines[0]["margin"] > 0 and lines[0]["enrolled"] == 2'
says '3 of 6 recordings could not be used' err
ok "$vpr" identify "$kal-1.flac"
says 'unknown speaker' out
run "$vpr" identify silence.wav missing.wav
says '^silence.wav	no speech$' out
says '^missing.wav	not usable$' out
run "$vpr" --quiet verify slt silence.wav --json
expect_status 1 "verify of silence"
check 'j["decision"] is None and "silent" in j["error"]'
for rate in nan 0 60% many; do usage_error "$vpr" identify "$slt-4.flac" --fpir $rate; done
usage_error "$vpr" identify "$slt-4.flac" --threshold nan
ok "$vpr" --quiet identify "$slt-4.flac" --fpir 1% --json
check 'j["fpir"] == 0.01'
run "$vpr" --quiet enroll short "$slt-1.flac" --min-speech 10
expect_status 1 "enrolling too little speech"
says 'not enough speech: [2-5]\.[0-9] s found, 10\.0 s needed' err
ok "$vpr" identify "$slt-4.flac" --threshold 100
says 'unknown speaker' out
ok "$vpr" identify "$slt-4.flac" --top 1 --json
check 'len(j["candidates"]) == 1 and j["margin"] is not None'

# More enrolled people, a higher threshold.
ok "$vpr" identify "$slt-4.flac" --json
cp out two
ok "$vpr" --quiet enroll awb "$awb-1.flac" "$awb-2.flac"
ok "$vpr" --quiet enroll kal "$kal-1.flac" "$kal-2.flac"
ok "$vpr" identify "$slt-4.flac" --json
check 'j["threshold"] > parse(open("two").read())["threshold"] and j["enrolled"] == 4'

ok "$vpr" verify slt "$slt-4.flac"
says '^accepted: slt$' out
ok "$vpr" verify slt "$rms-4.flac" --json
check 'j["decision"] == "rejected" and j["score"] < j["threshold"] and 0 < j["fmr"] <= 0.01'
run "$vpr" verify slt "$rms-4.flac" --exit-status
expect_status 3 "verify --exit-status of a stranger"
"$vpr" verify slt - --json < "$slt-4.flac" > out
check 'j["decision"] == "accepted"'
refused "$vpr" verify nobody "$slt-4.flac"
refused "$vpr" --quiet verify slt silence.wav
says 'silent' err

# A recording instead of the microphone, at the speed it was spoken; silence gets no name.
"$vpr" --quiet identify --mic-from "$slt-4.flac" --json < /dev/null > out 2> err || fail "identify --mic-from"
check 'j["decision"] == "slt"'
"$vpr" --quiet identify --mic-from - --json < "$slt-4.flac" > out 2> err || fail "identify --mic-from -"
check 'j["decision"] == "slt"'
run "$vpr" --quiet identify --mic-from silence.wav
says '^microphone	no speech$' out
says 'nothing but zeros' err
ok "$vpr" --quiet identify --live --mic-from "$rms-4.flac" --save phrases --json
check 'lines[-1]["decision"] == "李达康 \"R\" 🎤" and lines[-1]["computed_ms"] > 0'
[ -s "$(find phrases -name '*.wav' | head -n 1)" ] || fail "--save kept no phrase"
ok "$vpr" --quiet enroll live --mic-from "$awb-3.flac" --seconds 3
says '^live: 1 utterance enrolled' out
usage_error "$vpr" identify --live "$slt-1.flac"
usage_error "$vpr" identify

# The store: list, show, rename, note, export, import, one utterance removed.
ok "$vpr" speakers rename live 'Ann Other'
ok "$vpr" speakers note 'Ann Other' "two
lines"
ok "$vpr" speakers list --json
check '[l["name"] for l in lines] == ["slt", "李达康 \"R\" 🎤", "awb", "kal", "Ann Other"]'
refused "$vpr" speakers rename slt awb
says 'taken' err
ok "$vpr" speakers export -o everybody.jsonl
[ "$(stat -c %a everybody.jsonl)" = 600 ] || fail "others can read an export"
[ "$(stat -c %a "$(find phrases -name '*.wav' | head -n 1)")" = 600 ] || fail "others can hear what --save keeps"
ok "$vpr" speakers import everybody.jsonl --db copy.db
ok "$vpr" speakers list --db copy.db --json
check 'len(lines) == 5 and lines[4]["note"] == "two\nlines"'
cp out copied
ok "$vpr" speakers list --json
check 'lines == [parse(line) for line in open("copied")]'
# Again it changes nothing; somebody with other utterances stops it, unless they are to be merged.
for merge in '' --merge; do
  ok "$vpr" speakers import everybody.jsonl --db copy.db $merge
  says '^5 speakers imported: 0 new, 0 utterances' out
  ok "$vpr" speakers list --db copy.db --json
  cmp out copied || fail "importing twice changed the store"
done
python3 - <<'P'
import json
lines = [json.loads(line) for line in open("everybody.jsonl")]
lines[2]["utterances"][0]["embedding"] = [1.0] + [0.0] * (len(lines[2]["utterances"][0]["embedding"]) - 1)
lines[0]["name"] = "somebody new"
open("other.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))
for line in lines: line["utterances"][0]["embedding"] = [1.0, 0.0]
open("short.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))
lines[0]["name"] = "s\u200blt"
open("hidden.jsonl", "w").write(json.dumps(lines[0]) + "\n")
lines = [json.loads(line) for line in open("everybody.jsonl")]
lines[1]["utterances"][0]["network"] = "x" * 32
open("network.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))
lines = [json.loads(line) for line in open("everybody.jsonl")]
lines[1]["utterances"][0]["enrolled_at"] = "2026-13-01T00:00:00Z"
open("date.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))
open("nobody.jsonl", "w").close()
P
refused "$vpr" --quiet speakers import network.jsonl --db copy.db --merge
says "'network.jsonl', line 2: \"network\" is no fingerprint" err
refused "$vpr" --quiet speakers import date.jsonl --db copy.db --merge
says "'date.jsonl', line 2: \"enrolled_at\" is no date" err
refused "$vpr" --quiet speakers import nobody.jsonl --db copy.db --merge
says "there is nobody in it" err
refused "$vpr" --quiet speakers import other.jsonl --db copy.db
says "'awb' is enrolled already, with other utterances; nothing was imported" err
refused "$vpr" --quiet speakers import short.jsonl --db copy.db --merge
says 'others of network .* have 2; nothing was imported' err
refused "$vpr" --quiet speakers import hidden.jsonl --db copy.db --merge
says 'U\+200B' err
ok "$vpr" speakers list --db copy.db --json
cmp out copied || fail "an import that failed changed the store"
ok "$vpr" identify "$rms-4.flac" --db copy.db --json
cp out from_copy
ok "$vpr" identify "$rms-4.flac" --json
check 'j == parse(open("from_copy").read())'
ok "$vpr" speakers show slt --json
id=$(python3 -c 'import json; print(json.load(open("out"))["utterances"][1]["id"])')
ok "$vpr" speakers remove slt --utterance "$id"
ok "$vpr" speakers show slt --json
check 'len(j["utterances"]) == 2'
refused "$vpr" speakers remove slt nobody
ok "$vpr" speakers show slt
ok "$vpr" speakers remove slt
says '^slt: removed and overwritten$' out
ok "$vpr" speakers rename awb Alan --json
check 'j == {"name": "Alan", "was": "awb"}'
ok "$vpr" speakers rename Alan awb
ok "$vpr" db check --json
check 'j["sound"] and j["speakers"] == 4 and not j["encrypted"]'
refused "$vpr" speakers show slt
if grep -aq "flite-slt-1" "$VPR_DB"; then fail "what was removed is still in the store"; fi

# The tutorial's folder, a file a person, and a folder a person; recordings kept for another model.
mkdir -p audio_db people/ada people/bob
cp "$slt-1.flac" 'audio_db/李 雪.flac'
cp "$rms-1.flac" audio_db/bob.flac
cp "$slt-1.flac" "$slt-2.flac" people/ada
cp "$rms-1.flac" "$rms-2.flac" people/bob
ok "$vpr" --quiet enroll audio_db --per-file --db files.db
ok "$vpr" identify "$slt-4.flac" --db files.db --json
check 'j["decision"] == "李 雪"'
mkdir $'people/two\nlines'
cp "$slt-1.flac" $'people/two\nlines'
run "$vpr" --quiet enroll people --per-folder --db folders.db --keep-audio
expect_status 1 "a folder whose name cannot be one"
says 'control character' err
says '1 of 3 people were not enrolled' err
ok "$vpr" speakers list --db folders.db --json
check '[(l["name"], l["utterances"]) for l in lines] == [("ada", 2), ("bob", 2)]'
usage_error "$vpr" enroll people --per-folder --per-file

# Another network's embeddings are never compared.
other=$1
run "$vpr" identify "$slt-4.flac" --db folders.db --model "$other"
expect_status 1 "identify with another model"
says 'with another model' err
ok "$vpr" --quiet speakers re-embed --db folders.db --model "$other" --json
check 'j["re_embedded"] == 4 and not j["must_enroll_again"]'
ok "$vpr" identify "$slt-4.flac" --db folders.db --model "$other" --threshold -1 --json
check 'len(j["candidates"]) == 2'
ok "$vpr" speakers re-embed --db files.db --model "$other"
says '^bob must enroll again$' out

# Encrypted: no name, no embedding in clear; wrong keys are told.
head -c 32 /dev/urandom > key
head -c 32 /dev/urandom > wrong
ok "$vpr" db encrypt --key-file key
says 'encrypted' out
for word in 李达康 flite-rms 'Ann Other'; do
  if grep -aq "$word" "$VPR_DB"; then fail "'$word' is in the encrypted store"; fi
done
refused "$vpr" speakers list
says 'key file' err
refused "$vpr" speakers list --key-file wrong
says 'wrong key file' err
refused "$vpr" db encrypt --key-file key
says 'encrypted already' err
ok "$vpr" identify "$rms-4.flac" --key-file key --json
check 'j["decision"] == "李达康 \"R\" 🎤"'
VPR_NEW_PASSPHRASE=secret "$vpr" db change-key --key-file key > out || fail "change-key"
VPR_PASSPHRASE=secret "$vpr" db check > out || fail "check with the new passphrase"
says 'sound, 4 speakers, encrypted' out
VPR_PASSPHRASE=wrong run "$vpr" speakers list
expect_status 1 "a wrong passphrase"
says 'wrong passphrase' err
VPR_PASSPHRASE=secret "$vpr" db decrypt > out || fail "decrypt"
ok "$vpr" speakers list
export VPR_KEY_FILE=$work/key
ok "$vpr" --quiet enroll 'Ada Lovelace' "$slt-1.flac" --db sealed.db
if grep -aq 'Ada Lovelace' sealed.db; then fail "a store made with a key is not encrypted"; fi
unset VPR_KEY_FILE

# Damage is an error, never an answer.
cp "$VPR_DB" good
for at in 100 5000 9000 13000; do
  cp good bad.db
  printf '\377\377\377\377' | dd of=bad.db bs=1 seek=$at conv=notrunc status=none
  if "$vpr" speakers list --db bad.db > out 2> err; then
    "$vpr" speakers list > expected
    cmp -s out expected || fail "another answer from a damaged store"
  fi
done
(umask 077; head -c 5000 good > cut.db)
refused "$vpr" speakers list --db cut.db
echo "not a database" > text.db
refused "$vpr" speakers list --db text.db
says 'no store' err
refused "$vpr" db check --db text.db

# On a terminal.
VPR_PASSPHRASE=secret "$vpr" --quiet enroll Ada "$slt-1.flac" --db locked.db --encrypt > out || fail "enroll --encrypt"
python3 "$(dirname "$0")/terminal.py" "$vpr" "$slt-1.flac" > out 2>&1 || fail "Ctrl-C: $(cat out)"

# On a terminal the bar is gone before anything else is written, on a narrow one, too.
export VPR_DB=$work/screen.db
for columns in 80 40; do
  screen() { run python3 "$here/screen.py" $columns "$vpr" "$@"; }
  screen enroll slt$columns "$slt-1.flac" "$slt-2.flac"
  expect_status 0 "enroll on a terminal of $columns columns"
  says "^slt$columns: 2 utterances enrolled" out
  screen identify "$slt-3.flac" "$rms-1.flac" "$work/silence.wav"
  expect_status 1 "identify on a terminal of $columns columns"
  # Lines are broken where the terminal ends.
  check 'not any("% [" in line or "embedding" in line for line in out.splitlines())'
  check 'out.replace("\n", "").count("threshold") == 2'
  # The name is there, wherever the terminal's line ended.
  check '"flite-slt-3.flacslt80" in "".join(out.split()) or "flite-slt-3.flacslt40" in "".join(out.split())'
  check '"vpr:warning:cannotuse" in "".join(out.split())'
  check '"".join(out.split()).endswith("1of3recordingscouldnotbeused")'
done
run "$vpr" verify slt80 "$slt-4.flac"
says '^accepted: slt80$' out
export VPR_DB=$work/home/voices.db

# A name that is not enrolled is answered with the nearest; a recording is no name.
ok "$vpr" --quiet enroll slt "$slt-1.flac" "$slt-2.flac"
refused "$vpr" speakers show slr
says "nobody is enrolled as 'slr'; did you mean 'slt'" err
refused "$vpr" speakers rename stl other
says "did you mean 'slt'" err
refused "$vpr" speakers remove slt1
says "did you mean 'slt'" err
refused "$vpr" verify "$slt-1.flac" slt
says 'is a recording: the name comes before it' err

# Ann.flac and Ann.mp3 are one person's.
mkdir per_file
cp "$slt-1.flac" per_file/Ann.flac
cp "$slt-5.mp3" per_file/Ann.mp3
cp "$rms-1.flac" per_file/Bob.flac
ok "$vpr" --quiet enroll per_file --per-file --db per_file.db
says '^Ann: 2 utterances enrolled' out
says '^Bob: 1 utterance enrolled' out

# The seconds of speech of a recording are the same whoever says them.
ok "$vpr" --quiet enroll seconds "$awb-1.flac" --json --db seconds.db
check 'round(j["enrolled"][0]["speech_seconds"], 3) > 0.5'
cp out enrolled
for command in "verify seconds" identify; do
  read -ra words <<< "$command"
  ok "$vpr" --quiet "${words[@]}" "$awb-1.flac" --json --db seconds.db
  check 'j["speech_seconds"] == parse(open("enrolled").read())["enrolled"][0]["speech_seconds"]'
done
for command in list "show seconds"; do
  read -ra words <<< "$command"
  ok "$vpr" speakers "${words[@]}" --json --db seconds.db
  check 'j["speech_seconds"] == parse(open("enrolled").read())["enrolled"][0]["speech_seconds"]'
done
ok "$vpr" trim "$awb-1.flac" --top-db 40 --json
check 'abs(j["kept_seconds"] - parse(open("enrolled").read())["enrolled"][0]["speech_seconds"]) < 1e-3'
