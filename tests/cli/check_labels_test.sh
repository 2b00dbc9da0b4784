#!/usr/bin/env bash
# vpr check-labels on embeddings that were made elsewhere: planted errors are found, and nothing else.
. "$(dirname "$0")/lib.sh"

python3 - << 'P'
import random
import struct

random.seed(4)
DIM = 40


def person():
    return [random.gauss(0, 1) for _ in range(DIM)]


def recording(voice):
    return [x + random.gauss(0, 0.5) for x in voice]


rows, names = [], []
voices = [person() for _ in range(40)]
for p, voice in enumerate(voices):
    for i in range(4):
        rows.append(recording(voice))
        names.append((f"p{p}/{i}.wav", f"p{p}"))
clean = len(rows)
for i in range(3):  # person 5 once more, under another name
    rows.append(recording(voices[5]))
    names.append((f"again/{i}.wav", "again"))
rows.append(recording(voices[9]))  # person 9 among person 2's
names.append(("p2/wrong.wav", "p2"))


def write(name, count):
    with open(name + ".npy", "wb") as out:
        head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (count, DIM)
        head += " " * (-(10 + len(head) + 1) % 64) + "\n"
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for row in rows[:count]:
            out.write(struct.pack("<%df" % DIM, *row))
    with open(name + ".tsv", "w") as out:
        print("path", "speaker", sep="\t", file=out)
        for path, speaker in names[:count]:
            print(path, speaker, sep="\t", file=out)


write("clean", clean)
write("wrong", len(rows))
P
ok "$vpr" check-labels clean.tsv --embeddings clean.npy --exit-status
says '160 recordings of 40 speakers: 0 pairs seem to be one person .* 0 recordings' out
run "$vpr" check-labels wrong.tsv --embeddings wrong.npy --exit-status
expect_status 3 "check-labels with errors"
says '^same person\?	again	p5	' out
says '^somebody else\?	p2/wrong.wav	p2 .*	nearest p9 ' out
ok "$vpr" check-labels wrong.tsv --embeddings wrong.npy --json
check '[(e["a"], e["b"]) for e in j["same_person"]] == [("again", "p5")]'
check '[(e["recording"], e["nearest"]) for e in j["somebody_else"]] == [("p2/wrong.wav", "p9")]'
refused "$vpr" check-labels wrong.tsv --embeddings clean.npy
says 'has 160 rows, list .wrong.tsv. 164 recordings' err
