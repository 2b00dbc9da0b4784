#!/usr/bin/env bash
# vpr eval with a small model: lists of trials, files that cannot be used, scores written and read.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1

all_pairs voxceleb
awk '{print $2, $3, $1 == 1 ? "target" : "nontarget"}' voxceleb > kaldi
ok "$vpr" --quiet eval --trials voxceleb --audio-root "$data" --json --scores-out scores
cp out expected
check '0 <= j["eer"] < 0.4 and 0 <= j["min_dcf_0.01"] <= 1 and 0 <= j["min_dcf_0.05"] <= 1'
check 'j["fta"] == 0 and j["trials"] == j["targets"] + j["nontargets"] and -1 <= j["threshold"] <= 1'
check 'j["eer_ci95"][0] <= j["eer"] <= j["eer_ci95"][1] and j["min_dcf_0.01_ci95"] is not None'
check 'j["cllr"] >= j["min_cllr"] - 1e-9 >= 0 and j["act_dcf_0.01"] >= j["min_dcf_0.01"] - 0.2'
check '0 <= j["fmr"] <= 1 and 0 <= j["fnmr"] <= 1 and j["decision_threshold"] is not None'
check 'j["trials"] == len(open("voxceleb").readlines()) == len(open("scores").readlines())'
ok "$vpr" eval --scores scores --json
check 'abs(j["eer"] - parse(open("expected").read())["eer"]) < 1e-9'
ok "$vpr" --quiet eval --trials voxceleb kaldi --audio-root "$data" --json
check 'lines[0]["eer"] == lines[1]["eer"] == parse(open("expected").read())["eer"]'
ok "$vpr" --quiet eval --trials voxceleb --audio-root "$data"
says 'EER.*FMR.*FNMR' out
says 'minDCF\(0\.01\).*minDCF\(0\.05\).*FTA' out
says '1:N, .* speakers by the file.s name up to the last - or _: rank-1 .* at [0-9.-]+, the threshold of ' out

# The figures are those of the cosines of what vpr embed gives.
python3 -c '
import sys
print("\n".join(sorted({name for line in open("voxceleb") for name in line.split()[1:]})))' > names
(cd "$data" && "$vpr" --quiet embed --list "$OLDPWD/names" --format jsonl -o "$OLDPWD/embeddings.jsonl")
python3 - > independent << 'P'
import json
names = open("names").read().split()
rows = [json.loads(line)["embedding"] for line in open("embeddings.jsonl")]
row = dict(zip(names, rows))
for line in open("voxceleb"):
    digit, a, b = line.split()
    print(digit, sum(x * y for x, y in zip(row[a], row[b])))
P
ok "$vpr" eval --scores independent --json
check 'abs(j["eer"] - parse(open("expected").read())["eer"]) < 1e-9'

check 'abs(j["eer"] - parse(open("expected").read())["eer_cosine"]) < 1e-9'

# By condition, as pictures and as a page.
{
  printf 'path\tgender\n'
  while read -r name; do
    case $name in flite-slt* | *-f3-*) gender=f ;; *) gender=m ;; esac
    printf '%s\t%s\n' "$name" $gender
  done < names
} > metadata.tsv
ok "$vpr" --quiet eval --trials voxceleb --audio-root "$data" --metadata metadata.tsv --by gender \
  --by duration --plot plots --html 'report 录音.html' --json
check 'sum(c["trials"] for c in j["conditions"] if c["property"] == "gender") == j["trials"]'
check 'sum(c["trials"] for c in j["conditions"] if c["property"] == "duration") == j["trials"]'
check '{c["value"] for c in j["conditions"] if c["property"] == "gender"} == {"f", "m", "f / m"}'
check '[c["eer"] for c in j["conditions"] if c["value"] == "f / m"] == [None]'
check '[c["fmr"] is not None for c in j["conditions"] if c["value"] == "f / m"] == [True]'
check 'j["identification"]["gallery"] == 7 and 0 <= j["identification"]["rank1"] <= 1'
check 'j["identification"]["searches"] == len(open("names").readlines()) - 7'
for picture in det scores-1; do [ -s plots/$picture.png ] || fail "no picture $picture"; done
says '<!DOCTYPE html>' 'report 录音.html'
says 'data:image/png;base64,iVBOR' 'report 录音.html'
says 'By gender' 'report 录音.html'
[ "$(find . -name '*.pictures-*' | wc -l)" -eq 0 ] || fail "scratch pictures are left"
grep -q 'src="http\|href="http' 'report 录音.html' && fail "the page needs other files"
refused "$vpr" --quiet eval --trials voxceleb --audio-root "$data" --metadata metadata.tsv --by age
says 'gender' err

# A list of few trials: who is who stands in the names, or in the metadata, or nowhere. Brute force:
# the rank-1 rate of all files against the first of each voice, by the cosines of vpr embed.
DATA=$data python3 - << 'P'
import json
names = open("names").read().split()
rows = dict(zip(names, [json.loads(line)["embedding"] for line in open("embeddings.jsonl")]))
voice = lambda name: name.rsplit("-", 1)[0]
by_voice = {}
for name in names:
    by_voice.setdefault(voice(name), []).append(name)
few = []  # files two by two: no trial links one pair of a voice with the next
for files in by_voice.values():
    few += ["1 %s %s" % pair for pair in zip(files[0::2], files[1::2])]
voices = list(by_voice.values())
few += ["0 %s %s" % (voices[i][0], voices[i + 1][1]) for i in range(len(voices) - 1)]
used = [name for line in few for name in line.split()[1:]]
open("few", "w").write("\n".join(few) + "\n")
first = {}
for name in used:
    first.setdefault(voice(name), name)
gallery = {v: n for v, n in first.items() if len({u for u in used if voice(u) == v}) > 1}
right = searches = 0
for name in sorted(set(used) - set(first.values())):
    if voice(name) in gallery:
        scores = {v: sum(x * y for x, y in zip(rows[name], rows[n])) for v, n in gallery.items()}
        searches += 1
        right += all(scores[voice(name)] > s for v, s in scores.items() if v != voice(name))
json.dump([len(gallery), searches, right / searches], open("oracle", "w"))
# The same under names that say nothing.
import os, shutil
os.makedirs("blind", exist_ok=True)
codes = {name: "%03d.flac" % (i * 37 % 101) for i, name in enumerate(sorted(set(used)))}
for name, code in codes.items():
    shutil.copy(os.environ["DATA"] + "/" + name, "blind/" + code)
open("blind.list", "w").write("".join(
    " ".join([line.split()[0]] + [codes[n] for n in line.split()[1:]]) + "\n" for line in few))
open("blind.tsv", "w").write("path\tspeaker\n" + "".join(
    "%s\t%s\n" % (code, voice(name)) for name, code in codes.items()))
P
ok "$vpr" --quiet eval --trials few --audio-root "$data" --json --no-intervals
check '[j["identification"][k] for k in ("gallery", "searches")] == json.load(open("oracle"))[:2]'
check 'abs(j["identification"]["rank1"] - json.load(open("oracle"))[2]) < 1e-9'
check '"last - or _" in j["speakers_by"] and j["identification"]["threshold_is"]'
ok "$vpr" --quiet eval --trials blind.list --audio-root blind --json --no-intervals
check 'j["identification"] is None and "speaker" in j["no_identification"] and j["speakers_by"] == "the target trials"'
ok "$vpr" --quiet eval --trials blind.list --audio-root blind --json --no-intervals --metadata blind.tsv
check 'abs(j["identification"]["rank1"] - json.load(open("oracle"))[2]) < 1e-9 and "column" in j["speakers_by"]'
ok "$vpr" --quiet eval --trials blind.list --audio-root blind --no-intervals
says '1:N not measured: of [0-9]+ of the [0-9]+ pairs' out

# Enrollments of several files, by a name of their own.
printf 'slt flite-slt-1.flac flite-slt-2.flac\nslt flite-slt-3.flac\n' > enroll
printf 'slt flite-slt-4.flac 1\nslt flite-rms-1.flac 0\nslt flite-kal16-1.flac 0\n' > trials
ok "$vpr" --quiet eval --trials trials --enroll enroll --audio-root "$data" --json
check 'j["files"] == 6 and j["trials"] == 3 and j["eer"] == 0'

# Speakers and files that the model was trained on are pointed out.
for voice in flite-awb flite-kal16 flite-rms flite-slt; do
  mkdir -p elsewhere/$voice
  cp "$data/$voice-1.flac" elsewhere/$voice/a.flac
  cp "$data/$voice-2.flac" elsewhere/$voice/b.flac
  printf '1 %s/a.flac %s/b.flac\n0 %s/a.flac other/a.flac\n' $voice $voice $voice >> leak
done
mkdir elsewhere/other
cp "$data/espeak-en-us-m7-1.flac" elsewhere/other/a.flac
ok "$vpr" --quiet eval --trials leak --audio-root elsewhere --json
check '1 <= j["training_speakers"] <= 4'
check '2 * j["training_speakers"] <= j["training_files"] <= 2 * j["training_speakers"] + 1'
says 'files: the figures say nothing about unknown' err
says 'folders .* TRAINED ON' err

# A file that cannot be used: its trials are left out, and it counts as failure to acquire.
python3 "$here/make_audio.py" bad
cp "$data"/flite-slt-[123].flac "$data"/flite-rms-1.flac bad
cat > trials << 'T'
1 flite-slt-1.flac flite-slt-2.flac
1 flite-slt-1.flac silent.wav
0 flite-slt-1.flac flite-rms-1.flac
0 silent.wav flite-rms-1.flac
T
ok "$vpr" --quiet eval --trials trials --audio-root bad --json
check 'j["fta"] == 1 / 4 and j["unusable_files"] == 1 and j["excluded_trials"] == 2 and j["trials"] == 2'
says 'silent\.wav' err
run "$vpr" --quiet eval --trials trials --audio-root no-such-folder
expect_status 1 "eval with the wrong folder"
says 'audio-root' err
printf '1 flite-slt-1.flac flite-slt-2.flac\n' > targets_only
refused "$vpr" --quiet eval --trials targets_only --audio-root bad
says 'targets_only.*nontarget' err
