"""Who speaks when by senko 0.2.2, as RTTM: what scripts/diarization.sh compares vpr with.

  pip install senko==0.2.2 silero-vad kaldi_native_fbank
  python3 scripts/diarize_senko.py OUT-FOLDER FILE.wav...

Beside each FILE.rttm: FILE.json with the seconds it took and the most memory the process has had.
senko's own filter bank is a library that only runs on processors with AVX-512; the options that it
is built with are given to kaldi_native_fbank instead, wherever this runs.
"""
import json
import os
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
import kaldi_native_fbank as knf
import numpy as np
import senko
import torch

if os.environ.get("OMP_NUM_THREADS"):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


class Diarizer(senko.Diarizer):
    def _extract_fbank_features(self, audio_source, subsegments, *, sample_offset=0):
        import soundfile
        began = time.time()
        if not isinstance(audio_source, np.ndarray):
            audio_source, _ = soundfile.read(audio_source, dtype="float32")
        options = knf.FbankOptions()
        options.frame_opts.dither = 0
        options.frame_opts.window_type = "povey"
        options.mel_opts.num_bins = 80
        options.mel_opts.low_freq = 20
        options.energy_floor = 1.0
        features, frames, offsets, at = [], [], [], 0
        for begin, end in subsegments:
            start = int(begin * 16000) - sample_offset
            piece = audio_source[start:start + max(int((end - begin) * 16000), 1)]
            piece = np.pad(piece, (0, max(0, 400 - len(piece)))) * 32768
            fbank = knf.OnlineFbank(options)
            fbank.accept_waveform(16000, piece.tolist())
            fbank.input_finished()
            one = np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)])
            one = (one - one.mean(axis=0)).astype(np.float32).ravel()
            features.append(one)
            frames.append(len(one) // 80)
            offsets.append(at)
            at += len(one)
        self._timing_stats["fbank_time"] = time.time() - began
        return np.concatenate(features), np.array(frames), np.array(offsets), 80


folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
diarizer = Diarizer(device="cpu", vad="silero", clustering="cpu", warmup=False, quiet=True)
for path in sys.argv[2:]:
    name = os.path.splitext(os.path.basename(path))[0]
    began = time.time()
    found = diarizer.diarize(path, generate_colors=False)
    seconds = time.time() - began
    with open(os.path.join(folder, name + ".rttm"), "w") as rttm:
        for one in found["merged_segments"] if found else []:
            rttm.write(f"SPEAKER {name} 1 {one['start']:.3f} {one['end'] - one['start']:.3f} "
                       f"<NA> <NA> {one['speaker']} <NA> <NA>\n")
    with open(os.path.join(folder, name + ".json"), "w") as out:
        json.dump({"seconds": seconds,
                   "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}, out)
