"""make_golden.py FOLDER: FOLDER/events.golden.tfevents, what event_writer_test.cc writes, by PyPI's tensorboard.

Made with tensorboard 2.21.0 (pip install tensorboard):
  python3 tests/tensorboard/make_golden.py tests/tensorboard/data
It also reads the file with tensorboard's EventAccumulator and fails if that finds anything else.
make_golden.py --read FOLDER reads a run so and prints it.
"""
import struct
import sys
import zlib

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def png():
    """1 x 2 points, red."""
    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    raw = (b"\0" + b"\xff\0\0") * 2
    # Stored, not compressed: the same bytes whatever zlib does.
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    stored += struct.pack(">I", zlib.adler32(raw))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 2, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", stored) + chunk(b"IEND", b""))


def hparams(tag, content):
    value = summary_pb2.Summary.Value(tag=tag)
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = content
    return summary_pb2.Summary(value=[value])


def events():
    yield dict(file_version="brain.Event:2")
    yield dict(step=300, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    for step, loss in ((0, 2.5), (300, 0.125)):
        yield dict(step=step, summary=summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag="Loss/train", simple_value=loss)]))
    text = summary_pb2.Summary.Value(tag="settings")
    text.metadata.plugin_data.plugin_name = "text"
    text.tensor.dtype = types_pb2.DT_STRING
    text.tensor.tensor_shape.dim.add(size=1)
    text.tensor.string_val.append("**lr** 0.1, größer".encode())
    yield dict(summary=summary_pb2.Summary(value=[text]))
    yield dict(step=7, summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(
        tag="confusion", image=summary_pb2.Summary.Image(
            height=2, width=1, colorspace=3, encoded_image_string=png()))]))
    experiment = api_pb2.Experiment()
    experiment.hparam_infos.add(name="arch", type=api_pb2.DATA_TYPE_STRING)
    experiment.hparam_infos.add(name="balance", type=api_pb2.DATA_TYPE_BOOL)
    experiment.hparam_infos.add(name="lr", type=api_pb2.DATA_TYPE_FLOAT64)
    experiment.metric_infos.add(name=api_pb2.MetricName(tag="F1/val"))
    yield dict(summary=hparams(
        "_hparams_/experiment",
        plugin_data_pb2.HParamsPluginData(experiment=experiment).SerializeToString()))
    # A map's entries may come in any order; ours are sorted by name.
    start = b""
    for name, field, value in (("arch", "string_value", "resnet"), ("balance", "bool_value", False),
                               ("lr", "number_value", 0.1)):
        entry = plugin_data_pb2.SessionStartInfo()
        setattr(entry.hparams[name], field, value)
        start += entry.SerializeToString()
    yield dict(summary=hparams("_hparams_/session_start_info", bytes([3 << 3 | 2, len(start)]) + start))
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS)
    yield dict(summary=hparams(
        "_hparams_/session_end_info",
        plugin_data_pb2.HParamsPluginData(session_end_info=end).SerializeToString()))


def read(folder):
    found = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    tags = found.Tags()
    try:
        settings = [plugin_data_pb2.HParamsPluginData.FromString(content)
                    for content in found.PluginTagToContent("hparams").values()]
    except KeyError:
        settings = []
    return {
        "scalars": {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in tags["scalars"]},
        "texts": {tag: [e.tensor_proto.string_val[0].decode() for e in found.Tensors(tag)]
                  for tag in tags["tensors"] if not tag.startswith("_hparams_")},
        "pictures": {tag: [(e.step, e.width, e.height, len(e.encoded_image_string))
                           for e in found.Images(tag)] for tag in tags["images"]},
        "settings": {name: hparam for one in settings
                     for name, hparam in sorted((k, str(v).split()[-1]) for k, v in
                                                one.session_start_info.hparams.items())},
    }


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        print(read(sys.argv[2]))
        sys.exit(0)
    with open(sys.argv[1] + "/events.golden.tfevents", "wb") as file:
        writer = RecordWriter(file)
        for i, fields in enumerate(events()):
            event = event_pb2.Event(wall_time=1000 + i / 4, **fields)
            writer.write(event.SerializeToString(deterministic=True))
    found = read(sys.argv[1])
    print(found)
    assert found == {
        "scalars": {"Loss/train": [(0, 2.5), (300, 0.125)]},
        "texts": {"settings": ["**lr** 0.1, größer"]},
        "pictures": {"confusion": [(7, 1, 2, len(png()))]},
        "settings": {"arch": '"resnet"', "balance": "false", "lr": "0.1"},
    }
