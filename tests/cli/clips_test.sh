#!/usr/bin/env bash
# vpr classify with clips: learnt from drawn faces and voices, asked with either side missing.
# usage: clips_test.sh VPR DATA MODULES
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"
modules=$1
export OMP_WAIT_POLICY=passive

usage_error "$vpr" classify train clips -o a.vpc --modalities audio,smell
says "'smell' is unknown" err
usage_error "$vpr" classify train clips -o a.vpc --modalities audio,image --classifier svm
usage_error "$vpr" classify train clips -o a.vpc --fusion mean
usage_error "$vpr" classify predict --model a.vpc
refused "$vpr" classify train missing -o a.vpc --modalities audio,image
if [ ! -e "$modules/vpr_ffmpeg.so" ] || ! command -v ffmpeg > /dev/null; then
  echo "SKIPPED: no module of FFmpeg's libraries, or no program ffmpeg"
  exit 77
fi
convert() { ffmpeg -nostdin -v quiet -y "$@"; }

"$vpr" --quiet classify synth clips --video --count 4 --people 4 --pixels 48 --seconds 0.6 > /dev/null
small=(--image-size 32 --frames 2 --epochs 2 --batch-size 8 --threads 2)
ok "$vpr" --quiet classify train clips --modalities audio,image --whole-frame --group-by person "${small[@]}" \
  --test-size 0.25 -o a.vpc --tensorboard events --html report.html --plot plots --json
check 'j["classifier"] == "clips" and len(j["labels"]) == 7 and j["recordings"] == 28 and j["groups"] == 3'
check 'j["clips"]["fusion"] == "attention" and j["clips"]["seen"] == 28 == j["clips"]["heard"] and not j["clips"]["face"]'
check 'j["test"]["recordings"] == 7 and j["clips"]["test"]["image"]["recordings"] == 7'
check 'abs(sum(j["clips"]["test"]["weights"].values()) - 1) < 1e-6'
[ ! -e a.vpc.checkpoint ] || fail "the checkpoint stayed"
[ "$(find events -name 'events.out.tfevents*' | wc -l)" -eq 1 ] || fail "no events"
grep -q "by their sound alone" report.html || fail "no report of each side"
[ "$(find plots -name 'confusion-*.png' | wc -l)" -eq 3 ] || fail "a matrix for both and each"

# The same again, to the byte; a training that goes on from its last checkpoint ends as it would have.
again=("$vpr" --quiet classify train clips --modalities audio,image --whole-frame --group-by person "${small[@]}" --test-size 0.25)
ok "${again[@]}" -o b.vpc
cmp a.vpc b.vpc || fail "another run gave another classifier"
refused "${again[@]}" -o c.vpc --resume

# Clips, pictures, sounds.
clip=clips/sad/$(ls clips/sad | head -1)
clip=$clip/$(ls "$clip" | head -1)
convert -i "$clip" -frames:v 1 face.png
convert -i "$clip" sound.wav
convert -i "$clip" -an -c:v copy silent.avi
ok "$vpr" classify predict "$clip" face.png sound.wav silent.avi --sound sound.wav --picture face.png --model a.vpc --json
check 'len(lines) == 5 and all(abs(sum(l["probabilities"].values()) - 1) < 1e-6 for l in lines)'
check 'lines[0]["sides"]["image"] and lines[0]["sides"]["sound"] and 0 < lines[0]["weights"]["image"] < 1'
check 'lines[1]["sides"]["sound"] is None and lines[1]["weights"] == {"image": 1, "sound": 0}'
check 'lines[2]["sides"]["image"] is None and lines[2]["weights"] == {"image": 0, "sound": 1}'
check 'lines[3]["sides"]["sound"] is None and lines[4]["file"] == "sound.wav + face.png"'
check 'lines[0]["sides"]["sound"] == lines[2]["sides"]["sound"] == lines[4]["sides"]["sound"]'
ok "$vpr" classify predict sound.wav --model a.vpc
says 'sound alone$' out
refused "$vpr" classify predict - --model a.vpc
says 'standard input' err
echo nothing > text.mp4
run "$vpr" classify predict "$clip" text.mp4 --model a.vpc --json
expect_status 1
check 'lines[0]["label"] and lines[1]["label"] is None and "text.mp4" in lines[1]["error"]'

# Measured: parts, a side left out, and that the clips are known.
ok "$vpr" classify eval clips/clips.tsv --by person --model a.vpc --json
check 'j["recordings"] == 28 and len(j["by"]) == 4 and j["training_recordings"] == 21'
check 'j["sides"]["image"]["recordings"] == 28 and len(j["confusion"]) == 7'
says 'TRAINED ON 21 of the 28' err
ok "$vpr" --quiet classify eval clips --model a.vpc --without image --json
check 'j["sides"]["image"] is None and j["heard"] == 28 and j["seen"] == 0'

# A table of sounds and pictures, of which one may be missing; a branch to begin with; folds.
awk -F '\t' 'NR > 1 { print $1 }' clips/clips.tsv | head -12 > paths
printf 'sound\tpicture\tlabel\n' > pairs.tsv
awk '{ l = NR % 2 ? "a" : "b"; s = NR % 3 ? "clips/" $1 : "-"; p = NR % 3 == 1 ? "-" : "clips/" $1; print s "\t" p "\t" l }' paths >> pairs.tsv
ok "$vpr" --quiet classify train pairs.tsv --modalities audio,image --whole-frame "${small[@]}" --fusion concat \
  --init-image a.vpc --init-audio a.vpc --test-size 0 --folds 2 -o pairs.vpc --json
check 'j["clips"]["seen"] == 8 == j["clips"]["heard"] and len(j["cross_validation"]["accuracies"]) == 2'
ok "$vpr" --quiet classify train clips --modalities audio "${small[@]}" -o audio.vpc --json
check 'j["clips"]["image"] is False and j["clips"]["fusion"] is None'
refused "$vpr" classify train clips --modalities audio,image --whole-frame "${small[@]}" --init-image audio.vpc -o d.vpc
says 'no image branch' err

# Smaller, and for other programs.
for type in float16 int8; do
  ok "$vpr" model quantize a.vpc -o "$type.vpc" --type "$type"
  ok "$vpr" --quiet classify predict "$clip" --model "$type.vpc" --json
done
[ $((100 * $(stat -c %s int8.vpc))) -le $((27 * $(stat -c %s a.vpc))) ] || fail "int8: $(stat -c %s int8.vpc a.vpc)"
ok "$vpr" model export a.vpc --onnx clips.onnx
refused "$vpr" model export a.vpc --torchscript clips.pt
if python3 -c 'import onnxruntime, numpy' 2> /dev/null; then
  python3 "$here/onnx_clips.py" clips.onnx || fail "not as onnxruntime runs it"
fi
head -c 5000 a.vpc > cut.vpc
refused "$vpr" classify predict "$clip" --model cut.vpc
says 'cut off|damaged' err

# Faces are looked for where dlib is there.
if [ -e "$modules/vpr_dlib.so" ]; then
  ok "$vpr" --quiet classify synth faces --video --count 2 --people 2 --pixels 96 --seconds 0.4
  ok "$vpr" --quiet classify train faces --modalities image "${small[@]}" --test-size 0 -o faces.vpc --json
  check 'j["clips"]["face"] and j["clips"]["seen"] >= 12'
  refused "$vpr" classify predict sound.wav --model faces.vpc
fi
