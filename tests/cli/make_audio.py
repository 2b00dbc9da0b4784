"""make_audio.py FOLDER: seven files that cannot be used, each for another reason, and one that can.

Written byte by byte, so that nothing in between mends them.
"""
import math
import os
import struct
import sys


def wav(samples, fmt=1, bits=16, rate=16000, data_size=None):
    body = b"".join(struct.pack("<h" if fmt == 1 else "<f", s) for s in samples)
    size = len(body) if data_size is None else data_size
    block = bits // 8
    return (
        b"RIFF" + struct.pack("<I", min(36 + size, 0xFFFFFFFF)) + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, fmt, 1, rate, rate * block, block, bits)
        + b"data" + struct.pack("<I", size) + body
    )


def voice(seconds, f0=120, rate=16000):
    """Harmonics with a slow tremolo: enough of a signal to embed."""
    return [
        int(6000 * (1 + math.sin(2 * math.pi * 3 * n / rate))
            * sum(math.sin(2 * math.pi * f0 * k * n / rate) / k for k in range(1, 8)) / 4)
        for n in range(int(seconds * rate))
    ]


folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
good = voice(2)
files = {
    "empty.wav": b"",
    "text.wav": b"This is not audio.\n" * 50,
    "truncated.wav": wav(good)[:20000],
    "claims-2gb.wav": wav(good, data_size=0x7FFFE000),
    "silent.wav": wav([0] * 32000),
    "short.wav": wav(good[:160]),
    "nan.wav": wav([0.1, float("nan")] * 8000, fmt=3, bits=32),
    "good.wav": wav(good),
}
for name, content in files.items():
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)
