"""Models side by side: error rates, milliseconds, megabytes, as Markdown.

    model_table.py BIN CORPORA [-l LIST,LIST...] [-r ROUNDS] [--cache FILE] NAME=MODEL.vpr...

BIN: the folder with vpr and network_time (-DVPR_BUILD_BENCH=ON); CORPORA: the folder that docs/accuracy.md describes. EER of each
list of trials by the model's own score (--intervals: with 95 % over the speakers, where a list has enough). Milliseconds: an
embedding of samples that are ready, features and network, one thread, processor time; the models run by turns, medians over the rounds.
--cache FILE keeps the error rates by model (its fingerprint) and list, so that only a new model is measured."""
import argparse
import json
import os
import statistics
import subprocess
import sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("bin")
parser.add_argument("corpora")
parser.add_argument("models", nargs="+", metavar="NAME=MODEL.vpr")
parser.add_argument("-l", "--lists", default="speechocean762,librispeech,wuw,common_voice,common_voice_zh,pooled,short,lotus")
parser.add_argument("-r", "--rounds", type=int, default=5)
parser.add_argument("--intervals", action="store_true")
parser.add_argument("--cache")
parser.add_argument("--cpu", type=int, default=0)
parser.add_argument("--threads", type=int, default=1, help="of vpr eval")
arguments = parser.parse_args()
vpr, network_time = (os.path.join(arguments.bin, name) for name in ("vpr", "network_time"))
SECONDS = (2, 4)


def lines_of(command):
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(f"model_table.py: {command[0]} failed")
    return run.stdout


class Model:
    def __init__(self, text):
        self.name, _, self.path = text.rpartition("=")
        self.name = self.name or os.path.basename(self.path)
        info = json.loads(lines_of([vpr, "model", "info", self.path, "--json"]))
        self.fingerprint = info["fingerprint"]
        self.megabytes = os.path.getsize(self.path) / 1e6

    def milliseconds(self):
        out = lines_of(["taskset", "-c", str(arguments.cpu), network_time, self.path, "3", *(f"{seconds}s" for seconds in SECONDS)])
        return [float(line.split()[1]) for line in out.splitlines()]


def error_rates(model, known):
    """Of all lists at once, so that a recording in several is heard once."""
    of_model = known.setdefault(model.fingerprint, {})
    wanted = [name for name in arguments.lists.split(",") if name not in of_model]
    if wanted:
        trials = [part for name in wanted
                  for part in ("--trials", os.path.join(arguments.corpora, "trials", name + ".trials"))]
        out = lines_of([vpr, "--quiet", "eval", "--json", *trials, "--audio-root", arguments.corpora, "--model", model.path,
                        "--threads", str(arguments.threads), *([] if arguments.intervals else ["--no-intervals"])])
        for name, line in zip(wanted, out.splitlines()):
            of_list = json.loads(line)
            of_model[name] = [of_list["eer"], of_list.get("eer_ci95")]
    return of_model


known = {}
if arguments.cache and os.path.exists(arguments.cache):
    with open(arguments.cache) as cache:
        known = json.load(cache)
models = [Model(text) for text in arguments.models]
for model in models:
    error_rates(model, known)
    if arguments.cache:
        with open(arguments.cache, "w") as cache:
            json.dump(known, cache, indent=1)
rounds = [[model.milliseconds() for model in models] for _ in range(arguments.rounds)]


def row(name, cells):
    print("|", name, "|", " | ".join(cells), "|")


def rate(eer, interval):
    text = "%.2f %%" % (100 * eer)
    return text + " (%.2f to %.2f)" % tuple(100 * end for end in interval) if interval else text


row("", [model.name for model in models])
row("---", ["---"] * len(models))
for name in arguments.lists.split(","):
    row("EER, " + name, [rate(*known[model.fingerprint][name]) for model in models])
for i, seconds in enumerate(SECONDS):
    row(f"embedding of {seconds} s, one thread",
        ["%.1f ms" % statistics.median(times[m][i] for times in rounds) for m in range(len(models))])
row("file", ["%.1f MB" % model.megabytes for model in models])
