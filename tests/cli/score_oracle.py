"""Scores of a model from their definition (docs/formats.md), in plain Python.

score_oracle.py MODEL NAMES EMBEDDINGS.jsonl TRIALS SCORES: SCORES are what `vpr eval --scores-out`
wrote; they must agree with PLDA and AS-norm computed from the embeddings and the model's tensors.
"""

import array
import json
import math
import struct
import sys


def read_model(path):
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[16:24])[0]
    header = json.loads(content[24 : 24 + size])
    offset, tensors = 24 + size, {}
    for entry in header["tensors"]:
        count = math.prod(entry["shape"])
        if "type" in entry:  # the network's weights, which are not looked at
            offset += 2 * count if entry["type"] == "float16" else 4 * entry["shape"][0] + count
            continue
        tensors[entry["name"]] = (entry["shape"], array.array("f", content[offset : offset + 4 * count]))
        offset += 4 * count
    return header, tensors


def rows(tensor):
    (count, width), values = tensor
    return [values[i * width : (i + 1) * width] for i in range(count)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def main():
    model, names, embeddings, trials, scores = sys.argv[1:]
    header, tensors = read_model(model)
    cohort, top_n = rows(tensors["scoring.cohort"]), header["scoring"]["cohort_top_n"]
    plda = "scoring.plda.mean" in tensors

    if plda:
        mean, transform = tensors["scoring.plda.mean"][1], rows(tensors["scoring.plda.transform"])
        between = tensors["scoring.plda.between"][1]

    def project(x):
        if not plda:
            return list(x)
        centered = [a - b for a, b in zip(x, mean)]
        y = [dot(row, centered) / math.sqrt(1 + b) for row, b in zip(transform, between)]
        length = math.sqrt(dot(y, y))
        return [value * math.sqrt(len(y)) / length for value in y]

    def raw(x, y):
        if not plda:
            return dot(x, y)
        ratio = 0
        for a, b, variance in zip(x, y, between):
            r = variance / (1 + variance)
            joint = (a * a - 2 * r * a * b + b * b) / (1 - r * r) + math.log(1 - r * r)
            ratio += (a * a + b * b - joint) / 2
        return ratio

    cohort = [project(x) for x in cohort]

    def statistics(x):
        best = sorted((raw(x, y) for y in cohort), reverse=True)[:top_n]
        mean_score = sum(best) / len(best)
        return mean_score, math.sqrt(sum((s - mean_score) ** 2 for s in best) / len(best))

    with open(names) as n, open(embeddings) as e:
        vectors = {a.strip(): project(json.loads(b)["embedding"]) for a, b in zip(n, e)}
    cohort_scores = {name: statistics(x) for name, x in vectors.items()}
    worst = 0
    with open(trials) as t, open(scores) as s:
        for trial, line in zip(t, s):
            _, a, b = trial.split()
            score = raw(vectors[a], vectors[b])
            sides = [(score - m) / d for m, d in (cohort_scores[a], cohort_scores[b])]
            expected = sum(sides) / 2
            found = float(line.split("\t")[2])
            worst = max(worst, abs(found - expected) / max(1, abs(expected)))
    print("largest relative difference", worst)
    sys.exit(worst > 1e-3)


main()
