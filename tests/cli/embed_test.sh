#!/usr/bin/env bash
# vpr embed with a small model: formats, order, files that cannot be used.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1
a=$data/flite-slt-1.flac b=$data/flite-rms-1.flac mp3=$data/flite-slt-5.mp3

ok "$vpr" --quiet embed "$a" "$b" "$mp3" -o all.npy
[ ! -s out ] || fail "embed printed on stdout"
ok "$vpr" --quiet embed "$b" -o one.npy
check 'npy("all.npy")[0] == (3, len(npy("all.npy")[1][0])) and npy("one.npy")[0][0] == 1'
check 'npy("all.npy")[1][1] == npy("one.npy")[1][0]'
check 'all(abs(sum(x * x for x in row) - 1) < 1e-5 for row in npy("all.npy")[1])'

# The other formats hold the same numbers; lists add to the files named.
printf '%s\r\n\n%s\n' "$b" "$mp3" > list
ok "$vpr" --quiet embed "$a" --list list -o all.jsonl
ok cat all.jsonl
check '[line["path"].split("/")[-1] for line in lines] == ["flite-slt-1.flac", "flite-rms-1.flac", "flite-slt-5.mp3"]'
cat > same_floats.py <<'P'
import struct
def float32(x): return struct.unpack("<f", struct.pack("<f", x))[0]
P
export PYTHONPATH=$work PYTHONDONTWRITEBYTECODE=1
same='[[__import__("same_floats").float32(x) for x in row] for row in rows] == [list(row) for row in npy("all.npy")[1]]'
check "(lambda rows: $same)([line[\"embedding\"] for line in lines])"
"$vpr" --quiet embed --list - -o - --format kaldi < <(printf '%s\n' "$a" "$b" "$mp3") > out
check "(lambda rows: $same)([[float(x) for x in line.split(\"  [ \")[1].removesuffix(\" ]\").split()] for line in out.splitlines()])"
check 'out.splitlines()[0].split("  ")[0].endswith("flite-slt-1.flac")'
refused "$vpr" --quiet embed 'a name with blanks.wav' -o x.ark
says 'jsonl' err

printf '\357\273\277%s\n' "$b" > bom
ok "$vpr" --quiet embed --list bom -o bom.jsonl
cmp <(sed -n 2p all.jsonl) bom.jsonl || fail "a byte order mark changes a list"

# A folder stands for the recordings below it, by name; what else lies there is said.
mkdir -p folder/deep
cp "$a" folder/b.flac && cp "$b" folder/deep/a.flac && echo x > folder/notes.txt
ok "$vpr" embed folder -o folder.jsonl
says "left out of 'folder', by their endings no recordings: 1 .txt" err
ok cat folder.jsonl
check '[line["path"] for line in lines] == ["folder/b.flac", "folder/deep/a.flac"]'
mkdir empty
refused "$vpr" embed empty -o x.jsonl
says 'no recordings below' err

# Shards one after another are the whole, in every format; each has its part of names and list.
for s in 1 2; do
  ok "$vpr" --quiet embed "$a" --list list -o part$s.jsonl --shard $s/2
  ok "$vpr" --quiet embed "$a" --list list -o part$s.npy --shard $s/2
done
cat part1.jsonl part2.jsonl | cmp - all.jsonl || fail "the shards are not the whole"
check 'npy("part1.npy")[1] + npy("part2.npy")[1] == npy("all.npy")[1]'
check 'npy("part1.npy")[0][0] == 2'
"$vpr" --quiet embed --list - -o - --format jsonl --shard 3/3 < <(printf '%s\n' "$a" "$b" "$mp3") > out
check 'len(lines) == 1 and lines[0]["path"].endswith(".mp3")'
refused "$vpr" --quiet embed "$a" -o none.npy --shard 2/2
says '2/2 of 1 files' err
for bad in 0/3 4/3 1 1/ /3 1/0 -1/3 a/b 1/2/3; do
  usage_error "$vpr" embed "$a" -o none.npy --shard "$bad"
done

# A file that cannot be used leaves a row of NaN and is said to be missing, by the exit code too.
python3 "$here/make_audio.py" bad
run "$vpr" --quiet embed "$a" bad/silent.wav "$b" -o bad.npy
expect_status 1 "embed of a bad file among good ones"
says 'bad/silent\.wav' err
says '1 of 3 files cannot be used' err
check '[any(math.isnan(x) for x in row) for row in npy("bad.npy")[1]] == [False, True, False]'
ok "$vpr" --quiet embed "$a" bad/silent.wav "$b" bad/empty.wav "$mp3" -o bad.npy --skip-bad
says 'bad/silent\.wav' err
says 'bad/empty\.wav' err
says '2 of 5' err
check '[any(math.isnan(x) for x in row) for row in npy("bad.npy")[1]] == [False, True, False, True, False]'
check '[row for row in npy("bad.npy")[1] if not math.isnan(row[0])] == npy("all.npy")[1]'
ok "$vpr" --quiet embed "$a" bad/silent.wav -o - --format jsonl --skip-bad
check 'lines[0]["embedding"] is not None and lines[1]["embedding"] is None'
ok "$vpr" --quiet embed "$a" bad/silent.wav -o nan.npy --skip-bad --shard 2/2  # others have rows
check 'npy("nan.npy")[0][0] == 1 and math.isnan(npy("nan.npy")[1][0][0])'
run "$vpr" --quiet embed bad/silent.wav bad/empty.wav -o none.npy --skip-bad
expect_status 1 "embed of bad files only"
[ ! -e none.npy ] || fail "an embed without a usable file left an output"
# Folders of the output are made; where a file is in the way that is said.
ok "$vpr" --quiet embed "$a" -o new/folder/x.npy
[ -s new/folder/x.npy ] || fail "no output in a new folder"
refused "$vpr" --quiet embed "$a" -o new/folder/x.npy/y.npy
says "new/folder/x.npy" err

# Without the detector of speech no file can be used: said once, before the first.
for command in 'embed -o none.npy' compare; do
  # shellcheck disable=SC2086  # words
  refused env VPR_SPEECH_MODEL=no-such-detector "$vpr" --quiet $command "$a" "$b"
  says "^vpr: error: .*'no-such-detector'" err
done
