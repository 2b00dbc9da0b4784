#!/usr/bin/env bash
# From a pile of recordings that nobody has labelled and another model's embeddings of them to a
# model of one's own: the three commands of docs/distillation.md.
. "$(dirname "$0")/lib.sh"
teacher=$1

mkdir -p pile/deeper
cp "$data"/*.flac pile
mv pile/espeak-* pile/deeper

ok "$vpr" --quiet pack pile --layout unlabelled -o pile-set
find pile -name '*.flac' | LC_ALL=C sort > pile.list
ok "$vpr" --quiet embed --model "$teacher" --list pile.list -o teacher.npy
student=(--epochs 6 --crops-per-epoch 256 --batch-size 16 --optimizer adamw --lr 2e-3 --threads 1 --hold-out 0)
run "$vpr" train pile-set -o student.vpr --teacher teacher.npy --teacher-list pile.list "${student[@]}"
expect_status 0 train
count=$(wc -l < pile.list)
says "embeddings of 192 numbers for $count of $count recordings, $count of these without a speaker" err
python3 - student.vpr.run/metrics.csv <<'P' || fail "the student did not come nearer to its teacher"
import csv, sys
losses = [float(row["loss"]) for row in csv.DictReader(open(sys.argv[1]))]
sys.exit(not (len(losses) == 6 and losses[-1] < 0.8 * losses[0]))
P

# It tells the voices apart, of which nobody told it.
all_pairs trials
ok "$vpr" --quiet eval --model student.vpr --trials trials --audio-root "$data" --json
check '0 <= j["eer"] < 0.4'

# Recordings that the table lacks, tables that lack their list, and no table at all.
refused "$vpr" --quiet train pile-set -o x.vpr --teacher teacher.npy "${student[@]}"
says 'teacher' err
head -n 3 pile.list > short.list
refused "$vpr" --quiet train pile-set -o x.vpr --teacher teacher.npy --teacher-list short.list "${student[@]}"
says "$count rows.*3 recordings" err
printf 'elsewhere.flac  [ 1 2 ]\n' > other.ark
refused "$vpr" --quiet train pile-set -o x.vpr --teacher other.ark "${student[@]}"
says 'no embedding of any recording' err
refused "$vpr" --quiet train pile-set -o x.vpr "${student[@]}"
says '0 speaker' err
