#!/usr/bin/env bash
# vpr sync: drawn clips whose sound comes later or earlier, or is another's.
# usage: sync_test.sh VPR DATA MODULES
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"
modules=$1

usage_error "$vpr" sync
usage_error "$vpr" sync -
refused "$vpr" sync missing.mp4
says "missing.mp4" err
for module in vpr_ffmpeg vpr_dlib; do
  if [ ! -e "$modules/$module.so" ]; then
    echo "SKIPPED: no module $module"
    exit 77
  fi
done
if [ ! -e /usr/share/dlib/shape_predictor_68_face_landmarks.dat ]; then
  echo "SKIPPED: no landmarks (libdlib-data)"
  exit 77
fi

synth() { "$vpr" --quiet classify synth "$@" --video --count 1 --people 1 --pixels 96 --seconds 3 > out; }
synth even
synth late --shift-ms 120 --snr 10
synth early --shift-ms -200
ok "$vpr" sync {even,early}/happy/p001/happy-001.avi --json
check 'len(lines) == 2 and all(l["confidence"] > 0.99 and l["faces"] == 1 and l["frames"] == 75 for l in lines)'
check 'all(abs(l["offset_ms"] - ms) < 20 for l, ms in zip(lines, (0, -200)))'
ok "$vpr" sync late/happy/p001/happy-001.avi
says 'the sound comes 1[0-4][0-9] ms after the lips' out

# A shift that the container makes, and another's voice.
if command -v ffmpeg > /dev/null; then
  join() { ffmpeg -nostdin -v quiet -y "$@"; }
  clip=even/surprise/p001/surprise-001.avi
  join -i $clip -itsoffset 0.16 -i $clip -map 0:v -map 1:a -c copy later.mkv
  join -itsoffset 0.16 -i $clip -i $clip -map 0:v -map 1:a -c copy sooner.mkv
  join -i $clip -i even/sad/p001/sad-001.avi -map 0:v -map 1:a -c copy other.mkv
  join -i $clip -map 0:v -c copy dumb.mkv
  join -f lavfi -i color=gray:size=96x96:rate=25:duration=1.5 -i $clip -map 0:v -map 1:a -c:v ffv1 -c:a copy -shortest faceless.mkv
  ok "$vpr" sync later.mkv sooner.mkv other.mkv --json
  check 'abs(lines[0]["offset_ms"] - 160) < 20 and abs(lines[1]["offset_ms"] + 160) < 20'
  check 'lines[2]["offset_ms"] is None and "by chance" in lines[2]["reason"]'
  ok "$vpr" sync faceless.mkv
  says 'cannot tell: no face was found' out
  refused "$vpr" sync dumb.mkv
  says 'holds no sound' err
fi
refused "$vpr" sync even/happy/p001/happy-001.avi --landmarks even/clips.tsv
says 'landmarks' err
