# Reads a mel64 data set with nothing but struct: python3 read_mel64.py PREFIX
import struct
import sys

prefix = sys.argv[1]
with open(prefix + ".label", encoding="utf-8") as file:
    labels = dict(line.rstrip("\n").split("\t") for line in file)
with open(prefix + ".header", encoding="utf-8") as header, open(prefix + ".data", "rb") as data:
    for line in header:
        key, offset, length = line.rstrip("\n").split("\t")
        (key_length,) = struct.unpack("<I", data.read(4))
        assert data.read(key_length).decode() == key
        (payload_length,) = struct.unpack("<I", data.read(4))
        assert data.tell() == int(offset) and payload_length == int(length) == 128 * 128 * 8
        values = struct.unpack("<16384d", data.read(payload_length))
        mel = [values[128 * band : 128 * (band + 1)] for band in range(128)]  # mel[band][frame]
        print(key, labels[key], repr(mel[0][0]), repr(mel[5][7]), repr(mel[127][127]), sep="\t")
    assert data.read() == b""
