#!/usr/bin/env bash
# vpr eval --scores: closed cases, several lists, bad lists.
. "$(dirname "$0")/lib.sh"

printf 'a b 0.9 target\nc d 0.1 nontarget\ne f 0.2 nontarget\n' > separable
ok "$vpr" eval --scores separable --json
check 'j["eer"] == 0 and j["min_dcf_0.01"] == 0 and j["min_dcf_0.05"] == 0'
check 'j["trials"] == 3 and j["targets"] == 1 and j["nontargets"] == 2 and j["fta"] is None'
check '0.2 < j["threshold"] <= 0.9'

printf '1 0.1\n0 0.9\n' > swapped
printf '1 0.5\n1 0.5\n0 0.5\n' > equal
ok "$vpr" eval --scores swapped --scores equal --json
check '[line["eer"] for line in lines] == [1, 0.5] and [line["min_dcf_0.01"] for line in lines] == [1, 1]'
ok "$vpr" eval --scores separable swapped equal
check '[line.split()[3] for line in out.splitlines()[1:]] == ["0.00", "100.00", "50.00"]'
ok "$vpr" eval --scores - < separable
says '0\.00 %' out

printf '1 0.5\n0 high\n' > bad
refused "$vpr" eval --scores bad
says 'line 2' err
printf '1 0.5\n' > targets_only
refused "$vpr" eval --scores targets_only
says 'nontarget' err
refused "$vpr" eval --scores no-such-file
says 'no-such-file' err
