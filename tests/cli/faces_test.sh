#!/usr/bin/env bash
# vpr faces: a drawn face is followed, cut out, and put between where it was found.
# usage: faces_test.sh VPR DATA MODULES DRAW_FACES
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"
modules=$1 draw=$2

usage_error "$vpr" faces
usage_error "$vpr" faces clip.mp4 --camera v4l2:/dev/video0
usage_error "$vpr" faces clip.mp4 --plot faces.jpg
refused "$vpr" faces missing.mp4
says "missing.mp4" err
if [ ! -e "$modules/vpr_ffmpeg.so" ] || ! command -v ffmpeg > /dev/null; then
  echo "SKIPPED: no module of FFmpeg's libraries, or no program ffmpeg"
  exit 77
fi
convert() { ffmpeg -nostdin -v quiet -y "$@"; }

convert -f lavfi -i sine=440:duration=1 -c:a aac sound.m4a
refused "$vpr" faces sound.m4a
says 'holds no video \(its tracks: audio\)|dlib is missing' err
if [ ! -e "$modules/vpr_dlib.so" ]; then
  echo "SKIPPED: no module of dlib"
  exit 77
fi

"$draw" 24 > clip.rgb
convert -f rawvideo -pix_fmt rgb24 -s 320x240 -r 25 -i clip.rgb -c:v ffv1 -pix_fmt bgr0 clip.mkv
ok "$vpr" faces clip.mkv -o crops --plot faces.png --json
check 'j["frames"] == 24 and j["frames_with_faces"] == 24 and len(j["faces"]) == 1'
check 'j["faces"][0]["frames"] == 24 and j["faces"][0]["found"] == 21'
check 'j["width"] == 320 and j["turned"] == 0 and j["crops"] == "crops" and j["plot"] == "faces.png"'
[ "$(find crops/face-1 -name '*.png' | wc -l)" -eq 24 ] || fail "a crop a frame"
[ "$(head -c 8 faces.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] || fail "not a PNG"
# In the frames without the face it goes on evenly, to the right.
check '[r["found"] for r in csv.DictReader(open("crops/faces.csv"))] == ["1"] * 10 + ["0"] * 3 + ["1"] * 11'
for field in left top width height; do
  check '(lambda x: max(abs(x[9] + (x[13] - x[9]) * k / 4 - x[9 + k]) for k in range(5)) < 0.11)([float(r["'$field'"]) for r in csv.DictReader(open("crops/faces.csv"))])'
done
check '(lambda x: x[9] < x[11] < x[13])([float(r["left"]) + float(r["width"]) / 2 for r in csv.DictReader(open("crops/faces.csv"))])'

# The same again, to the byte, from a pipe; never into a folder that holds something.
"$vpr" --quiet faces - -o again < clip.mkv > out
diff -r crops again || fail "another run gave other crops"
refused "$vpr" faces clip.mkv -o crops
says 'expected a new or an empty folder' err
ok "$vpr" faces clip.mkv
says '24 of them with faces' out
says '^face 1 .*24 frames, 21 of them found' out
ok "$vpr" faces clip.mkv --max-gap 0 --json
check 'len(j["faces"]) == 2 and [f["found"] for f in j["faces"]] == [10, 11]'

# Landmarks and mouths.
if [ -e /usr/share/dlib/shape_predictor_68_face_landmarks.dat ]; then
  ok "$vpr" faces clip.mkv -o mouths --mouth --seconds 0.4
  [ "$(find mouths -name '*-mouth.png' | wc -l)" -eq 10 ] || fail "a mouth a frame"
  check 'len(next(csv.reader(open("mouths/faces.csv")))) == 9 + 1 + 2 * 68'
  check '(lambda o: max(o) > min(o) + 0.2)([float(r["mouth_opening"]) for r in csv.DictReader(open("mouths/faces.csv"))])'
fi
refused "$vpr" faces clip.mkv --align --landmarks clip.rgb
says 'landmarks' err

# A picture is a video of one frame; one without a face is no error.
convert -i clip.mkv -frames:v 1 face.png
ok "$vpr" faces face.png --json
check 'j["frames"] == 1 and len(j["faces"]) == 1'
convert -f lavfi -i color=gray:size=320x240:rate=25:duration=0.2 -c:v mpeg4 empty.mp4
ok "$vpr" faces empty.mp4 --plot none.png --json
check 'j["faces"] == [] and j["plot"] == "" and len(j["warnings"]) == 1'
[ ! -e none.png ] || fail "a picture of no faces"
head -c $(($(stat -c %s empty.mp4) / 2)) empty.mp4 > cut.mp4
refused "$vpr" faces cut.mp4
says 'truncated' err

# A camera, by the devices of FFmpeg.
if [ -e "$modules/vpr_camera.so" ]; then
  ok "$vpr" faces --camera "lavfi:movie=clip.mkv" --seconds 0.3 --json
  check 'j["frames"] == 8 and len(j["faces"]) == 1'
  refused "$vpr" faces --camera v4l2:/dev/no_such_camera
  refused "$vpr" faces --camera http://127.0.0.1/
fi
