"""The table of error_rate_golden.inc: values of pyannote.metrics 4.2.0.

  pip install pyannote-metrics==4.2.0
  python3 tests/diarize/make_golden.py > tests/diarize/error_rate_golden.inc
"""
import random
import warnings

from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate

warnings.simplefilter("ignore")
draw = random.Random(7)


def meeting(names, turns):
    """Turns in milliseconds; those of one speaker do not touch one another."""
    busy = {name: 0 for name in names}
    out, at = [], 0
    for _ in range(turns):
        name = draw.choice(names)
        begin = max(busy[name] + 10, at + draw.randint(-1500, 1500), 0)
        end = begin + draw.randint(100, 6000)
        out.append((begin, end, name))
        busy[name] = end
        at = end
    return out


def annotation(turns):
    one = Annotation()
    for k, (begin, end, name) in enumerate(turns):
        one[Segment(begin / 1000, end / 1000), k] = name
    return one


print("// Made by make_golden.py; do not edit.")
for case in range(12):
    n = draw.randint(1, 5)
    reference = meeting([f"r{i}" for i in range(n)], draw.randint(1, 14))
    if case % 3 == 2:
        hypothesis = meeting([f"h{i}" for i in range(draw.randint(1, 6))], draw.randint(1, 14))
    else:  # the reference with other names, moved ends and some mistakes
        hypothesis, busy = [], {}
        for begin, end, name in reference:
            who = "h" + (name if draw.random() < 0.8 else f"r{draw.randint(0, n)}")
            begin = max(begin + draw.randint(-400, 400), busy.get(who, -10) + 10)
            end = max(end + draw.randint(-400, 400), begin + 50)
            hypothesis.append((begin, end, who))
            busy[who] = end
    print("{")
    for turns in (reference, hypothesis):
        print("    {" + ", ".join(f'{{{b / 1000}, {e / 1000}, "{w}"}}' for b, e, w in turns) + "},")
    print("    {")
    for collar, skip in ((0, False), (0.25, False), (0.25, True)):
        score = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip)(
            annotation(reference), annotation(hypothesis), detailed=True)
        parts = ("total", "missed detection", "false alarm", "confusion")
        print("        {" + ", ".join(f"{score[part]:.9f}" for part in parts) + "},")
    print("    },")
    print("},")
