#!/usr/bin/env bash
# What is written, where, and what is left when it cannot be: closed descriptors, full disks, signals,
# links of other users, permissions.
. "$(dirname "$0")/lib.sh"
slt=$data/flite-slt-1.flac

nothing_unfinished() { [ -z "$(find . -name '*.tmp.*' -o -name '*pictures*')" ] || fail "left: $(find .)"; }

# Closed descriptors: what is said is not written into the file that gets the number.
for closed in 0 1 2; do
  mkdir "closed$closed"
  status=0
  case $closed in
    0) "$vpr" features "$slt" -o closed0/x.npy > out 2> err <&- || status=$? ;;
    1) "$vpr" features "$slt" -o closed1/x.npy 2> err >&- || status=$? ;;
    2) "$vpr" pack "$slt" no-such-file.wav -o closed2/x > out 2>&- || status=$? ;;
  esac
  if [ $closed -eq 1 ]; then
    expect_status 0 "features with standard output closed, which has nothing to say"
  fi
  if [ $closed -lt 2 ]; then
    [ "$(head -c 6 closed$closed/x.npy | tail -c 5)" = NUMPY ] || fail "closed $closed: not an .npy"
  else
    for file in closed2/*; do
      if [ -e "$file" ] && grep -q 'vpr: ' "$file"; then fail "what is said went into $file"; fi
    done
  fi
done
run bash -c '"$1" trim "$2" >&-' _ "$vpr" "$slt"
expect_status 1 "trim with standard output closed"
says 'cannot write to standard output' err
run bash -c '"$1" eval --scores - <&-' _ "$vpr"
expect_status 1 "eval of standard input that is closed"

# Everything that writes, where files may not grow beyond a block: one line, the old file whole.
python3 - > scores <<'PY'
for i in range(400):
    print(i % 2, ((i * 37) % 400) / 100 + 2 * (i % 2))
PY
mkdir plots
ok "$vpr" eval --scores scores --plot plots --html page.html
ok "$vpr" inspect "$slt" -o inspect.png
ok "$vpr" features "$slt" -o features.npy --plot features.png
ok "$vpr" trim "$slt" -o trim.wav
sums() { sha256sum plots/* page.html inspect.png features.npy features.png trim.wav; }
sums > before
limited() {
  run bash -c 'ulimit -f 2; "$@"' _ "$@"
  expect_status 1 "$@"
  says "cannot write '$wrote.*: File too large" err
  nothing_unfinished
  sums | cmp -s before - || fail "an old file was harmed by: $*"
}
wrote=plots/ limited "$vpr" -q eval --scores scores --plot plots
wrote=page.html limited "$vpr" -q eval --scores scores --html page.html
wrote=inspect.png limited "$vpr" -q inspect "$slt" -o inspect.png
wrote=features.png limited "$vpr" -q features "$slt" --plot features.png
wrote=features.npy limited "$vpr" -q features "$slt" -o features.npy
wrote=trim.wav limited "$vpr" -q trim "$slt" -o trim.wav

# The same on a disk that is full, where one can be made.
mkdir disk
if mount -t tmpfs -o size=256k tmpfs disk 2> mount.err; then
  trap 'umount "$work/disk"; rm -rf "$work"' EXIT
  cp inspect.png disk/old.png
  dd if=/dev/zero of=disk/filler bs=1k 2> /dev/null || true
  refused "$vpr" -q inspect "$slt" -o disk/old.png
  says "cannot write '.*old.png': No space left" err
  cmp -s inspect.png disk/old.png || fail "the old picture was harmed"
  refused "$vpr" -q eval --scores scores --html disk/page.html
  # A store is not begun where it cannot be written: at once, not after waiting for others.
  started=$SECONDS
  refused "$vpr" -q enroll Ada "$slt" --db disk/voices.db
  says "cannot write '.*voices.db': No space left" err
  [ $((SECONDS - started)) -lt 25 ] || fail "a full disk is noticed after $((SECONDS - started)) s"
  [ "$(ls disk)" = "$(printf 'filler\nold.png')" ] || fail "left on the full disk: $(ls disk)"
else
  echo "SKIPPED in part: no tmpfs may be mounted here"
fi

# Signals that end the program leave nothing unfinished. Python, since a shell's children in the
# background ignore some of them.
mkdir many
for n in $(seq 400); do ln -s "$slt" "many/$n.flac"; done
cat > signals.py <<'PY'
import glob, os, signal, subprocess, sys, time
program = sys.argv[1]
for number, times in ((signal.SIGINT, 1), (signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGQUIT, 1),
                      (signal.SIGXCPU, 1), (signal.SIGUSR1, 1), (signal.SIGUSR2, 1), (signal.SIGALRM, 1),
                      (signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGHUP, 2)):
    os.makedirs("signalled", exist_ok=True)
    child = subprocess.Popen([program, "-q", "pack", "many", "-o", "signalled/set"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for _ in range(6000):
        if glob.glob("signalled/*.tmp.*") or child.poll() is not None: break
        time.sleep(0.01)
    for _ in range(times): child.send_signal(number)
    said = child.communicate()[1]
    what = f"{number.name} {times}: {child.returncode} {said!r} {os.listdir('signalled')}"
    # It was asked to stop, or made to; or it was done before the signal came.
    assert child.returncode in (0, 1, -number), what
    if number not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): assert child.returncode in (0, -number), what
    assert not [f for f in os.listdir("signalled") if ".tmp." in f], what
    assert said.count("\n") <= 1, what
PY
ulimit -c 0
python3 signals.py "$vpr" || fail "signals"

# Where nobody reads the results any more, not a word.
seq 200 | sed 's/.*/1 0.5/' > many-scores
set +o pipefail
python3 - "$vpr" <<'PY' || fail "a closed pipe"
import os, signal, subprocess, sys
read, write = os.pipe()
os.close(read)
for ignored in (False, True):
    child = subprocess.run([sys.argv[1], "eval", "--scores", "scores"], stdout=write, stderr=subprocess.PIPE,
                           text=True, restore_signals=not ignored)
    # Whoever reads has had enough, whether or not a parent has SIGPIPE ignored.
    assert child.stderr == "" and child.returncode == -signal.SIGPIPE, child
PY
set -o pipefail

# Too little memory: one line, however far it gets. Not where the program needs terabytes of addresses by itself.
model=$here/../../models/default.vpr
if [ -e "$model" ]; then
  for kb in 450000 350000 250000 150000 100000; do
    bash -c "ulimit -v $kb; '$vpr' --version" > /dev/null 2>&1 || continue
    run bash -c "ulimit -v $kb; '$vpr' compare --model '$model' '$slt' '$slt'"
    [ "$status" -le 1 ] || fail "with $kb kB of memory"
    [ "$status" -eq 0 ] || [ "$(wc -l < err)" -eq 1 ] || fail "with $kb kB of memory: more than a line"
  done
fi

# Links of another user, in a folder that everybody may write to.
if [ "$(id -u)" -eq 0 ]; then
  mkdir -m 1777 open
  echo precious > victim
  ln -s ../victim open/x.png
  ln -s ../made open/x.npy
  ln -s .. open/way
  chown -h 65534:65534 open/*
  for target in open/x.png open/way/new.png; do
    refused "$vpr" -q inspect "$slt" -o $target
    says 'is a link of another user' err
  done
  refused "$vpr" -q features "$slt" -o open/x.npy
  says 'is a link of another user' err
  [ "$(cat victim)" = precious ] || fail "another user's link was followed"
  [ ! -e made ] && [ ! -e new.png ] || fail "another user's link was followed"
  # The folder that pictures of a page once went to, and links in it.
  mkdir open/page.html.pictures-1
  refused "$vpr" -q eval --scores scores --html open/way/page.html
  rmdir open/page.html.pictures-1
else
  echo "SKIPPED in part: only root can make another user's link"
fi
nothing_unfinished
