#!/usr/bin/env bash
# vpr model import, check, and what a model without thresholds says.
. "$(dirname "$0")/lib.sh"
weights=$1
onnx=$(dirname "$weights")

ok "$vpr" model import "$weights" --arch campplus -o net.vpr --licence Apache-2.0 --credit "Its makers"
says 'net\.vpr: campplus, 12 dimensions, uncalibrated' out
ok "$vpr" model info net.vpr --json
check 'j["architecture"] == "campplus" and j["format_version"] == 6 and j["embedding_dim"] == 12'
check 'j["imported"]["front_end"] == "3dspeaker" and j["imported"]["source"].startswith("campplus.pt, XXH3 ")'
check 'j["imported"]["licence"] == "Apache-2.0" and j["imported"]["credit"] == "Its makers"'
check 'j["features"]["trim_top_db"] == 0'

# What it makes is what it made, and another network's is not.
files=("$data"/flite-slt-1.flac "$data"/flite-rms-1.flac "$data"/espeak-en-us-f3-2.flac)
ok "$vpr" -q embed --model net.vpr "${files[@]}" -o own.npy
ok "$vpr" -q model check net.vpr --reference own.npy "${files[@]}" --json
check 'j["compared"] == 3 and j["left_out"] == 0 and j["below"] == 0 and j["lowest"] > 0.999999'
# Two of three rows turned round.
python3 - << 'PYTHON'
data = bytearray(open("own.npy", "rb").read())
for value in range(24):
    data[len(data) - 4 * value - 1] ^= 0x80  # its sign
open("turned.npy", "wb").write(data)
PYTHON
run "$vpr" -q model check net.vpr --reference turned.npy "${files[@]}"
expect_status 1 "a check against other embeddings"
says '^below 0\.9999 +2 files$' out
refused "$vpr" model check net.vpr --reference own.npy "${files[0]}"
says '3 x 12; 1 files' err
usage_error "$vpr" model check net.vpr --reference own.npy
# In other front ends' hands it makes other embeddings.
ok "$vpr" model import "$weights" --arch campplus --front-end wespeaker -o hamming.vpr
ok "$vpr" -q embed --model hamming.vpr "${files[@]}" -o hamming.npy
check 'max(abs(x - y) for a, b in zip(npy("hamming.npy")[1], npy("own.npy")[1]) for x, y in zip(a, b)) > 1e-3'
ok "$vpr" model quantize net.vpr -o int8.vpr
ok "$vpr" -q model check int8.vpr --reference own.npy --least 0.98 "${files[@]}"

# Nobody has measured it.
refused "$vpr" compare --model net.vpr "${files[0]}" "${files[1]}"
says 'is uncalibrated' err
ok "$vpr" compare --model net.vpr --threshold 0.5 "${files[0]}" "${files[1]}"
says 'is uncalibrated' err
refused "$vpr" model score net.vpr -o net.score
says 'no thresholds' err
[ ! -e net.score ] || fail "a score that is none was written"

# Resemblyzer's network, in a file from before PyTorch 1.6.
ok "$vpr" model import "$(dirname "$weights")/ge2e_old.pt" --arch ge2e -o ge2e.vpr
says 'ge2e\.vpr: ge2e, 16 dimensions, uncalibrated' out
ok "$vpr" model info ge2e.vpr --json
check 'j["imported"]["front_end"] == "resemblyzer"'
ok "$vpr" compare --model ge2e.vpr --threshold 0.5 "${files[0]}" "${files[1]}"
ok "$vpr" -q embed --model ge2e.vpr "${files[@]}" -o ge2e.npy
ok "$vpr" model export ge2e.vpr --onnx ge2e.onnx
ok "$vpr" model import ge2e.onnx -o ge2e_again.vpr
ok "$vpr" -q model check ge2e_again.vpr --reference ge2e.npy --least 0.99999 "${files[@]}"

# What is no file of weights, or not of this network, is one line.
refused "$vpr" model import "${files[0]}" --arch campplus -o x.vpr
says 'no ZIP archive' err
refused "$vpr" model import "$weights" --arch ecapa -o x.vpr
says "architecture 'ecapa' cannot be imported; expected campplus" err
head -c 50000 "$weights" > cut.pt
refused "$vpr" model import cut.pt --arch campplus -o x.vpr
python3 - "$weights" << 'PYTHON'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile("code.pt", "w") as new, zipfile.ZipFile("other.pt", "w") as other:
    for name in old.namelist():
        content = old.read(name)
        pickle = name.endswith("/data.pkl")
        new.writestr(name, b"\x80\x02cos\nsystem\n(X\4\0\0\0truetR." if pickle else content)
        other.writestr(name, content.replace(b"head.conv2.weight", b"head.conv9.weight") if pickle else content)
PYTHON
refused "$vpr" model import code.pt --arch campplus -o x.vpr
says "makes a 'os\.system'" err
refused "$vpr" model import other.pt --arch campplus -o x.vpr
says "1 tensor is missing \('head\.conv2\.weight'\), 1 is there that it has not \('head\.conv9\.weight'\)" err
refused "$vpr" model import "$weights" -o x.vpr
says 'no ONNX file, or (damaged|cut off)' err

# Networks in ONNX files, as PyTorch exports them.
ok "$vpr" model import "$onnx/eres2net.onnx" -o eres2net.vpr
says 'eres2net\.vpr: graph, 16 dimensions, uncalibrated' out
ok "$vpr" model info eres2net.vpr --json
check 'j["architecture"] == "graph" and j["imported"]["front_end"] == "3dspeaker"'
ok "$vpr" -q embed --model eres2net.vpr "${files[@]}" -o eres2net.npy
check 'list(npy("eres2net.npy")[0]) == [3, 16]'
ok "$vpr" -q model check eres2net.vpr --reference eres2net.npy "${files[@]}"
refused "$vpr" model import "$onnx/resnet.onnx" -o x.vpr
says 'give --front-end wespeaker' err
ok "$vpr" model import "$onnx/resnet.onnx" --front-end wespeaker -o resnet.vpr
ok "$vpr" model quantize resnet.vpr -o resnet8.vpr
ok "$vpr" compare --model resnet8.vpr --threshold 0.5 "${files[0]}" "${files[1]}"
ok "$vpr" model export resnet.vpr --onnx again.onnx
ok "$vpr" model import again.onnx -o again.vpr
ok "$vpr" -q embed --model resnet.vpr "${files[@]}" -o resnet.npy
ok "$vpr" -q model check again.vpr --reference resnet.npy --least 0.99999 "${files[@]}"
ok "$vpr" model import "$onnx/ge2e.onnx" --front-end wespeaker -o lstm.vpr
ok "$vpr" compare --model lstm.vpr --threshold 0.5 "${files[0]}" "${files[1]}"
LC_ALL=C sed 's/LSTM/GRUX/g' "$onnx/ge2e.onnx" >other.onnx
refused "$vpr" model import other.onnx --front-end wespeaker -o x.vpr
says "GRUX '/lstm/GRUX' is an operation that is not understood" err
refused "$vpr" model import "$onnx/resnet.onnx" --front-end nobody -o x.vpr
says "nobody" err
[ ! -e x.vpr ] || fail "an import that failed left a file"
