"""Whole commands against the least that a program on LibTorch costs.

    commands.py VPR TORCH_FORWARD SAMPLES [RUNS]

VPR: the program; TORCH_FORWARD: bench/torch_forward as built; SAMPLES: the folder data/ of the
repository. Runs the commands in turn, RUNS times (15) each, and prints for each the median time, that
divided by the median of torch_forward, and the greatest resident memory.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave


def four_seconds(vpr, source, target):
    """A WAV file of 4 s: the speech of a recording, repeated."""
    subprocess.run([vpr, "-q", "trim", source, "-o", target], check=True, stdout=subprocess.DEVNULL)
    with wave.open(target) as speech:
        parameters, data = speech.getparams(), speech.readframes(speech.getnframes())
    size = 4 * parameters.framerate * parameters.sampwidth * parameters.nchannels
    with wave.open(target, "wb") as out:
        out.setparams(parameters)
        out.writeframes((data * (size // len(data) + 1))[:size])


def run(command):
    """Seconds and resident kilobytes."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("failed: " + " ".join(command))
    return seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime


def main():
    vpr, torch_forward, samples = sys.argv[1:4]
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 15
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VPR_DB"] = os.path.join(folder, "voices.db")
        a, b = os.path.join(folder, "a.wav"), os.path.join(folder, "b.wav")
        four_seconds(vpr, os.path.join(samples, "flite-slt-1.flac"), a)
        four_seconds(vpr, os.path.join(samples, "flite-rms-1.flac"), b)
        subprocess.run([vpr, "-q", "enroll", "Ada", a], check=True, stdout=subprocess.DEVNULL)
        commands = {
            "torch_forward": [torch_forward],
            "vpr compare a.wav b.wav": [vpr, "compare", a, b],
            "vpr compare --backend libtorch": [vpr, "compare", a, b, "--backend", "libtorch"],
            "vpr embed a.wav": [vpr, "-q", "embed", a, "-o", os.path.join(folder, "a.npy")],
            "vpr verify Ada b.wav": [vpr, "-q", "verify", "Ada", b],
            "vpr identify b.wav": [vpr, "-q", "identify", b],
            "vpr --version": [vpr, "--version"],
        }
        results = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                results[name].append(run(command))
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    base = medians["torch_forward"]
    print("| command | ms | of torch_forward | processor ms | of torch_forward | resident MB |")
    print("|---|---|---|---|---|---|")
    for name, (seconds, _, processor) in medians.items():
        memory = max(row[1] for row in results[name])
        print("| `%s` | %.0f | %.3f | %.0f | %.3f | %.1f |" % (
            name, 1e3 * seconds, seconds / base[0], 1e3 * processor, processor / base[2], memory / 1024))


main()
