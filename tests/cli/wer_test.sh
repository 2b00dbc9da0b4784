#!/usr/bin/env bash
# vpr wer: counts, forms of files, refusals.
. "$(dirname "$0")/lib.sh"

printf 'four seven one\nnine zero\n' > said
printf 'four one\nnine oh zero\n' > heard
ok "$vpr" wer said heard --json
check 'j["wer"] == 2 / 5 and j["words"]["deletions"] == 1 and j["words"]["insertions"] == 1'
check 'j["utterances"] == j["wrong_utterances"] == 2 and j["speakers"] == 0'
check 'j["wer_interval"][0] <= j["wer"] <= j["wer_interval"][1]'
check 'j["characters"]["reference"] == 23 and j["cer"] == 9 / 23'
ok "$vpr" wer said heard
says '^WER   40.00 %' out
ok "$vpr" wer said said --json
check 'j["wer"] == 0 and j["cer"] == 0 and j["wrong_utterances"] == 0'

# By ids, in any order; a table with speakers.
printf 'b\tnine zero\na\tfour seven one\n' > said.tsv
printf 'path\tspeaker\ttext\na\tann\tfour one\nb\tbob\tnine oh zero\n' > heard.tsv
ok "$vpr" wer said.tsv heard.tsv --json
check 'j["wer"] == 2 / 5 and j["speakers"] == 0'
ok "$vpr" wer heard.tsv said.tsv --json
check 'j["speakers"] == 2'

# Nothing said: no rate.
printf '\n' > nothing
ok "$vpr" wer nothing nothing --json
check 'j["wer"] is None and j["wer_interval"] == [None, None]'

usage_error "$vpr" wer said
refused "$vpr" wer said missing
refused "$vpr" wer said heard.tsv
says 'ids' err
printf 'four one\n' > short
refused "$vpr" wer said short
says "no 'line 2'" err
