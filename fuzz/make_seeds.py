"""Makes the seeds of the harnesses from data/, models/ and small files of each kind.
usage: make_seeds.py FOLDER"""
import io
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import wave
import zipfile

root = pathlib.Path(__file__).resolve().parent.parent
out = pathlib.Path(sys.argv[1])


def seed(harness, name, content):
    folder = out / harness
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# Recordings: short ones of every container, by hand, and beginnings of the samples.
tone = b"".join(struct.pack("<h", int(3000 * math.sin(i / 9))) for i in range(400))


def chunk(name, data, pad=True, order="<"):
    return name + struct.pack(order + "I", len(data)) + data + (b"\0" if pad and len(data) % 2 else b"")


buffer = io.BytesIO()
with wave.open(buffer, "wb") as writer:
    writer.setparams((1, 2, 16000, 0, "NONE", ""))
    writer.writeframes(tone)
pcm = buffer.getvalue()
form = struct.pack("<HHIIHH", 1, 2, 8000, 32000, 4, 16)
ima = struct.pack("<HHIIHHHH", 17, 1, 8000, 4055, 256, 4, 2, 505)
seed("audio", "pcm.wav", pcm)
seed("audio", "stream.wav", pcm[:4] + b"\0\0\0\0" + pcm[8:40] + b"\0\0\0\0" + pcm[44:])
for bits, code in ((8, 1), (24, 1), (32, 3), (64, 3), (8, 6), (8, 7)):
    fmt = struct.pack("<HHIIHH", code, 1, 8000, 8000 * bits // 8, bits // 8, bits)
    seed("audio", "%d-%d.wav" % (code, bits), b"RIFF\x00\x01\0\0WAVE" + chunk(b"fmt ", fmt) + chunk(b"data", tone[:240]))
seed("audio", "ima.wav", b"RIFF\x00\x02\0\0WAVE" + chunk(b"fmt ", ima) + chunk(b"fact", struct.pack("<I", 505)) + chunk(b"data", tone[:256]))
seed("audio", "two.wav", b"RIFF\x40\x02\0\0WAVE" + chunk(b"fmt ", form) + chunk(b"LIST", b"INFOx") + 2 * chunk(b"data", tone[:200]))
rate80 = b"\x40\x0c\xfa\0\0\0\0\0\0\0"
common = struct.pack(">hIh", 1, 200, 16) + rate80
seed("audio", "a.aiff", b"FORM\0\0\x01\xc2AIFF" + chunk(b"COMM", common, order=">") + chunk(b"SSND", b"\0" * 8 + tone[:400], order=">"))
seed("audio", "a.aifc", b"FORM\0\0\x01\xd0AIFC" + chunk(b"FVER", b"\xa2\x80\x51\x40", order=">") + chunk(b"COMM", common + b"sowt\0\0", order=">") + chunk(b"SSND", b"\0" * 8 + tone[:400], order=">"))
seed("audio", "a.au", b".snd" + struct.pack(">IIIII", 28, 400, 3, 8000, 1) + b"\0\0\0\0" + tone[:400])
seed("audio", "a.caf", b"caff\0\1\0\0desc" + struct.pack(">Qd4sIIIII", 32, 8000.0, b"lpcm", 0, 2, 1, 1, 16) + b"data" + struct.pack(">Q", 404) + b"\0\0\0\0" + tone[:400])
seed("audio", "a.sph", (b"NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 8000\nsample_n_bytes -i 2\nsample_count -i 200\n"
     b"sample_byte_format -s2 01\nsample_coding -s3 pcm\nend_head\n").ljust(1024) + tone[:400])
guid = lambda text: bytes.fromhex(text)
w64 = guid("726966662e91cf11a5d628db04c10000")
wavg = guid("77617665f3acd3118cd100c04f8edb8a")
fmtg = guid("666d7420f3acd3118cd100c04f8edb8a")
datg = guid("64617461f3acd3118cd100c04f8edb8a")
body = wavg + fmtg + struct.pack("<Q", 40) + form + datg + struct.pack("<Q", 24 + 400) + tone[:400]
seed("audio", "a.w64", w64 + struct.pack("<Q", 24 + len(body)) + body)
seed("audio", "rf64.wav", b"RF64\xff\xff\xff\xffWAVE" + chunk(b"ds64", struct.pack("<QQQI", 500, 400, 100, 0)) + chunk(b"fmt ", form) + b"data\xff\xff\xff\xff" + tone[:400])
for name in ("flite-slt-1.flac", "flite-slt-5.mp3"):
    seed("audio", name, (root / "data" / name).read_bytes()[:3000])
for sample in (root / "data").glob("*"):
    if sample.suffix in (".ogg", ".opus"):
        seed("audio", sample.name, sample.read_bytes()[:3000])

# What FFmpeg's libraries read; made by its program where that is installed.
amr = b"#!AMR\n" + b"".join(b"\x3c" + bytes((i * 37 + j * 11) % 256 for j in range(31)) for i in range(5))
seed("media", "hand.amr", amr)
seed("audio", "box.mp4", struct.pack(">I4s8sI4sI4s", 16, b"ftyp", b"M4A \0\0\0\0", 8, b"moov", 8, b"mdat"))
sound = ["-f", "lavfi", "-i", "sine=frequency=300:sample_rate=16000:duration=0.15"]
for name, options in (("aac.m4a", "-c:a aac"), ("fast.m4a", "-c:a aac -movflags +faststart"), ("alac.m4a", "-c:a alac"),
                      ("fragments.mp4", "-c:a aac -movflags frag_keyframe+empty_moov"), ("amr.3gp", None), ("opus.webm", "-c:a libopus"),
                      ("live.webm", "-c:a libopus -live 1"), ("aac.mkv", "-c:a aac"), ("two.mkv", "-map 0 -map 0 -c:a ac3"),
                      ("wma.wma", "-c:a wmav2"), ("ac3.ac3", "-c:a ac3"), ("aac.aac", "-c:a aac"), ("opus.caf", "-c:a libopus"),
                      ("mp2.avi", "-c:a mp2"), ("aac.ts", "-c:a aac"), ("aac.flv", "-c:a aac"), ("speex.spx", "-c:a libspeex"),
                      ("tta.tta", "-c:a tta"), ("wavpack.wv", "-c:a wavpack"), ("mp2.mpg", "-c:a mp2"), ("adpcm.mov", "-c:a adpcm_ima_qt")):
    path = out / "media" / name
    source, encode = (sound, options.split()) if options else (["-i", str(out / "media" / "hand.amr")], ["-c", "copy"])
    try:
        made = subprocess.run(["ffmpeg", "-nostdin", "-v", "quiet", "-y", *source, *encode, str(path)], check=False).returncode == 0
    except FileNotFoundError:
        break
    if not made:
        path.unlink(missing_ok=True)
    elif path.stat().st_size < 6000:
        seed("audio", name, path.read_bytes())

pictures = ["-f", "lavfi", "-i", "testsrc=size=32x24:rate=25:duration=0.12"]
seed("video", "none.y4m", b"YUV4MPEG2 W32 H24 F25:1 Ip A1:1 C420jpeg\n")
for name, options in (("h264.mp4", "-c:v libx264 -pix_fmt yuv420p"), ("vp8.webm", "-c:v libvpx"), ("vp9.webm", "-c:v libvpx-vp9"),
                      ("mpeg4.avi", "-c:v mpeg4"), ("ffv1.mkv", "-c:v ffv1"), ("mpeg2.ts", "-c:v mpeg2video"), ("mjpeg.mov", "-c:v mjpeg"),
                      ("all.gif", ""), ("one.png", "-frames:v 1"), ("one.jpg", "-frames:v 1"), ("one.bmp", "-frames:v 1")):
    try:
        made = subprocess.run(["ffmpeg", "-nostdin", "-v", "quiet", "-y", *pictures, *options.split(), str(out / "video" / name)],
                              check=False).returncode == 0
    except FileNotFoundError:
        break
    if not made:
        (out / "video" / name).unlink(missing_ok=True)

# Tensor files.
features = {"sample_rate": 16000, "n_fft": 1024, "win_length": 400, "hop_length": 256, "n_mels": 8, "fmin": 0.0, "fmax": 8000.0,
            "kind": "logmel", "log_floor": 1e-6, "mean_norm": True, "level_norm": False, "trim_top_db": 20.0}


def tensor_file(magic, version, header, tensors, types=()):
    header = dict(header, tensors=[{"name": n, "shape": s, **({"type": types} if types and len(s) > 1 else {})} for n, s, _ in tensors])
    text = json.dumps(header, indent=1).encode()
    text = text.ljust((24 + len(text) + 63) // 64 * 64 - 24)
    values = b"".join(v if isinstance(v, bytes) else struct.pack("<%df" % len(v), *v) for _, _, v in tensors)
    return magic + struct.pack("<IIQ", version, 0, len(text)) + text + values + b"0" * 32


training = {"dataset": "x", "dataset_fingerprint": "", "speakers": 2, "utterances": 3, "hours": 0.1, "loss": "aam", "epochs": 1,
            "best_epoch": 1, "crops": 5, "seed": 1, "dev_dataset_fingerprint": "", "dev_eer": 0.1, "program": "vpr",
            "utterance_fingerprints": "0123456789ab", "speaker_fingerprints": "0123456789ab"}
model = {"architecture": "resnet", "architecture_options": {"channels": [4, 8], "blocks": [1, 1]}, "embedding_dim": 2,
         "crop_seconds": 0.5, "features": features, "decision": {"threshold": 0.1, "fmr": 0.1, "fnmr": 0.1, "basis": "x"},
         "fmr_thresholds": [{"wanted_fmr": 0.01, "threshold": 1.0, "fmr": 0.01, "fnmr": 0.2, "supported": True}],
         "calibration": {"scale": 1.0, "offset": 0.0, "duration_scale": 0.0, "duration_offset": 0.0}, "training": training,
         "scoring": {"cohort_top_n": 2}}
scoring = [("scoring.plda.mean", [2], [0, 0.5]), ("scoring.plda.transform", [2, 2], [1, 0, 0, 1]),
           ("scoring.plda.between", [2], [2, 1]), ("scoring.cohort", [2, 2], [1, 0, 0, 1])]
weights = [("a.weight", [2, 3], [1, 2, 3, 4, 5, 6]), ("b", [], [0.5])]
magic = b"\x89VPR\r\n\x1a\n"
seed("model", "float32.vpr", tensor_file(magic, 3, model, weights + scoring))
seed("model", "plain.vpr", tensor_file(magic, 3, dict(model, scoring={"cohort_top_n": 0}), weights))
int8 = [("a.weight", [2, 3], struct.pack("<ff6b", 0.5, 0.25, 1, 2, 3, -4, -5, 6)), ("b", [], [0.5])]
seed("model", "int8.vpr", tensor_file(magic, 4, dict(model, weight_type="int8", scoring={"cohort_top_n": 0}), int8, "int8"))
half = [("a.weight", [2, 3], struct.pack("<6e", 1, 2, 3, 4, 5, 6))]
seed("model", "float16.vpr", tensor_file(magic, 4, dict(model, weight_type="float16", scoring={"cohort_top_n": 0}), half, "float16"))
parts = [{"architecture": "resnet", "architecture_options": {"channels": [4]}, "embedding_dim": 1}] * 2
seed("model", "fusion.vpr", tensor_file(magic, 3, dict(model, architecture="fusion", architecture_options={}, parts=parts), weights + scoring))

# Two layers that divide the 10 ms frames by 4.
layers = [{"stride": 2, "dilation": 1, "residual": False}, {"stride": 2, "dilation": 1, "residual": False}]
detector = [("layer0.weight", [3, 40, 2], [0.1] * 240), ("layer0.bias", [2], [0.1, 0]),
            ("layer1.weight", [1, 2, 1], [1, -1]), ("layer1.bias", [1], [0])]
seed("speech", "two.vpr", tensor_file(b"\x89VPS\r\n\x1a\n", 1, {"threshold": 0.5, "layers": layers, "training": {"x": 1}}, detector))

svm = {"classifier": "svm", "network": "", "labels": ["a", "b"], "row_names": ["x", "y"], "settings": {"c": 1.0, "gamma": 0.5},
       "features": {"kind": "statistics", "n_mfcc": 13, "frames": features, "features": ["rms"], "statistics": ["mean", "std"],
                    "embedding_network": ""},
       "training": {"source": "x", "counts": [2, 2], "group_by": "", "groups": 0, "seed": 1, "cv_mean": 0.5, "cv_std": 0.1,
                    "test_accuracy": 0.5, "test_baseline": 0.5, "test_recordings": 4, "program": "vpr", "fingerprints": ""}}
machine = [("standardizer.mean", [2], [0, 0]), ("standardizer.scale", [2], [1, 1]), ("svm.vectors", [2, 2], [1, 0, 0, 1]),
           ("svm.coefficients", [1, 2], [1, -1]), ("svm.rho", [1], [0.1]), ("svm.probability_a", [1], [-1]),
           ("svm.probability_b", [1], [0]), ("svm.classes", [2], [0, 1]), ("svm.counts", [2], [1, 1]), ("svm.gamma", [1], [0.5])]
seed("classifier", "svm.vpc", tensor_file(b"\x89VPC\r\n\x1a\n", 1, svm, machine))
balanced = dict(svm, settings={"c": 1.0, "balance": 1.0})
seed("classifier", "balanced.vpc", tensor_file(b"\x89VPC\r\n\x1a\n", 1, balanced, machine + [("balance.shares", [2], [0.5, 0.5])]))

score = {"network_fingerprint": "x", **{k: model[k] for k in ("decision", "fmr_thresholds", "calibration", "scoring")}}
halves = [(n, s, struct.pack("<%de" % len(v), *v) if len(s) > 1 else v) for n, s, v in scoring]
seed("score", "plda.score", tensor_file(b"\x89VPS\r\n\x1a\n", 2, dict(score, weight_type="float16"), halves, "float16"))
seed("score", "float32.score", tensor_file(b"\x89VPS\r\n\x1a\n", 1, score, scoring))
transcriber = {"tokens": "digits", "words": [], "features": features, "network": {"channels": 2, "kernel": 3, "dilations": [1, 2]},
               "prompt": {"threshold": 0.5, "false_accepts": -1, "false_rejects": -1, "recordings": 0},
               "training": {"source": "x", "utterances": 2, "speakers": 1, "seed": 1, "epochs": 1, "best_epoch": 1, "dev_wer": -1,
                            "dev_words": 0, "program": "vpr"}}
norm = lambda name, n: [(name + end, [n], [1] * n) for end in (".weight", ".bias", ".running_mean", ".running_var")]
tdnn = norm("bands", 8) + [("front.conv.weight", [2, 8, 5], [0.1] * 80)] + norm("front.norm", 2)
for layer in range(2):
    tdnn += [("layers.%d.conv.weight" % layer, [2, 2, 3], [0.1] * 12)] + norm("layers.%d.norm" % layer, 2)
tdnn += [("output.weight", [12, 2, 1], [0.1] * 24), ("output.bias", [12], [0] * 12)]
seed("transcriber", "digits.vpw", tensor_file(b"\x89VPW\r\n\x1a\n", 1, transcriber, tdnn))
seed("transcriber", "words.vpw", tensor_file(b"\x89VPW\r\n\x1a\n", 1, dict(transcriber, tokens="words", words=["a", "b"]), tdnn))

# Packed data sets.
records = [(b"a/1", b"Ada", tone[:8]), (b"a/2", b"Ada", tone[:6]), (b"b/1", b"Bob", tone[:4])]
data, header, label = b"", b"", b""
for key, name, payload in records:
    data += struct.pack("<I", len(key)) + key + struct.pack("<I", len(payload))
    header += key + b"\t%d\t%d\n" % (len(data), len(payload))
    label += key + b"\t" + name + b"\n"
    data += payload
description = json.dumps({"format": "vpr packed data set", "version": 1, "vpr": "0", "payload": "pcm16", "sample_rate": 16000,
                          "trim_top_db": 40, "source": "x", "utterances": 3, "speakers": 2, "seconds": 0.1, "fingerprint": "0" * 32,
                          "files": {"data": {"bytes": "@0b"}, "header": {"bytes": "@1b", "xxh3": "@1x"},
                                    "label": {"bytes": "@2b", "xxh3": "@2x"}}}).replace('"@0b"', "@0b").replace('"@1b"', "@1b").replace('"@2b"', "@2b")
seed("pack", "pcm16", b"\n====\n".join((data, header, label, description.encode())))
seed("pack", "bare", b"\n====\n".join((data, header, label)))

# A store's records, exports.
utterance = {"source": "x.wav", "enrolled_at": "2026-01-02T03:04:05Z", "network": "0123456789abcdef" * 2, "speech_seconds": 2.0, "snr_db": 20.0,
             "embedding": [0.6, 0.8]}
person = {"name": "Jos\u00e9", "note": "x", "enrolled_at": "2026-01-02T03:04:05Z", "utterances": [utterance, dict(utterance, audio="AAEC")]}
seed("speakers", "one", json.dumps(person))
seed("speakers", "utf8", json.dumps(person, ensure_ascii=False))


def cbor(value):
    def head(kind, number):
        return bytes([kind << 5 | number]) if number < 24 else bytes([kind << 5 | 24, number])
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    return b"\xfb" + struct.pack(">d", value)


seed("record", "speaker", b"s" + cbor({"name": "Ada", "note": "", "enrolled_at": "2026"}))
seed("record", "utterance", b"u" + cbor(dict(utterance, embedding=struct.pack("<2f", 0.6, 0.8))))
seed("record", "header", b'h{"cipher":"none"}')
seed("record", "sealed", b"h" + json.dumps({"cipher": "XChaCha20-Poly1305", "sealed_keys": "00" * 104,
     "key": {"from": "passphrase", "salt": "00" * 16, "algorithm": "Argon2id 1.3", "operations": 1, "memory": 8192}}).encode())
terms = struct.pack("<4d", 1.0, 0.0, 0.0, 1.0)
templates = struct.pack("<Q", 4) + b"Eve\n" + struct.pack("<QQqqqqQQ", 2, 2, 1, 2, 0, 0, 3, 6) + 2 * terms + struct.pack("<4f", 1, 0, 0, 1) + b"AdaBob"
lines = [{"voice_groups": 1, "network": "0123456789abcdef" * 2, "threshold": 0.5, "last_group": 2}, {"group": 1, "utterance": utterance},
         {"group": 2, "utterance": dict(utterance, source="y.wav")}, {"decision": "confirm", "group": 1, "name": "Ada", "at": "2026-01-02T03:04:05Z"},
         {"decision": "dismiss", "group": 2, "at": "2026-01-02T03:04:05Z"}, {"decision": "separate", "group": 3, "path": "y.wav", "at": "2026-01-02T03:04:05Z"}]
seed("groups", "all", "".join(json.dumps(line) + "\n" for line in lines))
seed("record", "templates", b"t" + templates)

# Lists, settings, arrays.
for kind, name, text in (("t", "voxceleb", "1 a.wav b.wav\n0 a.wav c.wav noisy\n"), ("t", "kaldi", "a b target\na c nontarget\n"),
                         ("t", "cnceleb", "a b 1\na\tc\t0\n"), ("e", "enroll", "Ada a.wav b.wav\nBob c.wav\nAda d.wav\n"),
                         ("m", "metadata", "path\tspeaker\tduration\na.wav\tAda\t3.5\nb.wav\tBob\t2\n"),
                         ("s", "scores", "a b 0.25 target\nc d -1e-3 nontarget\n"), ("s", "bare", "1 0.5\n0 0.25\ntarget 2\n"),
                         ("t", "bom", "\ufeff1 a b\r\n")):
    seed("lists", name, kind + text)
seed("config", "all", '[data]\ntrain = "x"\nhold_out_speakers = 0.1\n[model]\narch = "resnet"\noptions = {channels = [4, 8], blocks = [1]}\n'
     '[features]\nkind = "mel"\nn_fft = 512\n[optimizer]\nlr = 1e-3\nepochs = 3\n[run]\noutput = "y"\nseed = 7\n')
seed("config", "dotted", "optimizer.lr = inf\n'features'.\"n_mels\" = 0x20\n# a comment\na = [[1, 2], {b = 1979-05-27T07:32:00Z}]\n")
for name, descr, shape, values in (("float32", "<f4", "(2, 2)", struct.pack("<4f", 1, 2, 3, 4)), ("float64", "<f8", "(3,)", struct.pack("<3d", 1, 2, 3)),
                                   ("int64", "<i8", "(1, 2)", struct.pack("<2q", 1, 2))):
    head = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)).encode()
    for version in (1, 2):
        length = struct.pack("<H" if version == 1 else "<I", len(head) + 1)
        seed("npy", "%s-%d" % (name, version), b"\x93NUMPY" + bytes([version, 0]) + length + head + b"\n" + values)

array = b"\x93NUMPY\1\0" + struct.pack("<H", 61) + b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }   \n" + struct.pack("<4f", 1, 2, 3, 4)
seed("teacher", "npy", b"na.wav\nb.wav\n====\n" + array)
seed("teacher", "table", b"nspeaker\tpath\nx\ta.wav\ny\tb.wav\n====\n" + array)
seed("teacher", "ark", "ka.wav  [ 1 2e-3 -3 ]\nb.wav  [ ]\nc d.wav  [ 4 nan inf ]\n")
seed("teacher", "jsonl", 'j{"path": "a.wav", "embedding": [1, 2.5]}\n{"path": "b.wav", "embedding": null}\n')
seed("texts", "table", "path\ttext\tspeaker\na.wav\tone two\tAda\nb.wav\tone three\tBob\n")
seed("texts", "ids", "a\tone two\nb\tdeux \u00e9t\u00e9\n")
seed("texts", "plain", "one two\none\n\nthree")
seed("study", "two", json.dumps({"format": "vpr study", "version": 1, "subject": "x", "seed": 1, "direction": "maximize",
     "parameters": [{"name": "c", "low": 0.1, "high": 100.0, "log": True}],
     "trials": [{"number": 0, "settings": {"c": 1.0}, "value": 0.5, "pruned": False, "reported": [[1, 0.4]]},
                {"number": 1, "settings": {"c": 2.0}, "value": 0.6, "pruned": True, "reported": [[1, 0.3]]}]}))

# TorchScript.
code = '''class Net(Module):
  __parameters__ = ["weight", ]
  weight : Tensor
  conv : __torch__.torch.nn.modules.conv.Conv1d
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    _0 = getattr(self.conv, "0")
    if torch.gt(torch.size(x, 1), 3):
      _1 = ops.prim.RaiseException("isn't \\"good\\"\\n")
    else:
      _1 = 1.5e-05
    return torch.add(torch.conv1d(x, self.weight, None, [1], [0]), (_0).forward(x, ))
'''
pickle = (b"\x80\x02c__torch__\nNet\nq\0)\x81}(X\x08\0\0\0trainingq\1\x89X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n"
          b"FloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\3tQK\0K\3\x85K\1\x85\x89ccollections\nOrderedDict\n)RtRX\1\0\0\0t](K\1M\2\0eub.")
seed("torchscript", "code", "c" + code)
seed("torchscript", "pickle", b"p" + pickle)
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("net/data.pkl", pickle)
        archive.writestr("net/code/__torch__.py", code, method)
        archive.writestr("net/data/0", b"\0" * 12)
        with archive.open("net/version", "w", force_zip64=True) as version:
            version.write(b"3\n")
    seed("torchscript", "archive-%d" % method, b"a" + buffer.getvalue())

# Files of weights.
tensor = (b"ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n%s\nX\1\0\0\x000X\3\0\0\0cpuK\3tQK\0K\3\x85K\1\x85"
          b"\x89ccollections\nOrderedDict\n)RtR")
weights = b"\x80\2ccollections\nOrderedDict\n)R(X\1\0\0\0w%sX\1\0\0\0v%su}X\1\0\0\0m}sb." % (tensor % b"FloatStorage", tensor % b"HalfStorage")
seed("state_dict", "pickle", b"p" + weights)
seed("state_dict", "checkpoint", b"p\x80\4}\x94(\x8c\5epochJ\5\0\0\0\x8c\1s}\x8c\1w%ssu." % (tensor % b"LongStorage"))
seed("import", "none", weights)
with zipfile.ZipFile(root / "tests/network/data/campplus.pt") as archive:
    seed("import", "campplus", archive.read("campplus/data.pkl"))
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("net/data.pkl", weights)
    archive.writestr("net/byteorder", b"little")
    archive.writestr("net/data/0", b"\0" * 12)
seed("state_dict", "archive", b"a" + buffer.getvalue())
old = (b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\2M\xe9\3.\x80\2}X\x0d\0\0\0little_endian\x88s." + weights +
       b"\x80\2]X\1\0\0\x000a." + struct.pack("<q3f", 3, 1, 2, 3))
seed("state_dict", "old", b"a" + old)


# ONNX files of the operations that networks are made of.
def varint(value):
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def part(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field, value):
    return varint(field << 3) + varint(value % 2**64)


def floats(name, shape):
    count = math.prod(shape)
    raw = struct.pack("<%df" % count, *[(i % 7 - 3) / 10 for i in range(count)])
    return part(5, b"".join(number(1, d) for d in shape) + number(2, 1) + part(8, name) + part(9, raw))


def integers(name, values):
    return part(5, number(1, len(values)) + number(2, 7) + part(8, name) + part(9, struct.pack("<%dq" % len(values), *values)))


def operation(kind, inputs, outputs, **settings):
    content = b"".join(part(1, i) for i in inputs.split()) + b"".join(part(2, o) for o in outputs.split()) + part(4, kind)
    for key, value in settings.items():
        if isinstance(value, str):
            value = part(4, value) + number(20, 3)
        else:
            value = (b"".join(number(8, v) for v in value) + number(20, 7)) if isinstance(value, (list, tuple)) else number(3, value) + number(20, 2)
        content += part(5, part(1, key) + value)
    return part(1, content)


def onnx_file(body, bands_last=True):
    shape = ("b", "t", 8) if bands_last else ("b", 8, "t")
    shape = b"".join(part(1, part(2, d) if isinstance(d, str) else number(1, d)) for d in shape)
    graph = body + part(11, part(1, "x") + part(2, part(1, number(1, 1) + part(2, shape)))) + part(12, part(1, "e"))
    return number(1, 8) + part(7, graph) + part(8, number(2, 17))


norm = "".join(" n%s" % i for i in "gbmv")
norms = b"".join(floats("n" + i, [4]) for i in "gbm") + part(5, number(1, 4) + number(2, 1) + part(8, "nv") + part(9, struct.pack("<4f", 1, 2, 3, 4)))
seed("onnx", "statistics", onnx_file(
    operation("Conv", "x w", "y", kernel_shape=[3], pads=[1, 1]) + operation("BatchNormalization", "y" + norm, "z") +
    operation("Relu", "z", "r") + operation("ReduceMean", "r", "m", axes=[-1], keepdims=1) + operation("Sub", "r m", "d") +
    operation("Mul", "d d", "s") + operation("ReduceMean", "s", "v", axes=[-1], keepdims=1) + operation("Add", "v eps", "p") +
    operation("Sqrt", "p", "q") + operation("Concat", "m q", "c", axis=1) + operation("Flatten", "c", "f", axis=1) +
    operation("Gemm", "f g", "e", transB=1) + floats("w", [4, 8, 3]) + norms + part(5, number(1, 1) + number(2, 1) + part(8, "eps") +
    part(9, struct.pack("<f", 1e-5))) + floats("g", [4, 8]), bands_last=False))
seed("onnx", "front", onnx_file(
    operation("Transpose", "x", "t", perm=[0, 2, 1]) + operation("Unsqueeze", "t one", "u") +
    operation("Conv", "u w", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]) + operation("Sigmoid", "y", "s") +
    operation("Mul", "y s", "k") + operation("Split", "k", "k1 k2", axis=1) + operation("Add", "k1 k2", "a") +
    operation("Shape", "a", "h") + operation("Slice", "h zero one", "h1") + operation("Concat", "h1 rest", "h2", axis=0) +
    operation("ReduceMean", "a", "m", axes=[-1], keepdims=0) + operation("Reshape", "m h2", "e") + floats("w", [4, 1, 3, 3]) +
    integers("one", [1]) + integers("zero", [0]) + integers("rest", [-1])))
seed("onnx", "segments", onnx_file(
    operation("AveragePool", "x", "p", kernel_shape=[100], strides=[100], ceil_mode=1) + operation("Unsqueeze", "p four", "u") +
    operation("Expand", "u size", "x4") + operation("Reshape", "x4 flat", "l") + operation("Shape", "x", "h") +
    operation("Slice", "h two three", "n") + operation("Slice", "l zero n two", "g") + operation("Sigmoid", "g", "s") +
    operation("Mul", "x s", "y") + operation("ReduceMean", "y", "e", axes=[-1], keepdims=0) + integers("four", [3]) +
    integers("size", [1, 1, 1, 100]) + integers("flat", [0, 0, -1]) + integers("two", [2]) + integers("three", [3]) + integers("zero", [0]),
    bands_last=False))
seed("onnx", "attention", onnx_file(
    operation("Conv", "x w", "h", kernel_shape=[1]) + operation("Softmax", "h", "a", axis=2) + operation("Mul", "a x", "p") +
    operation("ReduceSum", "p two", "m", keepdims=0) + operation("Pow", "x square", "xx") + operation("Mul", "a xx", "pp") +
    operation("ReduceSum", "pp two", "mm", keepdims=0) + operation("Pow", "m square", "m2") + operation("Sub", "mm m2", "v") +
    operation("Clip", "v low", "c") + operation("Sqrt", "c", "d") + operation("Concat", "m d", "e", axis=1) + floats("w", [8, 8, 1]) +
    integers("two", [2]) + part(5, number(2, 1) + part(8, "square") + part(9, struct.pack("<f", 2))) +
    part(5, number(2, 1) + part(8, "low") + part(9, struct.pack("<f", 1e-7))), bands_last=False))
seed("onnx", "masks", onnx_file(
    operation("Shape", "x", "h") + operation("Gather", "h two", "t", axis=0) + operation("Range", "z t o", "r") +
    operation("Less", "r t", "l") + operation("Cast", "l", "m", to=1) + operation("Mul", "x m", "y") +
    operation("ReduceSum", "m", "n", keepdims=0) + operation("ReduceSum", "y axes", "s", keepdims=0) + operation("Div", "s n", "e") +
    b"".join(part(5, number(2, 7) + part(8, name) + part(9, struct.pack("<q", v))) for name, v in (("two", 2), ("z", 0), ("o", 1))) +
    integers("axes", [2]), bands_last=False))
seed("onnx", "lstm", onnx_file(
    operation("Transpose", "x", "t", perm=[1, 0, 2]) + operation("LSTM", "t w r b", "y h", hidden_size=2, direction="bidirectional") +
    operation("Transpose", "y", "p", perm=[0, 2, 1, 3]) + operation("Reshape", "p flat", "q") +
    operation("LSTM", "q w2 r2", "y2 h2", hidden_size=2, direction="reverse") + operation("Gather", "q last", "l", axis=0) +
    operation("Squeeze", "h2", "s", axes=[0]) + operation("Concat", "l s", "e", axis=1) + floats("w", [2, 8, 8]) + floats("r", [2, 8, 2]) +
    floats("b", [2, 16]) + floats("w2", [1, 8, 4]) + floats("r2", [1, 8, 2]) + integers("flat", [0, 0, -1]) +
    part(5, number(2, 7) + part(8, "last") + part(9, struct.pack("<q", -1)))))
for name, attributes in (("huge", {"hidden_size": 1 << 31}), ("sideways", {"direction": "sideways"}), ("clip", {"layout": 1})):
    seed("onnx", "lstm_" + name, onnx_file(
        operation("Transpose", "x", "t", perm=[1, 0, 2]) + operation("LSTM", "t w r", "y h", **attributes) +
        operation("Squeeze", "h", "e", axes=[0]) + floats("w", [1, 8, 8]) + floats("r", [1, 8, 2])))

for i, name in enumerate(("Ada", "Jose\u0301", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u1112\u1161\u11ab", "a\u202eb", "\u2764\ufe0f", "A\u200bda")):
    seed("names", str(i), name)
print("%d seeds" % sum(len(files) for _, _, files in os.walk(out)))
