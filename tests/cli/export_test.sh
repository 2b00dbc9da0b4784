#!/usr/bin/env bash
# vpr model export, and vpr embed with a TorchScript network.
. "$(dirname "$0")/lib.sh"
model=$1

ok "$vpr" model export "$model" --onnx m.onnx --torchscript m.pt
[ ! -s out ] && [ ! -s err ] || fail "an export that went well printed something"
ok "$vpr" model export "$model" --onnx again.onnx --torchscript again.pt
cmp m.onnx again.onnx
cmp m.pt again.pt
usage_error "$vpr" model export "$model"
refused "$vpr" model export "$data/flite-slt-1.flac" --onnx x.onnx
[ ! -e x.onnx ] || fail "an export that failed left a file"
refused "$vpr" model export "$model" --onnx m.onnx/x.onnx
says 'm.onnx/x.onnx' err

# A TorchScript network with Kaldi's features; ours takes 128 bands.
ok "$vpr" --quiet embed --model m.pt --features fbank128 "$data/flite-slt-1.flac" \
  "$data/flite-rms-1.flac" -o foreign.npy
check 'npy("foreign.npy")[0][0] == 2 and npy("foreign.npy")[1][0] != npy("foreign.npy")[1][1]'
check 'all(abs(sum(x * x for x in row) - 1) < 1e-5 for row in npy("foreign.npy")[1])'
ok "$vpr" --quiet embed --model m.pt --features fbank128-raw "$data/flite-slt-1.flac" -o raw.npy
check 'npy("foreign.npy")[1][0] != npy("raw.npy")[1][0]'
usage_error "$vpr" embed --features fbank128 "$data/flite-slt-1.flac" -o x.npy
refused "$vpr" embed --model m.pt --features mfcc "$data/flite-slt-1.flac" -o x.npy
says 'mfcc.*fbank80' err
refused "$vpr" embed --model m.pt --features fbank80 "$data/flite-slt-1.flac" -o x.npy
says "cannot run 'm\.pt' on features" err
head -c 1000 m.pt > cut.pt
for bad in cut.pt "$model" "$data/flite-slt-1.flac"; do
  refused "$vpr" embed --model "$bad" --features fbank80 "$data/flite-slt-1.flac" -o x.npy
  says "$(basename "$bad")': (it is not a TorchScript module|its ZIP archive is damaged|it is no ZIP archive)" err
done
refused "$vpr" embed --model m.pt --features fbank128 --backend onednn "$data/flite-slt-1.flac" -o x.npy
[ ! -e x.npy ] || fail "an embed that failed left its output"

# Read again, it makes the same embeddings: the features that it takes are in the file.
files=("$data"/flite-slt-1.flac "$data"/flite-rms-1.flac)
ok "$vpr" model import m.onnx -o m.vpr
says 'm\.vpr: graph, ' out
ok "$vpr" --quiet embed --model "$model" "${files[@]}" -o own.npy
ok "$vpr" --quiet embed --model m.vpr "${files[@]}" -o imported.npy
check 'max(abs(x - y) for a, b in zip(npy("own.npy")[1], npy("imported.npy")[1]) for x, y in zip(a, b)) < 1e-4'
ok "$vpr" model quantize m.vpr -o int8.vpr
ok "$vpr" model fuse "$model" m.vpr -o twice.vpr
ok "$vpr" --quiet embed --model twice.vpr "${files[@]}" -o twice.npy
ok "$vpr" model export m.vpr --onnx m2.onnx --torchscript m2.pt
ok "$vpr" model info m.vpr --json
check 'j["architecture"] == "graph" and j["format_version"] == 6'

# The checker, and what the file says of itself.
for python in python3 /usr/bin/python3; do
  "$python" -c 'import onnx' 2> /dev/null || continue
  "$python" - > out <<'P'
import json

import onnx

model = onnx.load("m.onnx")
onnx.checker.check_model(model, full_check=True)
shape = lambda value: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
print(json.dumps({
    "in": shape(model.graph.input[0]), "out": shape(model.graph.output[0]),
    "about": {entry.key: entry.value for entry in model.metadata_props}}))
P
  check 'j["in"] == ["batch", "frames", 128] and j["out"][0] == "batch"'
  check 'j["about"]["sample_rate"] == "16000" and j["about"]["output_dim"] == str(j["out"][1])'
  check 'j["about"]["framework"] == "vpr" and j["about"]["vpr.kind"] == "logmel"'
  exit 0
done
echo "SKIPPED in part: no Python with the onnx package (python3-onnx), so the checker did not run"
exit 77
