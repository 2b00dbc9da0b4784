#!/usr/bin/env bash
# Help, version and wrong usage.
. "$(dirname "$0")/lib.sh"

ok "$vpr" --version
says '^vpr [0-9]+\.[0-9]+\.[0-9]+$' out
says 'libsndfile' out
ok "$vpr" --help
for command in compare embed pack train eval model "model info" features trim inspect classify "classify train" "classify predict" "classify eval" "classify synth"; do
  read -ra words <<< "$command"
  run "$vpr" "${words[@]}" --help
  expect_status 0 "$command --help"
  says 'Example:' out
  says "vpr ${command}" out
done

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
usage_error "$vpr" inspect one.wav
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

# A full disk is noticed.
if [ -w /dev/full ]; then
  status=0
  "$vpr" eval --scores <(printf '1 0.9\n0 0.1\n') > /dev/full 2> err || status=$?
  expect_status 1 "eval > /dev/full"
fi
