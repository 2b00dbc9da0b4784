"""Random pairs of texts, and what PyPI's jiwer counts in them.

    python3 jiwer_pairs.py PAIRS SEED > data/jiwer.tsv     (made with jiwer 4.0.0: 1000 pairs, seed 1)
    python3 jiwer_pairs.py PAIRS SEED VPR                  compares with the program's vpr wer --json
"""
import json
import random
import subprocess
import sys
import tempfile

import jiwer


def pairs(count, seed):
    rng = random.Random(seed)
    words = "one two three four five six seven eight nine zero a naïve 七 o'clock".split()
    for _ in range(count):
        vocabulary = rng.sample(words, rng.randint(2, len(words)))
        reference = [rng.choice(vocabulary) for _ in range(rng.randint(1, 12))]
        hypothesis = []
        error = rng.random()
        for word in reference:
            kind = rng.choice(["same", "other", "none", "more"]) if rng.random() < error else "same"
            if kind != "none":
                hypothesis.append(rng.choice(vocabulary) if kind == "other" else word)
            if kind == "more":
                hypothesis.append(rng.choice(vocabulary))
        yield " ".join(reference), " ".join(hypothesis)


def counts(output):
    return [output.hits, output.substitutions, output.deletions, output.insertions]


def main():
    made = list(pairs(int(sys.argv[1]), int(sys.argv[2])))
    if len(sys.argv) == 3:
        print("reference\thypothesis\tword_hits\twords_substituted\twords_deleted\twords_inserted\t"
              "character_hits\tcharacters_substituted\tcharacters_deleted\tcharacters_inserted")
        for reference, hypothesis in made:
            numbers = counts(jiwer.process_words(reference, hypothesis)) + counts(
                jiwer.process_characters(reference, hypothesis))
            print(reference, hypothesis, *numbers, sep="\t")
        return
    names = ["hits", "substitutions", "deletions", "insertions"]
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        def measure(selected):
            for side, path in ((0, "ref"), (1, "hyp")):
                with open(f"{folder}/{path}", "w", encoding="utf-8") as file:
                    file.writelines(pair[side] + "\n" for pair in selected)
            return json.loads(subprocess.run(
                [sys.argv[3], "wer", f"{folder}/ref", f"{folder}/hyp", "--json"],
                check=True, capture_output=True).stdout)

        for selected in [[pair] for pair in made] + [made]:
            references, hypotheses = zip(*selected)
            ours = measure(selected)
            words = jiwer.process_words(list(references), list(hypotheses))
            characters = jiwer.process_characters(list(references), list(hypotheses))
            same = (abs(ours["wer"] - words.wer) < 1e-12 and abs(ours["cer"] - characters.cer) < 1e-12
                    and [ours["words"][name] for name in names] == counts(words)
                    and [ours["characters"][name] for name in names] == counts(characters))
            different += not same
    print(f"{len(made)} pairs one by one and together: {different} differ")
    sys.exit(different > 0)


main()
