"""Networks of ONNX files in vpr and in onnxruntime, one thread, on features that are ready:

    against_onnxruntime.py BIN [-r ROUNDS] NET.onnx...

BIN: the folder with vpr and network_time (-DVPR_BUILD_BENCH=ON). Each file is imported, and made int8. In every round
network_time and onnx_time.py run by turns on one processor, each taking the least processor time of some embeddings; what is
printed are medians over the rounds: milliseconds of processor time of both, their ratio, and that of int8 to onnxruntime."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("bin")
parser.add_argument("nets", nargs="+")
parser.add_argument("-r", "--rounds", type=int, default=5)
parser.add_argument("--cpu", type=int, default=0)
arguments = parser.parse_args()
vpr, network_time = (os.path.join(arguments.bin, name) for name in ("vpr", "network_time"))
onnx_time = os.path.join(os.path.dirname(os.path.abspath(__file__)), "onnx_time.py")
LENGTHS = ("2", "4", "10")


def times(command, rate):
    frames = [str(round(float(seconds) * rate)) for seconds in LENGTHS]
    lines = subprocess.run(["taskset", "-c", str(arguments.cpu), *command, "3", *frames], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return [float(line.split()[1]) for line in lines.splitlines()]


print("| network | seconds | vpr | onnxruntime | ratio | int8 | ratio |\n|---|---|---|---|---|---|---|")
for net in arguments.nets:
    name = os.path.splitext(os.path.basename(net))[0]
    with tempfile.TemporaryDirectory() as folder:
        model, int8 = os.path.join(folder, "m.vpr"), os.path.join(folder, "i.vpr")
        rate = 100
        if net.endswith(".vpr"):  # a model of ours: its export
            rate, model, net = 62.5, net, os.path.join(folder, "m.onnx")
            subprocess.run([vpr, "-q", "model", "export", model, "--onnx", net], check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run([vpr, "-q", "model", "import", net, "--front-end", "wespeaker", "-o", model], check=True,
                           stdout=subprocess.DEVNULL)
        subprocess.run([vpr, "-q", "model", "quantize", model, "-o", int8], check=True, stdout=subprocess.DEVNULL)
        rounds = [(times([network_time, model], rate), times([sys.executable, onnx_time, net], rate),
                   times([network_time, int8], rate)) for _ in range(arguments.rounds)]
    for i, seconds in enumerate(LENGTHS):
        ours, theirs, ours_int8 = ([r[k][i] for r in rounds] for k in range(3))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        int8_ratio = statistics.median(a / b for a, b in zip(ours_int8, theirs))
        print("| %s | %s | %.1f | %.1f | %.2f | %.1f | %.2f |" % (
            name, seconds, statistics.median(ours), statistics.median(theirs), ratio, statistics.median(ours_int8),
            int8_ratio), flush=True)
