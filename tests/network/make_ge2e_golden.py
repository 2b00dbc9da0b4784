"""Makes data/ge2e.pt and data/ge2e_old.pt, a small network of Resemblyzer's kind with random weights as PyTorch
writes it and as it did before 1.6, and data/ge2e.npy, the embeddings that Resemblyzer's own embed_utterance makes with
it of signal(n) for n of SAMPLES, after its normalize_volume: make_ge2e_golden.py DATA_FOLDER, with PyTorch 2.15, librosa
0.11 and resemblyzer 0.1.4."""
import sys

import numpy
import scipy.ndimage
import torch
from torch import nn

sys.modules.setdefault("scipy.ndimage.morphology", scipy.ndimage)  # its older name
from resemblyzer import VoiceEncoder, audio

SAMPLES = (6400, 30000, 60000)


def signal(samples):
    values, state = [], 1
    for i in range(samples):
        state = (state * 1103515245 + 12345) % 2**31
        values.append((i * (40 + i // 400) % 16000 - 8000 + (state >> 16) % 2000 - 1000) / 32768)
    return numpy.array(values, numpy.float32) / (1 if samples < 50000 else 64)


class Small(VoiceEncoder):
    def __init__(self, hidden=12, dim=16):
        nn.Module.__init__(self)
        self.device = torch.device("cpu")
        self.lstm = nn.LSTM(40, hidden, 3, batch_first=True)
        self.linear = nn.Linear(hidden, dim)
        self.relu = nn.ReLU()
        self.similarity_weight = nn.Parameter(torch.tensor([10.0]))
        self.similarity_bias = nn.Parameter(torch.tensor([-5.0]))


folder = sys.argv[1]
torch.manual_seed(1)
network = Small()
with torch.no_grad():
    for parameter in network.lstm.parameters():
        parameter.mul_(3)
content = {"step": 1564501, "model_state": network.state_dict()}
torch.save(content, folder + "/ge2e.pt")
torch.save(content, folder + "/ge2e_old.pt", _use_new_zipfile_serialization=False)
rows = [network.embed_utterance(audio.normalize_volume(signal(n), -30, increase_only=True)) for n in SAMPLES]
print(numpy.stack(rows).round(3))
numpy.save(folder + "/ge2e.npy", numpy.stack(rows).astype("<f4"))
