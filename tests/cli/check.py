"""check.py EXPRESSION: ends with 0 if the expression is true of the file `out`."""
import csv
import json
import math
import struct
import sys


def parse(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def npy(path):
    """(shape, rows) of a float32 array of one or two dimensions."""
    data = open(path, "rb").read()
    assert data[:6] == b"\x93NUMPY", path
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10 : 10 + length])  # a dict literal, as NumPy itself reads it
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    values = struct.unpack("<%df" % ((len(data) - 10 - length) // 4), data[10 + length :])
    shape = header["shape"]
    assert math.prod(shape) == len(values), (shape, len(values))
    columns = shape[-1]
    return shape, [values[i : i + columns] for i in range(0, len(values), columns)]


out = open("out", encoding="utf-8").read()
j = parse(out)
lines = [parse(line) for line in out.splitlines()]
if not eval(sys.argv[1]):
    sys.exit(1)
