#!/usr/bin/env bash
# A long recording in little memory, by every command that takes recordings of any length.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1 VPR_DB=$work/voices.db

# 90 minutes, most of them a hole in the file, with speech now and then: 345 MB as samples.
"$vpr" trim "$data/flite-slt-1.flac" -o speech.wav > /dev/null
python3 - <<'P'
import struct
speech = open("speech.wav", "rb").read()[44:]
rate, seconds = 16000, 5400
with open("long.wav", "wb") as f:
    f.write(b"RIFF" + struct.pack("<I", 36 + 2 * rate * seconds) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
            + b"data" + struct.pack("<I", 2 * rate * seconds))
    for at in (0.05, 0.3, 0.31, 0.77, 0.98):
        f.seek(44 + 2 * int(at * rate * seconds))
        f.write(speech * 2)
    f.truncate(44 + 2 * rate * seconds)
P
# peak COMMAND...: runs it, prints the largest resident set in kB, its output is in out and err.
cat > peak.py <<'P'
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=open("out", "wb"), stderr=open("err", "wb")).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
P
# Under the sanitizers memory says nothing.
limit=153600
if grep -qa '__asan_init\|__tsan_init' "$vpr"; then limit=10000000; fi
lean() {
  status=0
  kilobytes=$(python3 peak.py "$@") || status=$?
  expect_status 0 "$@"
  [ "$kilobytes" -le "$limit" ] || fail "$kilobytes kB, at most $limit are allowed: $*"
}
lean "$vpr" trim long.wav -o trimmed.wav --json
check 'j["seconds"] == 5400 and len(j["intervals"]) > 4'
lean "$vpr" embed --threads 2 long.wav -o long.npy
ok "$vpr" embed trimmed.wav -o trimmed.npy
mkdir -p folder/ada && ln long.wav folder/ada/
lean "$vpr" pack folder -o packed --json
check 'j["train"]["utterances"] == 1 and j["skipped"] == []'
ok "$vpr" enroll Ada "$data/flite-slt-1.flac" "$data/flite-slt-2.flac" "$data/flite-slt-3.flac"
lean "$vpr" identify long.wav --threshold 0.5 --json
check 'len(lines) == 1 and lines[0]["candidates"][0]["name"] == "Ada"'

# Two recordings are compared with a bar as many are, and Ctrl-C ends that in their midst.
python3 - "$vpr" "$data/flite-slt-1.flac" <<'P' || fail "compare of a long recording"
import os, pty, signal, sys
vpr, other = sys.argv[1:3]
process, terminal = pty.fork()
if process == 0:
    os.execv(vpr, [vpr, "compare", "long.wav", other])
shown, asked = b"", False
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:  # the end of a terminal
        break
    if not part: break
    shown += part
    if not asked and b"embedding" in shown:
        os.kill(process, signal.SIGINT)
        asked = True
status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
assert asked and status == 1 and b"stopped after 0 of 2 files" in shown and b"score" not in shown, (status, shown)
P

# A limit that an option moves.
run "$vpr" embed --max-hours 1 long.wav -o long.npy
expect_status 1 embed
says 'longer than 1 hours; raise the limit with --max-hours' err
refused "$vpr" features long.wav --max-hours 0.5 -o x.npy
says 'longer than 0.5 hours' err
# Told what a recording is, a limit that is that of its picture counts as any other.
python3 - <<'P'
import struct
size = 2 * 8000 * 7300
with open("hole.wav", "wb") as f:
    f.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
            + b"data" + struct.pack("<I", size))
    f.truncate(44 + size)
P
ok "$vpr" inspect hole.wav
ok "$vpr" inspect hole.wav --max-hours 2.5
for hours in 1 2; do
  refused "$vpr" inspect hole.wav --max-hours "$hours"
  says "longer than $hours hours" err
done

# Two people on two channels: said, and one of them is taken on demand.
python3 - <<'P'
import struct
a = open("speech.wav", "rb").read()[44:]
n = len(a) // 2
v = struct.unpack("<%dh" % n, a)
left, right = list(v) + [0] * n, [0] * n + list(v)
body = b"".join(struct.pack("<hh", x, y) for x, y in zip(left, right))
open("two.wav", "wb").write(b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 2, 16000, 64000, 4, 16) + b"data" + struct.pack("<I", len(body)) + body)
P
ok "$vpr" embed two.wav -o two.npy
says "two.wav': its channels hold different sounds" err
ok "$vpr" embed --channel 2 two.wav -o two.npy
[ ! -s err ] || fail "a warning of one channel"
refused "$vpr" embed --channel 3 two.wav -o two.npy

# Files are written as what their names say.
usage_error "$vpr" trim two.wav -o two.mp3
says '\.wav' err
usage_error "$vpr" inspect two.wav -o two.jpg
says '\.png' err
usage_error "$vpr" features two.wav -o two.txt
says '\.npy or \.csv' err
ok "$vpr" trim two.wav -o /dev/null
