#!/usr/bin/env bash
# vpr compare with a small model: forms of output, of input, and what cannot be compared.
. "$(dirname "$0")/lib.sh"
export VPR_MODEL=$1
a=$data/flite-slt-1.flac b=$data/flite-rms-1.flac mp3=$data/flite-slt-5.mp3

ok "$vpr" compare "$a" "$a"
says '^cosine score +1\.0000$' out
says '^same speaker$' out
[ ! -s err ] || fail "a comparison that went well printed on stderr"
ok "$vpr" compare "$a" "$b" --threshold 1
says '^different speakers$' out
ok "$vpr" compare "$a" "$mp3" --threshold -1
says '^same speaker$' out

ok "$vpr" compare "$a" "$b" --json
check '{"decision", "model", "score", "threshold"} <= set(j) and -1 <= j["score"] == j["cosine"] <= 1'
check '0 <= j["fmr"] <= 1 and 0 <= j["fnmr"] <= 1 and isinstance(j["llr"], float)'
check 'j["decision"] == ("same speaker" if j["score"] >= j["threshold"] else "different speakers")'
check 'j["a"].endswith("flite-slt-1.flac") and j["b"].endswith("flite-rms-1.flac") and "note" in j'
cp out forward
ok "$vpr" compare "$b" "$a" --json
check 'j["score"] == parse(open("forward").read())["score"]'

# The decision as exit code, when asked for.
ok "$vpr" compare "$a" "$a" --exit-status
run "$vpr" compare "$a" "$b" --threshold 1 --exit-status
expect_status 3 "compare --exit-status of different speakers"

# The threshold says what it costs; stricter ones can be asked for.
ok "$vpr" compare "$a" "$b"
says '^threshold +-?0\.[0-9]+  \(false matches [0-9.]+ %, false non-matches [0-9.]+ %: equal error rate' out
says '^LLR +[+-][0-9.]+  \((over |under )?[0-9.]+ % probable' out
ok "$vpr" compare "$a" "$b" --json
cp out default
for rate in 1% 0.01; do
  ok "$vpr" compare "$a" "$b" --json --fmr "$rate"
  check 'j["threshold"] >= parse(open("default").read())["threshold"] and j["fmr"] <= 0.01'
done
refused "$vpr" compare "$a" "$b" --fmr 3%
says '1%, 0\.1%, 0\.01%' err
ok "$vpr" compare "$a" "$b" --json --threshold 0.5
check 'j["threshold"] == 0.5 and j["fmr"] is None'

# Any name, and standard input.
mkdir '李达康 的 录音'
cp "$b" '李达康 的 录音/第 一.flac'
ok "$vpr" compare "$a" '李达康 的 录音/第 一.flac' --json
check 'j["score"] == parse(open("forward").read())["score"]'
"$vpr" compare "$a" - --json < "$b" > out
check 'j["score"] == parse(open("forward").read())["score"]'
cp "$b" ./-b.flac
ok "$vpr" compare --json -- "$a" -b.flac
check 'j["score"] == parse(open("forward").read())["score"]'

# Lists: every line gives a line, a pair that cannot be compared too.
printf '%s\t%s\n\n%s\t%s\n' "$a" '李达康 的 录音/第 一.flac' "$a" "$a" > pairs
ok "$vpr" --quiet compare --pairs pairs
check 'len(lines) == 2 and out.splitlines()[1].split("\t")[2:] == ["1.0000", "same speaker"]'
ok "$vpr" --quiet compare --pairs - --json < pairs
check '[line["a"] for line in lines] == [lines[0]["a"]] * 2 and "李达康" in lines[0]["b"]'
check 'lines[0]["score"] == parse(open("forward").read())["score"]'
printf '%s %s\nmissing.wav %s\n' "$a" "$b" "$b" > pairs
run "$vpr" --quiet compare --pairs pairs
expect_status 1 "compare --pairs with a missing file"
check 'len(out.splitlines()) == 2 and out.splitlines()[1].endswith("nan\tnot compared")'
says 'missing\.wav' err
says '1 of 2 pairs' err
run "$vpr" --quiet compare --pairs pairs --json
expect_status 1 "compare --pairs --json with a missing file"
check 'lines[1]["score"] is None and lines[1]["decision"] is None and lines[0]["score"] is not None'
check 'lines[0].get("error") is None and "missing.wav" in lines[1]["error"]'
printf '\357\273\277%s\t%s\r\n' "$a" "$b" > pairs  # from Windows
ok "$vpr" --quiet compare --pairs pairs --json
check 'len(lines) == 1 and lines[0]["score"] == parse(open("forward").read())["score"]'
printf 'one two three\n' > pairs
refused "$vpr" compare --pairs pairs
says 'line 1' err

# What cannot be compared gets one line with its name and the reason, each another.
python3 "$here/make_audio.py" bad
for file in bad/*.wav; do
  [ "$file" != bad/good.wav ] || continue
  refused "$vpr" compare "$file" "$a"
  says "${file}" err
  sed "s#$file##" err >> reasons
  refused "$vpr" compare "$a" "$file"
done
[ "$(sort -u reasons | wc -l)" -eq 7 ] || fail "expected seven reasons: $(cat reasons)"
refused "$vpr" compare missing.wav "$a"
says 'missing\.wav' err
refused "$vpr" compare "$data" "$a"
# The whole one of them can be read, whatever is heard in it.
run "$vpr" compare bad/good.wav "$a"
if grep -q 'cannot read' err; then fail "bad/good.wav cannot be read"; fi

# Models that cannot be used.
refused "$vpr" compare "$a" "$b" --model missing.vpr
says 'missing\.vpr' err
refused "$vpr" compare "$a" "$b" --model "$a"
head -c 5000 "$VPR_MODEL" > cut.vpr
refused "$vpr" compare "$a" "$b" --model cut.vpr
says 'cut\.vpr' err

# LibTorch gives the same, and is only there when asked for; no network, no engine.
ok "$vpr" compare "$a" "$b" --json --backend libtorch
check 'abs(j["score"] - parse(open("forward").read())["score"]) < 1e-4'
ok "$vpr" compare "$a" "$b" --json --backend onednn
check 'j["score"] == parse(open("forward").read())["score"]'
usage_error "$vpr" compare "$a" "$b" --backend abacus
refused "$vpr" compare "$a" "$b" --backend onednn --device cuda
says '--backend libtorch' err
loaded() { LD_DEBUG=libs "$@" 2>&1 > /dev/null | grep -oE 'init: .*/lib(torch|dnnl|onnx_proto)' | grep -oE '[a-z_]+$' | sort -u | xargs; }
[ "$(loaded "$vpr" compare "$a" "$b")" = libdnnl ] || fail "compare loads: $(loaded "$vpr" compare "$a" "$b")"
[ "$(loaded "$vpr" model info)" = "" ] || fail "model info loads: $(loaded "$vpr" model info)"
