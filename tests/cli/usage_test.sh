#!/usr/bin/env bash
# Help, version and wrong usage.
. "$(dirname "$0")/lib.sh"

ok "$vpr" --version
says '^vpr [0-9]+\.[0-9]+\.[0-9]+$' out
says 'libsndfile' out
ok "$vpr" --help
# Every command, and every command of a command, has a help with an example that calls it.
subcommands() { sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' out; }
walk() {
  run "$vpr" "$@" --help
  expect_status 0 "$* --help"
  [ ! -s err ] || fail "help on stderr: $*"
  local name
  for name in $(subcommands); do
    helped=$((helped + 1))
    walk "$@" "$name"
    ok "$vpr" "$@" "$name" --help
    says '^Example:' out
    says "vpr $* *$name" out
  done
}
helped=0
walk
[ $helped -ge 35 ] || fail "found only $helped commands"

# wrong PATTERN ARGUMENTS...: wrong usage, said in one line that begins "vpr: error:".
wrong() {
  local pattern=$1
  shift
  usage_error "$vpr" "$@"
  [ "$(wc -l < err)" -eq 1 ] || fail "expected one line on stderr from: $*"
  says "^vpr: error: $pattern" err
}

# What was typed is echoed with the nearest that there is.
touch one.wav two.wav three.wav
wrong "there is no command 'comapre'; did you mean 'compare'\?" comapre one.wav two.wav
wrong "there is no command 'info'; did you mean 'model info'\?" info
wrong "there is no command 'transmogrify' \(see: vpr --help" transmogrify
wrong "speakers: there is no command 'lst'; did you mean 'list'\?" speakers lst
wrong "model: a command is missing: .*info.* or .* \(see: vpr model --help" model
wrong "a command is missing: compare, "
wrong "compare: there is no option '--modle'; did you mean '--model'\?" compare one.wav two.wav --modle x
wrong "compare: there is no option '--modle'" compare one.wav two.wav --modle=x
wrong "compare: there is no option '-zmodel'; did you mean '--model'\?" compare one.wav two.wav -zmodel x
wrong "compare: A B: at most 2 required but received 3" compare one.wav two.wav three.wav
wrong "compare: A B: .*2 required" compare one.wav
wrong "compare: --backend: must be auto, onednn or libtorch, found 'onedn'; did you mean 'onednn'" \
  compare one.wav two.wav --backend onedn
wrong "compare: --threshold does not go together with --fmr|compare: --fmr does not go together with --threshold" \
  compare one.wav two.wav --fmr 1% --threshold 0.5
wrong "compare: --threshold: must be a number, found high" compare one.wav two.wav --threshold high
wrong "compare: give two recordings, or --pairs LIST \(see: vpr compare --help" compare
wrong "enroll: NAME FILE\.\.\. is missing" enroll
wrong "verify: NAME is missing" verify
wrong "pack: PREFIX is missing|pack: -o.* is missing|pack: --output is missing" pack one
wrong "embed: --format: must be npy, kaldi or jsonl, found 'nyp'; did you mean 'npy'" embed one.wav -o x --format nyp
# As of "$unset".
wrong "diarize: --output is an empty word" diarize one.wav -o ""
wrong "eval: --scores-out is an empty word" eval --scores one.wav --scores-out ""
wrong "compare: A B is an empty word" compare one.wav ""
wrong "speakers show: NAME is an empty word" speakers show ""
# A file is what its name says.
wrong "eval: --html: must end in .html or .htm" eval --scores one.wav --html page.pdf
wrong "model export: --onnx: must end in .onnx" model export x.vpr --onnx x.pt
printf 'x' > $'e\033[2Jvil'
wrong 'there is no command .e\\x1b\[2Jvil' $'e\033[2Jvil'
wrong 'there is no command .a\\u009bb' $'a\xc2\x9bb'

# A forgotten name does not make a person of a recording.
wrong "enroll: NAME is missing: 'one.wav' is a recording" enroll one.wav two.wav
wrong "enroll: NAME is missing: 'gone.opus' is a recording" enroll gone.opus two.wav
wrong "verify: NAME is missing before 'one.wav'" verify one.wav
mkdir people
wrong "enroll: NAME is missing: 'people' is a folder; --per-folder or --per-file" enroll people

usage_error "$vpr"
usage_error "$vpr" no-such-command
usage_error "$vpr" compare
usage_error "$vpr" compare one.wav
usage_error "$vpr" compare one.wav two.wav three.wav
usage_error "$vpr" compare - -
usage_error "$vpr" compare one.wav two.wav --pairs list
usage_error "$vpr" compare one.wav two.wav --threshold high
usage_error "$vpr" compare one.wav two.wav --fmr 2
usage_error "$vpr" compare one.wav two.wav --fmr 0
usage_error "$vpr" compare one.wav two.wav --fmr 1% --threshold 0.5
usage_error "$vpr" compare one.wav two.wav --threshold high
usage_error "$vpr" compare one.wav two.wav --no-such-option
usage_error "$vpr" compare one.wav two.wav --device gpu
usage_error "$vpr" embed one.wav
usage_error "$vpr" embed -o out.npy
usage_error "$vpr" embed one.wav -o out.dat
usage_error "$vpr" embed one.wav -o out.npy --format mat
usage_error "$vpr" eval
usage_error "$vpr" eval --trials a --scores b
usage_error "$vpr" eval --trials a --trials b --scores-out c
usage_error "$vpr" model
usage_error "$vpr" pack
usage_error "$vpr" train
usage_error "$vpr" features
usage_error "$vpr" inspect
usage_error "$vpr" classify
usage_error "$vpr" classify train one
usage_error "$vpr" classify train one -o two --classifier forest
usage_error "$vpr" classify train one -o two --features pitch
usage_error "$vpr" classify train one -o two --statistics median
usage_error "$vpr" classify train one -o two --classifier cnn --features mfcc
usage_error "$vpr" classify train one -o two --test-size 1
usage_error "$vpr" classify predict one.wav
usage_error "$vpr" classify eval one
usage_error "$vpr" classify synth

# Every setting of a training is in the documents.
root=$here/../..
settings=$(sed -nE 's/.*visit\("[a-z]+", "([a-z_]+)".*/\1/p' "$root/src/train/train_config.cc")
[ "$(wc -w <<< "$settings")" -ge 50 ] || fail "no settings found"
for setting in $settings; do
  grep -q "\`$setting\`" "$root/docs/formats.md" || fail "docs/formats.md does not tell of the setting $setting"
done

# Whoever has read enough is left in peace.
{ "$vpr" --help-all 2> err || true; } | true
[ ! -s err ] || fail "a closed pipe is an error"

# What a message quotes of a file that is no list is cut short.
{ printf '1 '; head -c 200000 /dev/zero | tr '\0' x; printf ' b\n'; } > long.list
run "$vpr" eval --trials long.list
expect_status 1 "eval of a list with a line of 200 kB"
[ "$(wc -c < err)" -lt 40000 ] || fail "$(wc -c < err) bytes of messages"

# A full disk is noticed.
if [ -w /dev/full ]; then
  status=0
  "$vpr" eval --scores <(printf '1 0.9\n0 0.1\n') > /dev/full 2> err || status=$?
  expect_status 1 "eval > /dev/full"
fi
