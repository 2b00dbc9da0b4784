"""Enrolls two people, then says who speaks in another recording: who.py STORE RECORDING NAME FILE... [-- NAME FILE...]"""
import sys

import numpy as np
import vpr

store, recording, *people = sys.argv[1:]
recognizer = vpr.Recognizer(store=store, create=True)
while people:
    end = people.index("--") if "--" in people else len(people)
    outcome = recognizer.enroll(people[0], people[1:end])
    print(outcome.name, len(outcome.enrolled), "enrolled,", len(outcome.left_out), "left out")
    people = people[end + 1 :]

answer = recognizer.identify(recording)
print(answer.name or "unknown speaker", f"{answer.candidates[0].score:.9f} {answer.threshold:.9f}")
embedding = recognizer.embed(recording)
print(embedding.dtype, embedding.shape, f"{np.linalg.norm(embedding):.3f}")
