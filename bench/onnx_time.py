"""As network_time, for an ONNX file in onnxruntime on one thread: onnx_time.py NET.onnx RUNS FRAMES..."""
import sys
import time

import numpy
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
for frames in map(int, sys.argv[3:]):
    feed = {}
    for value in session.get_inputs():
        if len(value.shape) == 1:
            feed[value.name] = numpy.array([frames], dtype=numpy.int64)
            continue
        bands = max(d for d in value.shape if isinstance(d, int))
        shape = [frames if i > 0 and not isinstance(d, int) else 1 if i == 0 else d for i, d in enumerate(value.shape)]
        assert bands in shape
        feed[value.name] = numpy.random.default_rng(1).standard_normal(shape).astype(numpy.float32)
    best = float("inf")
    for run in range(int(sys.argv[2]) + 1):
        begin = time.process_time()
        session.run(None, feed)
        if run > 0:
            best = min(best, time.process_time() - begin)
    print(frames, "%.2f" % (1e3 * best))
