#!/usr/bin/env bash
# vpr classify and vpr inspect, from nothing to a report.
. "$(dirname "$0")/lib.sh"

ok "$vpr" classify synth emotions --count 20
ok "$vpr" --quiet classify train emotions -o emotions.vpc --html 'report 情绪.html' --plot plots --json
check 'j["test"]["accuracy"] > 0.75 and j["test"]["baseline"] == 0.25'
check 'j["cross_validation"]["mean"] > 0.75 and len(j["cross_validation"]["accuracies"]) == 5'
check 'sum(map(sum, j["test"]["confusion"])) == j["test"]["recordings"] == 16'
check 'j["labels"] == ["angry", "happy", "neutral", "sad"] and len(j["columns"]) == 176'
check 'open(j["log"]).readline().startswith("20") and "accuracy" in open(j["log"]).read()'
for picture in plots/confusion-1.png plots/confusion-2.png; do
  [ "$(head -c 8 $picture | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "$picture is no PNG"
done
says 'Recordings held out' 'report 情绪.html'
check 'open("report 情绪.html", encoding="utf-8").read().count("data:image/png;base64,iVBOR") == 6'
[ "$(find . -name '*.pictures-*' | wc -l)" -eq 0 ] || fail "scratch pictures are left"

# The same input gives the same classifier.
ok "$vpr" --quiet classify train emotions -o again.vpc --threads 1
says 'accuracy' out
cmp emotions.vpc again.vpc || fail "training twice gave two classifiers"

# predict: every class, bad files named and skipped; one bad file alone is an error.
python3 "$here/make_audio.py" audio
run "$vpr" --quiet classify predict emotions/sad/sad-001.wav audio/empty.wav --model emotions.vpc --json
expect_status 1 "predict with a file that cannot be used"
check 'len(lines) == 2 and lines[1]["label"] is None and "empty.wav" in lines[1]["error"]'
check 'lines[0]["label"] == "sad" and lines[0]["probability"] > 0.5'
check 'abs(sum(lines[0]["probabilities"].values()) - 1) < 1e-6 and len(lines[0]["probabilities"]) == 4'
says 'empty\.wav' err
ok "$vpr" --quiet classify predict - --model emotions.vpc < emotions/angry/angry-003.wav
says '^-	angry ' out
refused "$vpr" --quiet classify predict audio/silent.wav --model emotions.vpc
refused "$vpr" --quiet classify predict emotions/sad/sad-001.wav --model audio/good.wav
says 'not a vpr classifier file' err
head -c 5000 emotions.vpc > cut.vpc
refused "$vpr" --quiet classify predict emotions/sad/sad-001.wav --model cut.vpc

# eval: other recordings; those it learnt from are pointed out; a list with columns and UTF-8 labels.
ok "$vpr" classify synth others --count 10 --seed 2
ok "$vpr" --quiet classify eval others --model emotions.vpc --html eval.html --json
check 'j["accuracy"] > 0.75 and j["recordings"] == 40 and j["training_recordings"] == 0'
says 'All recordings' eval.html
ok "$vpr" --quiet classify eval emotions --model emotions.vpc --json
check 'j["training_recordings"] == 64'
says 'WAS TRAINED ON 64' err
{
  printf 'path\tmood\tvoice\tset\n'
  for n in 01 02 03 04 05 06 07 08; do
    printf 'others/happy/happy-0%s.wav\t高兴\tv%s\t%s\n' $n $((10#$n % 4)) $((10#$n % 2))
    printf 'others/sad/sad-0%s.wav\t难过\tv%s\t%s\n' $n $((10#$n % 4)) $((10#$n % 2))
  done
  printf 'others/sad/sad-009.wav\t-\tv9\t1\n'
} > list.tsv
ok "$vpr" --quiet classify train list.tsv --label mood --group-by voice --test-size 0.25 --folds 0 \
  --features summary -o moods.vpc --plot plots --json
check 'j["labels"] == ["难过", "高兴"] and j["groups"] == 3 and j["unlabelled"] == 1 and len(j["columns"]) == 33'
check 'j["cross_validation"] is None and sum(j["counts"]) == 12'
# One recording of each voice and mood is learnt from, all are tested on.
ok "$vpr" --quiet classify train list.tsv --label mood --group-by voice --test-size 0.25 --folds 3 \
  --per-group 1 --balance --features summary -o even.vpc --json
check 'j["counts"] == [3, 3] and j["settings"]["per_group"] == 1 and j["settings"]["balance"] == 1 and j["test"]["recordings"] == 4'
check 'sum(map(sum, j["cross_validation"]["report"]["confusion"])) == 12'
ok "$vpr" --quiet classify train list.tsv --label mood --group-by voice --test-size 0 --folds 0 \
  --group-means --filter-labels --features summary -o sure.vpc --json
check 'sum(j["counts"]) + len(j["doubted"]) == 8 and j["settings"]["filter_labels"] == 1'
says 'doubted' "$(echo sure.vpc.*.log)"
ok "$vpr" --quiet classify eval list.tsv --label mood --by set --model moods.vpc --json
check 'set(j["by"]) == {"0", "1"} and j["by"]["0"]["recordings"] == 8'
ok "$vpr" --quiet classify eval list.tsv --label mood --by set --model moods.vpc
says '高兴' out
refused "$vpr" --quiet classify eval list.tsv --label age --model moods.vpc
says "no column 'age'" err
refused "$vpr" --quiet classify eval others --model moods.vpc
says 'label that the classifier knows' err

# What cannot be learnt is refused with a reason, and nothing is left behind.
mkdir -p few/many few/one
cp emotions/sad/sad-00[1-5].wav few/many
cp emotions/happy/happy-001.wav few/one
mkdir -p bare/only; cp emotions/sad/sad-00[1-5].wav bare/only
before=$(ls)
refused "$vpr" --quiet classify train few -o few.vpc
says "class 'one' has one recording" err
refused "$vpr" --quiet classify train bare -o few.vpc
says 'at least two classes' err
refused "$vpr" --quiet classify train list.tsv --label mood --group-by colour -o few.vpc
refused "$vpr" --quiet classify train nowhere -o few.vpc
refused "$vpr" --quiet classify train emotions -o list.tsv/few.vpc
[ "$(ls)" = "$before" ] || fail "a refused training left something behind"

# inspect
ok "$vpr" inspect "$data/flite-slt-1.flac" -o '图 1.png'
[ "$(head -c 8 '图 1.png' | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "not a PNG"
ok "$vpr" inspect - -o piped.png --own-rate < emotions/sad/sad-001.wav
for file in audio/empty.wav audio/text.wav audio/nan.wav audio/truncated.wav; do
  refused "$vpr" inspect "$file" -o bad.png
  [ ! -e bad.png ] || fail "a picture of $file"
done
