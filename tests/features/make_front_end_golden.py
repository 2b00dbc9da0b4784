"""Makes data/titanet.npy, data/speechbrain.npy and data/resemblyzer.npy: make_front_end_golden.py DATA_FOLDER, with
PyTorch 2.15 and librosa 0.11 (PyPI). Resemblyzer's is its call of librosa, with the zeros that embed_utterance puts
behind the end. The other formulas are those of NeMo's FilterbankFeatures (normalize_batch "per_feature", the
frames that its seq_len counts) and of SpeechBrain's STFT, spectral_magnitude, Filterbank and
InputNormalization with the settings of TitaNet and of spkrec-ecapa-voxceleb."""
import sys

import librosa
import numpy
import torch

from make_family_golden import signal


def titanet(x):
    seq_len = len(x) // 160
    x = torch.cat([x[:1], x[1:] - 0.97 * x[:-1]])
    window = torch.hann_window(400, periodic=False)
    spectrum = torch.stft(x, 512, 160, 400, window, center=True, pad_mode="constant", return_complex=True)
    mel = torch.tensor(librosa.filters.mel(sr=16000, n_fft=512, n_mels=80, fmin=0, fmax=8000))
    x = torch.log(mel @ spectrum.abs() ** 2 + 2**-24)[:, :seq_len]
    return (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 1e-5)


def speechbrain(x):
    window = torch.hamming_window(400)
    spectrum = torch.stft(x, 400, 160, 400, window, center=True, pad_mode="constant", return_complex=True)
    power = torch.view_as_real(spectrum).pow(2).sum(-1)
    mel = torch.linspace(0, 2595 * numpy.log10(1 + 8000 / 700), 82)
    hz = 700 * (10 ** (mel / 2595) - 1)
    band = (hz[1:] - hz[:-1])[:-1].unsqueeze(1)
    slope = (torch.linspace(0, 8000, 201).repeat(80, 1) - hz[1:-1].unsqueeze(1)) / band
    bank = torch.clamp(torch.minimum(slope + 1, 1 - slope), min=0)
    decibels = 10 * torch.log10(torch.clamp(bank @ power, min=1e-10))
    decibels = torch.maximum(decibels, decibels.max() - 80)
    return decibels - decibels.mean(1, keepdim=True)


def resemblyzer(x):
    x = numpy.pad(x.numpy(), (0, 160 * 160 - len(x)))
    mel = librosa.feature.melspectrogram(y=x, sr=16000, n_fft=400, hop_length=160, n_mels=40)
    return torch.tensor(mel[:, :160])


for make in (titanet, speechbrain, resemblyzer):
    x = torch.tensor(signal(5000))
    numpy.save("%s/%s.npy" % (sys.argv[1], make.__name__), make(x).numpy().astype("<f4").copy())
