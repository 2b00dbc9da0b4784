#!/usr/bin/env python3
"""Makes the lists that models/digits.vpw was trained and measured with.

    digit_lists.py OUT FSDD COMMANDS ALPHANUMERIC CORPORA [OTHERS]

FSDD: the folder recordings of the Free Spoken Digit Dataset; COMMANDS: a folder of Speech Commands v0.01 (a few files a
word are enough); ALPHANUMERIC: a checkout of Sakshee5/alphanumeric-audio-dataset; CORPORA: the folder of corpora that
docs/accuracy.md describes, of which train.tsv says which of ALPHANUMERIC's recordings are of one person. OUT gets
train.tsv, dev.tsv, test-strings.tsv (single digits, to join), test-numbers.tsv (telephone numbers as they were read) and
the recordings, 16 kHz; for bench/prompted_login, of the speakers of the test lists, login-strings-enroll.tsv and -test.tsv
(single digits, each half of the recordings) and login-numbers-enroll.tsv and -test.tsv (names and addresses, whose text stands
for nothing; pieces of telephone numbers). OTHERS: a folder of AudioMNIST's form (data/01/0_01_1.wav), of which
login-others-enroll.tsv and -test.tsv are made.

Telephone numbers are cut between words, by forced alignment, into pieces of one to four digits; the person in dev,
test or train as a whole. Some recordings are there again, faster and slower, as other speakers; and synthetic voices.
Needs numpy, scipy, soundfile and pocketsphinx from PyPI and Debian's sox, flite, espeak-ng, festival (voices kal, ked
and slt).
"""
import collections
import csv
import math
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pocketsphinx
import scipy.signal
import soundfile

WORDS = "zero one two three four five six seven eight nine".split()
FSDD_TRAIN = {"george", "jackson", "lucas", "nicolas"}  # the two others are test
UNFIT_VARIANTS = re.compile("whisper|croak|demonic|robo|alien|zac|storm|fast", re.I)
ACCENTS = ["en-us", "en-gb", "en-us", "en-gb-scotland", "en-us-nyc", "en-029", "en-gb-x-gbcwmd", "en-us"]


def load(path):
    samples, rate = soundfile.read(path)
    if samples.ndim > 1:
        samples = samples.mean(1)
    common = math.gcd(rate, 16000)
    return samples if rate == 16000 else scipy.signal.resample_poly(samples, 16000 // common, rate // common)


def save(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -1, 1), 16000)
    return path


def envelope(samples):
    frames = len(samples) // 160
    return np.log(1e-8 + (samples[:frames * 160].reshape(frames, 160) ** 2).mean(1))


def at_speed(path, speed):
    other = path.with_name(f"{path.stem}_{round(speed * 100)}.flac")
    subprocess.check_call(["sox", "-q", "-D", "-v", "0.9", path, "-r", "16000", other, "speed", str(speed)])
    return other


class Numbers:
    """Telephone numbers: recordings, what is said in them, by whom."""

    def __init__(self, checkout, corpora, out):
        with open(corpora / "train.tsv") as table:
            known = [(row["speaker"], envelope(load(corpora / row["path"]))) for row in csv.DictReader(table, delimiter="\t")
                     if row["corpus"] == "sakshee" and row["session"] == "Numbers"]
        decoder = pocketsphinx.Decoder(
            hmm=pocketsphinx.get_model_path("en-us/en-us"), dict=pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"),
            samprate=16000, loglevel="FATAL", beam=1e-80, wbeam=1e-60, pbeam=1e-80)
        self.speakers, self.whole, self.pieces = collections.Counter(), [], []
        with open(checkout / "metadata.csv") as table:
            rows = [row for row in csv.DictReader(table) if "/Numbers/" in row["file_name"]]
        for row in rows:
            samples, digits = load(checkout / row["file_name"]), re.sub(r"\D", "", row["Number"])
            samples = samples / max(1e-4, abs(samples).max()) * 0.5
            name, own = row["Response_ID"], envelope(samples)
            like = [(np.corrcoef(other[:len(own)], own[:len(other)])[0, 1], speaker) for speaker, other in known
                    if abs(len(other) - len(own)) <= 8]
            found = self.align(decoder, samples, digits)
            speaker = max(like)[1]
            self.speakers[speaker] += 1
            if not found:
                continue
            self.whole.append((save(out / f"{name}.flac", samples), digits, speaker))
            if min(last - first for _, first, last in found) >= 7:
                self.cut(out, name, samples, digits, found, speaker)

    @staticmethod
    def align(decoder, samples, digits):
        for zero in ["zero", "oh"] if "0" in digits else ["zero"]:
            decoder.set_align_text(" ".join(zero if digit == "0" else WORDS[int(digit)] for digit in digits))
            decoder.start_utt()
            decoder.process_raw((samples * 32767).astype("<i2").tobytes(), full_utt=True)
            decoder.end_utt()
            words = [(part.word, part.start_frame, part.end_frame) for part in decoder.seg() or []
                     if part.word.split("(")[0] in WORDS + ["oh"]]
            if len(words) == len(digits):
                return words
        return None

    def cut(self, out, name, samples, digits, words, speaker):
        rng = np.random.default_rng(int.from_bytes(name.encode()[-4:], "little"))
        at = 0
        while at < len(words):
            end = min(len(words), at + int(rng.integers(1, 5)))
            before = words[at - 1][2] if at else max(0, words[at][1] - 15)
            after = words[end][1] if end < len(words) else words[end - 1][2] + 15
            first = max(words[at][1] - 12, (before + words[at][1]) // 2, 0)
            last = min(words[end - 1][2] + 12, (after + words[end - 1][2]) // 2)
            path = save(out / f"{name}_{at}.flac", samples[first * 160:last * 160])
            self.pieces.append((path, digits[at:end], speaker))
            at = end


def synthetic(out):
    def say(command, name, digit, text=None):
        wave, path = out / "a.wav", out / f"{name}_{digit}.flac"
        subprocess.run([*command, wave], input=text, text=True, check=True, stderr=subprocess.DEVNULL)
        subprocess.check_call(["sox", "-q", "-D", wave, "-r", "16000", path])
        return path

    out.mkdir(parents=True, exist_ok=True)
    variants = sorted(path.name for path in pathlib.Path("/usr/lib").glob("*/espeak-ng-data/voices/!v/*"))
    for k, variant in enumerate(v for v in variants if not UNFIT_VARIANTS.search(v)):
        if k % 2 == 0:
            for digit, word in enumerate(WORDS):
                yield say(["espeak-ng", "-v", f"{ACCENTS[k // 2 % 8]}+{variant}", "-s", str(120 + (k + 1) * 17 % 80), word, "-w"],
                          f"espeak_{variant}", digit), str(digit), f"espeak_{variant}"
    for voice in "kal awb rms slt kal16".split():
        for stretch in ("0.85", "1.0", "1.2"):
            for digit, word in enumerate(WORDS):
                yield say(["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", word, "-o"],
                          f"flite_{voice}_{stretch}", digit), str(digit), f"flite_{voice}"
    for voice in "kal_diphone ked_diphone cmu_us_slt_arctic_hts".split():
        for digit, word in enumerate(WORDS):
            yield say(["text2wave", "-eval", f"(voice_{voice})", "-o"], f"festival_{voice}", digit, word), str(digit), f"festival_{voice}"


def logins(out, name, enroll, test):
    """Of the speakers that have both."""
    both = {row[2] for row in enroll} & {row[2] for row in test}
    for part, rows in ("enroll", enroll), ("test", test):
        write(out / f"login-{name}-{part}.tsv", [row for row in rows if row[2] in both])


def halves(rows):
    """By the number at the end of the recordings' names: every second one of a digit."""
    even = [int(row[0].stem.split("_")[2]) % 2 == 0 for row in rows]
    return [[row for row, first in zip(rows, even) if first == half] for half in (True, False)]


def of_numbers(out, numbers, tested, checkout):
    """What the people who read the numbers read besides, and the numbers' pieces."""
    enroll = []
    for whole, _, speaker in numbers.whole:
        for kind in "Names", "Addresses":
            recording = checkout / "audio_data" / kind / f"{whole.stem}.wav"
            if speaker in tested and recording.exists():
                enroll.append((save(out / kind / f"{whole.stem}.flac", load(recording)), "0", speaker))
    return enroll, [piece for piece in numbers.pieces if piece[2] in tested]


def of_others(out, others):
    return [(save(out / f"{path.stem}.flac", load(path)), path.stem.split("_")[0], path.stem.split("_")[1])
            for path in sorted(others.glob("data/*/*_*_*.wav"))]


def write(path, rows):
    with open(path, "w") as table:
        print("path", "text", "speaker", sep="\t", file=table)
        for recording, digits, speaker in rows:
            print(os.path.relpath(recording, path.parent), " ".join(digits), speaker, sep="\t", file=table)
    print(f"{path}: {len(rows)} recordings, {len({row[2] for row in rows})} speakers")


def main():
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    out, fsdd, commands, checkout, corpora = map(pathlib.Path, sys.argv[1:6])
    train, test = [], []
    for path in sorted(fsdd.glob("*.wav")):
        digit, speaker, number = path.stem.split("_")
        copy = save(out / "fsdd" / f"{path.stem}.flac", load(path))
        (train if speaker in FSDD_TRAIN else test).append((copy, digit, speaker))
        if speaker in FSDD_TRAIN and int(number) % 2 == 0:
            speed = 0.87 if int(number) % 4 else 1.14
            train.append((at_speed(copy, speed), digit, f"{speaker}_{speed}"))
    for digit, word in enumerate(WORDS):
        for path in sorted((commands / word).glob("*.wav")):
            speaker = path.stem.split("_")[0]
            train.append((save(out / "commands" / f"{word}_{path.stem}.flac", load(path)), str(digit), speaker))
    numbers = Numbers(checkout, corpora, out / "numbers")
    alone = sorted(speaker for speaker, recordings in numbers.speakers.items() if recordings == 1)
    dev, tested = set(alone[0::5]), set(alone[1::5]) | set(alone[3::5])
    for piece in numbers.pieces:
        if piece[2] not in dev | tested:
            train.append(piece)
            train += [(at_speed(piece[0], speed), piece[1], f"{piece[2]}_{speed}") for speed in (0.9, 1.1)]
    train += synthetic(out / "synthetic")
    write(out / "train.tsv", train)
    write(out / "dev.tsv", [piece for piece in numbers.pieces if piece[2] in dev])
    write(out / "test-strings.tsv", test)
    write(out / "test-numbers.tsv", [whole for whole in numbers.whole if whole[2] in tested])
    logins(out, "strings", *halves(test))
    logins(out, "numbers", *of_numbers(out, numbers, tested, checkout))
    if len(sys.argv) == 7:
        logins(out, "others", *halves(of_others(out / "others", pathlib.Path(sys.argv[6]))))


main()
