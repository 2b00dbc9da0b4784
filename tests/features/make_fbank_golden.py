"""Makes data/fbank_*.npy with torchaudio: make_fbank_golden.py DATA_FOLDER (python3-torchaudio)."""
import struct
import sys

import torch
import torchaudio


def signal(samples):
    """A rising tone with a drone and an offset, from integers alone: any program can make it."""
    values, state = [], 1
    for i in range(samples):
        state = (state * 1103515245 + 12345) % 2**31
        saw = (i * (40 + i // 400)) % 16000 - 8000
        values.append((saw + (state >> 16) % 2000 - 1000 + 500) / 32768)
    return torch.tensor([values], dtype=torch.float32)


def save(path, rows):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % tuple(rows.shape)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack("<%df" % rows.numel(), *rows.contiguous().flatten().tolist()))


for bins in (80, 40):
    features = torchaudio.compliance.kaldi.fbank(
        signal(5000) * 32768, num_mel_bins=bins, frame_length=25, frame_shift=10, dither=0.0,
        sample_frequency=16000, window_type="povey", preemphasis_coefficient=0.97)
    save("%s/fbank%d.npy" % (sys.argv[1], bins), features.T)
