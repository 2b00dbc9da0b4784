"""Makes data/wespeaker.npy and data/3dspeaker.npy with kaldi-native-fbank 1.23.0 (PyPI):
make_family_golden.py DATA_FOLDER. The settings are those of wespeaker's cli/speaker.py and of 3D-Speaker's
speakerlab/process/processor.py, which call torchaudio's version of the same."""
import sys

import kaldi_native_fbank
import numpy


def signal(samples):
    """As in make_fbank_golden.py, and from 2500 on nearly silent: there the floor counts."""
    values, state = [], 1
    for i in range(samples):
        state = (state * 1103515245 + 12345) % 2**31
        saw = (i * (40 + i // 400)) % 16000 - 8000
        values.append((saw + (state >> 16) % 2000 - 1000 + 500) / 32768 / (1 if i < 2500 else 512))
    return numpy.array(values, dtype=numpy.float32)


if __name__ == "__main__":
    for name, window, scale in (("wespeaker", "hamming", 32768), ("3dspeaker", "povey", 1)):
        options = kaldi_native_fbank.FbankOptions()
        options.frame_opts.samp_freq = 16000
        options.frame_opts.dither = 0
        options.frame_opts.window_type = window
        options.frame_opts.snip_edges = True
        options.mel_opts.num_bins = 80
        options.mel_opts.low_freq = 20
        options.mel_opts.high_freq = 8000
        fbank = kaldi_native_fbank.OnlineFbank(options)
        fbank.accept_waveform(16000, (signal(5000) * scale).tolist())
        fbank.input_finished()
        rows = numpy.array([fbank.get_frame(i) for i in range(fbank.num_frames_ready)])
        numpy.save("%s/%s.npy" % (sys.argv[1], name), rows.T.astype("<f4").copy())
