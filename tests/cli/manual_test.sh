#!/usr/bin/env bash
# Manual pages and completions are made of the options, and do in man and in the shells what they are for.
. "$(dirname "$0")/lib.sh"

ok "$vpr" manual pages
[ ! -s out ] || fail "pages are written into the folder only"
for page in vpr vpr-compare vpr-identify vpr-speakers vpr-speakers-remove vpr-classify-train; do
  [ -s "pages/$page.1" ] || fail "no page for $page"
done
# Every option that --help has stands in the page.
"$vpr" identify --help | grep -oE '^ +(-.,)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u > options
[ "$(wc -l < options)" -gt 10 ] || fail "no options found in --help"
sed 's/\\//g' pages/vpr-identify.1 > plain
while read -r option; do
  grep -qF -- "$option" plain || fail "vpr-identify.1 has no $option"
done < options
if command -v man > /dev/null && man --version > /dev/null 2>&1; then
  run env MANWIDTH=80 man --warnings=all -l pages/vpr-identify.1
  expect_status 0 man
  sed 's/.\x08//g' out > rendered
  for text in 'vpr-identify - Who is speaking' 'SYNOPSIS' '--fpir RATE' 'EXIT STATUS' 'vpr identify meeting.wav'; do
    grep -qF -- "$text" rendered || fail "man shows no: $text"
  done
  [ ! -s err ] || fail "man complains"
else
  echo "man is not there: pages not rendered" >&2
fi

# complete WORD...: what bash offers for the last word, sorted, in the file offered.
complete_in_bash() {
  bash --norc -c '
    . "$1"
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    "$(complete -p vpr | grep -oE -- "-F [^ ]+" | cut -c4-)"
    printf "%s\n" "${COMPREPLY[@]}"' bash "$PWD/vpr.bash" "$@" | sort > offered
}
offers() { [ "$(tr '\n' ' ' < offered)" = "$1 " ] || fail "expected '$1', offered: $(tr '\n' ' ' < offered)"; }
ok "$vpr" completions bash
cp out vpr.bash
complete_in_bash vpr speakers re
offers "re-embed remove rename"
complete_in_bash vpr ident
offers "identify"
complete_in_bash vpr identify --back
offers "--backend"
complete_in_bash vpr identify --backend o
offers "onednn"
complete_in_bash vpr -q speakers -h remo
offers "remove"
complete_in_bash vpr compare remove.wav --js
offers "--json"
complete_in_bash vpr compare --model whatever
offers ""

# The same typed at the prompt of a bash of its own.
cat > typed.py <<'PY'
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.environ["PS1"] = "ready> "
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen = b""
def wait(text):
    global seen
    end = time.time() + 60
    while text not in seen:
        if time.time() > end or not select.select([terminal], [], [], end - time.time())[0]:
            sys.exit("waited in vain for %r, seen: %r" % (text, seen))
        seen += os.read(terminal, 4096)
wait(b"ready> ")
seen = b""
os.write(terminal, b". ./vpr.bash; bind 'set bell-style none'; echo do''ne\n")
wait(b"done\r\n")
wait(b"ready> ")
seen = b""
os.write(terminal, b"vpr speakers rem\t")
wait(b"vpr speakers remove ")
print("completed")
os.write(terminal, b"\x03exit\n")
PY
ok python3 typed.py
says '^completed$' out

ok "$vpr" completions zsh
says '^#compdef vpr' out
if command -v zsh > /dev/null; then ok zsh -n out; fi
ok "$vpr" completions fish
cp out vpr.fish
if command -v fish > /dev/null; then
  ok env HOME="$PWD" fish --no-config -c 'source vpr.fish; complete -C "vpr speakers re"'
  check "sorted(l.split('\t')[0] for l in out.splitlines()) == ['re-embed', 'remove', 'rename']"
fi
usage_error "$vpr" completions tcsh
