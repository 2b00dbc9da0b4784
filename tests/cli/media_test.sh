#!/usr/bin/env bash
# Files of phones, browsers and meetings through the program; people who have a channel each.
# usage: media_test.sh VPR DATA MODULE
# shellcheck source=tests/cli/lib.sh
source "$(dirname "$0")/lib.sh"
module=$1

# Lists of other files are refused, and nobody is sent to a program that would follow them.
printf '#EXTM3U\n#EXTINF:1,\n%s\n' "$data/flite-slt-1.flac" > list.m3u8
refused "$vpr" inspect list.m3u8
says 'it is a playlist \(M3U, HLS\)' err
if grep -q ffmpeg err; then fail "a playlist must not be given to ffmpeg"; fi

# What a recording is, without a picture.
ok "$vpr" inspect "$data/flite-slt-1.flac" --json
check 'j["format"].startswith("FLAC") and j["channels"] == 1 and j["tracks"] == []'
refused "$vpr" inspect "$data/flite-slt-1.flac" --track 2
says 'it has 1 audio track' err

if [ ! -e "$module" ] || ! command -v ffmpeg > /dev/null; then
  echo "SKIPPED: no module of FFmpeg's libraries, or no program ffmpeg"
  exit 77
fi
convert() { ffmpeg -nostdin -v quiet -y "$@"; }

mkdir -p people/slt people/rms
number=0
for kind in "m4a:-c:a aac" "webm:-c:a libopus" "3gp:-c:a aac -ar 16000" "wma:-c:a wmav2" "mkv:-c:a ac3" "opus:-c:a libopus" \
  "mp4:-f lavfi -i color=size=64x48:rate=5:duration=1 -map 0:a -map 1:v -c:a aac -c:v mpeg4"; do
  number=$((number + 1))
  # shellcheck disable=SC2086  # words
  convert -i "$data/flite-slt-1.flac" ${kind#*:} "people/slt/$number.${kind%%:*}" || {
    echo "this ffmpeg cannot write ${kind%%:*}"
    rm -f "people/slt/$number.${kind%%:*}"
  }
done
convert -i "$data/flite-rms-1.flac" -c:a aac people/rms/1.m4a
convert -f lavfi -i color=size=64x48:rate=5:duration=1 -c:v mpeg4 people/rms/pictures.mp4
for file in people/slt/*; do
  ok "$vpr" compare "$file" "$data/flite-slt-2.flac"
  says '^same speaker' out
done

# A folder of them.
ok "$vpr" --quiet pack people -o packed --layout folders
[ "$(wc -l < packed.label)" -ge 3 ] || fail "pack left out recordings"
says 'pictures.mp4.*holds no sound' err
ok "$vpr" enroll --per-folder people --db voices.db
says 'slt' out
ok "$vpr" identify people/rms/1.m4a --db voices.db --json
check 'lines[0]["decision"] == "rms"'

# A call: one person a channel.
convert -i "$data/flite-slt-2.flac" -i "$data/flite-rms-2.flac" \
  -filter_complex '[0:a][1:a]amerge=inputs=2,pan=stereo|c0=c0|c1=c1' -c:a aac call.m4a
ok "$vpr" compare call.m4a "$data/flite-slt-1.flac" --channels separate --json
check '[l["a"] for l in lines] == ["call.m4a#1", "call.m4a#2"]'
check '[l["decision"] for l in lines] == ["same speaker", "different speakers"]'
ok "$vpr" compare call.m4a "$data/flite-slt-1.flac" --channels separate
[ "$(wc -l < out)" -eq 2 ] || fail "one line a channel"
ok "$vpr" compare call.m4a "$data/flite-slt-1.flac" --channels first
says '^same speaker' out
printf 'call.m4a#2\t%s\n' "$data/flite-slt-1.flac" > pairs.tsv
ok "$vpr" compare --pairs pairs.tsv --channels separate
says 'different speakers$' out
refused "$vpr" compare call.m4a "$data/flite-slt-1.flac" --channels 2
says "it has 1$" err
usage_error "$vpr" compare call.m4a "$data/flite-slt-1.flac" --channels both
usage_error "$vpr" trim call.m4a -o x.wav --channels separate
ok "$vpr" identify call.m4a --db voices.db --channels separate --json
check '[l["decision"] for l in lines] == ["slt", "rms"]'
ok "$vpr" verify rms call.m4a --db voices.db --channels separate --json
check '[l["decision"] for l in lines] == ["rejected", "accepted"]'
ok "$vpr" embed call.m4a "$data/flite-slt-1.flac" -o - --format jsonl --channels separate
check '[l["path"].split("/")[-1] for l in lines] == ["call.m4a#1", "call.m4a#2", "flite-slt-1.flac"]'
mkdir -p calls/acme
cp call.m4a calls/acme/call.m4a
ok "$vpr" --quiet pack calls -o calls-packed --channels separate
[ "$(cut -f2 calls-packed.label | sort | tr '\n' ' ')" = "acme#1 acme#2 " ] || fail "a speaker a channel"
printf 'path\tspeaker\ncalls/acme/call.m4a#2\trms\n' > channel.tsv
ok "$vpr" --quiet pack channel.tsv -o channel-packed --channels separate --json
check 'j["train"]["utterances"] == 1 and j["train"]["speakers"] == 1'
refused "$vpr" compare - "$data/flite-slt-1.flac" --channels separate < call.m4a
says 'only be read once' err

# Two tracks.
convert -i "$data/flite-rms-2.flac" -i "$data/flite-slt-2.flac" -map 0 -map 1 -c:a aac -metadata:s:a:0 language=eng \
  -disposition:a:0 0 -disposition:a:1 default two.mkv
ok "$vpr" inspect two.mkv
says '^track 1 +AAC, .*eng$' out
says '^track 2 .*\(read\)$' out
ok "$vpr" inspect two.mkv --track 1 --json
check 'j["track"] == 1 and len(j["tracks"]) == 2 and j["tracks"][0]["language"] == "eng"'
ok "$vpr" compare two.mkv "$data/flite-slt-1.flac"
says '^same speaker' out
ok "$vpr" compare two.mkv "$data/flite-slt-1.flac" --track 1
says '^different speakers' out
refused "$vpr" inspect two.mkv --track 3
says 'it has 2 audio tracks' err
