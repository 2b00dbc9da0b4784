"""Runs an exported classifier of clips (attention) with onnxruntime, batches of several sizes: usage onnx_clips.py FILE.

Answers must not depend on the batch, sum to 1, and not see a side that is not present.
"""
import sys

import numpy
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
inputs = {one.name: one.shape for one in session.get_inputs()}
assert set(inputs) == {"image", "audio", "present"}, inputs
side, bands = inputs["image"][-1], inputs["audio"][1]
names = [one.name for one in session.get_outputs()]
rng = numpy.random.default_rng(1)


def run(image, audio, present):
    feed = {"image": image, "audio": audio, "present": present}
    return dict(zip(names, session.run(names, {k: v.astype(numpy.float32) for k, v in feed.items()})))


image = rng.normal(size=(3, 2, 3, side, side))
audio = -40 + 20 * rng.normal(size=(3, bands, 31))
present = numpy.array([[1, 1], [1, 0], [0, 1]])
all_at_once = run(image, audio, present)
assert numpy.allclose(all_at_once["probabilities"].sum(1), 1, atol=1e-5)
assert numpy.allclose(all_at_once["weights"][1:], [[1, 0], [0, 1]]), all_at_once["weights"]
for i in range(3):
    one = run(image[i:i + 1], audio[i:i + 1], present[i:i + 1])
    for name in names:
        assert numpy.allclose(one[name][0], all_at_once[name][i], atol=1e-5), name
other = run(image, -audio, present)
assert numpy.allclose(other["probabilities"][1], all_at_once["probabilities"][1], atol=1e-6)
other = run(-image[:, :1], audio, present)
assert numpy.allclose(other["probabilities"][2], all_at_once["probabilities"][2], atol=1e-6)
