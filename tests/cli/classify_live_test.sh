#!/usr/bin/env bash
# vpr classify live: files in the place of cameras, answered by a small classifier of drawn clips.
# usage: classify_live_test.sh VPR DATA MODULES
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"
modules=$1

usage_error "$vpr" classify live --camera clip.mp4
usage_error "$vpr" classify live --model x.vpc
usage_error "$vpr" classify live --model x.vpc --mic --no-audio
usage_error "$vpr" classify live --model x.vpc --camera clip.mp4 --quality best
refused "$vpr" classify live --model missing.vpc --camera clip.mp4
says 'missing.vpc' err
if [ ! -e "$modules/vpr_ffmpeg.so" ]; then
  echo "SKIPPED: no module of FFmpeg's libraries"
  exit 77
fi
"$vpr" --quiet classify synth clips --video --count 2 --people 2 --pixels 48 --seconds 0.6 > out
"$vpr" --quiet classify train clips/clips.tsv --modalities audio,image --whole-frame --image-size 32 --frames 2 --epochs 1 \
  --test-size 0 -o clips.vpc > out
"$vpr" --quiet classify synth film --video --count 1 --people 1 --pixels 64 --seconds 2.5 > out
film=film/happy/p001/happy-001.avi

ok "$vpr" classify live --model clips.vpc --camera $film --window 1 --every 0.5 --json
check 'len(lines) >= 3 and all(l["label"] in l["probabilities"] for l in lines)'
check 'all(abs(sum(l["probabilities"].values()) - 1) < 1e-5 for l in lines)'
check 'lines[-1]["image_weight"] is None or abs(lines[-1]["image_weight"] + lines[-1]["sound_weight"] - 1) < 1e-5'
check 'lines[-1]["frames"] <= 63 and lines[-1]["pairs"] + lines[-1]["dropped_frames"] <= lines[-1]["frames"]'
check 'all(l["mean_apart_ms"] is None or l["mean_apart_ms"] < 100 for l in lines)'
check 'all(a["seconds"] <= b["seconds"] for a, b in zip(lines, lines[1:])) and lines[-1]["heard_seconds"] <= 1'
ok "$vpr" classify live --model clips.vpc --camera $film --no-audio --quality low --seconds 1.2 --json
check 'all(l["sound_probabilities"] is None and l["quality"] == "low" and l["heard_seconds"] == 0 for l in lines)'
ok "$vpr" classify live --model clips.vpc --camera $film --seconds 1.2
says '^ +[0-9.]+ s +(angry|disgust|fear|happy|neutral|sad|surprise) +[0-9.]+ %' out

# What is no clip's classifier, and clips that are not there.
refused "$vpr" classify live --model clips/clips.tsv --camera $film
refused "$vpr" classify live --model clips.vpc --camera film/none.avi
says 'film/none.avi' err
if [ -e "$modules/vpr_camera.so" ]; then
  refused "$vpr" classify live --model clips.vpc --camera /dev/no_such_camera
  # A camera that never ends, stopped by Ctrl-C.
  ok timeout --foreground --preserve-status -s INT 4 "$vpr" classify live --model clips.vpc \
    --camera lavfi:testsrc=size=64x48:rate=25 --every 0.3 --json
  check 'len(lines) >= 2 and all(l["image_probabilities"] is not None for l in lines[1:])'
fi
