#!/usr/bin/env bash
# vpr der: rates, names, forms of files, refusals.
. "$(dirname "$0")/lib.sh"

cat > truth.rttm <<'END'
;; two people
SPEAKER a 1 0.0 10.0 <NA> <NA> Ada <NA> <NA>
SPEAKER a 1 10.0 10.0 <NA> <NA> Bob <NA> <NA>
END
cat > found.rttm <<'END'
SPEAKER a 1 0.0 8.0 <NA> <NA> Ada <NA> <NA>
SPEAKER a 1 8.0 10.0 <NA> <NA> speaker_1 <NA> <NA>
SPEAKER a 1 20.0 1.0 <NA> <NA> speaker_1 <NA> <NA>
END
# Confused 2 s, missed 2 s, false alarm 1 s, of 20 s.
ok "$vpr" der truth.rttm found.rttm --json
check 'abs(j["full"]["der"] - 0.25) < 1e-9 and abs(j["full"]["confusion"] - 2) < 1e-9'
check 'abs(j["full"]["miss"] - 2) < 1e-9 and abs(j["full"]["false_alarm"] - 1) < 1e-9'
# 0.25 s on each side of 0, 10 and 20 are left out: (1.75 + 1.75 + 0.75) / 19.
check 'abs(j["fair"]["der"] - 4.25 / 19) < 1e-9 and j["collar"] == {"each_side": 0.25, "total": 0.5}'
check 'j["reference_speakers"] == j["hypothesis_speakers"] == 2 and "names" not in j'
check 'j["rates"]["der_full"]["interval"] == [None, None]'
ok "$vpr" der truth.rttm found.rttm
says '^DER full +25.00 %' out
says 'pyannote collar=0.5' out

# Names: Ada's 8 of 10 s right, 2 s without a name; Bob is a stranger.
echo Ada > enrolled
ok "$vpr" der truth.rttm found.rttm --enrolled enrolled --json
check 'abs(j["names"]["right"] - 8) < 1e-9 and abs(j["names"]["missed"] - 2) < 1e-9'
check 'j["names"]["strangers"] == 10 and j["names"]["strangers_named"] == 0'

# Only what the UEM names.
echo 'a 1 0 8' > parts.uem
ok "$vpr" der truth.rttm found.rttm --uem parts.uem --json
check 'j["full"]["der"] == 0 and j["reference_speakers"] == 1'

# Folders; a recording of which the hypothesis says nothing.
mkdir truth found
cp truth.rttm truth/a.rttm
sed 's/ a / b /' truth.rttm > truth/b.rttm
cp found.rttm found/
ok "$vpr" der truth found
says "nothing about recording 'b'" err
says '^b	100.00' out
ok "$vpr" der truth truth --json
check 'j["full"]["der"] == 0 and j["jer"] == 0 and len(j["recordings"]) == 2'

usage_error "$vpr" der truth.rttm
usage_error "$vpr" der truth.rttm found.rttm --collar -1
refused "$vpr" der truth.rttm missing.rttm
refused "$vpr" der truth/a.rttm truth/b.rttm
says "'b' is not in" err
for line in 'SPEAKER a 1 x 1 <NA> <NA> A' 'SPEAKER a 1 0 -1 <NA> <NA> A' 'SPEAKER a 1 nan 1 <NA> <NA> A' \
  'SPEAKER a 1 0 1e99 <NA> <NA> A' 'SPEAKER a 1 0' 'HELLO' $'SPEAKER \xff 1 0 1 <NA> <NA> A'; do
  echo "$line" > bad.rttm
  refused "$vpr" der truth.rttm bad.rttm
  says 'bad.rttm: line 1' err
done
echo 'a 1 3 2' > bad.uem
refused "$vpr" der truth.rttm found.rttm --uem bad.uem
