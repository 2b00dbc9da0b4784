#include "model/state_dict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "model/zip_archive.h"

namespace vpr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string Text(const std::string& text) {
  return "X" + std::string(1, static_cast<char>(text.size())) + std::string(3, '\0') + text;
}
std::string Int(int value) {
  return value < 256
             ? std::string("K") + static_cast<char>(value)
             : std::string("M") + static_cast<char>(value & 255) + static_cast<char>(value >> 8);
}
std::string Tuple(const std::vector<int>& values) {
  std::string text = "(";
  for (int value : values) text += Int(value);
  return text + "t";
}

// As torch.save writes a tensor: a storage by its key, offset, shape and strides.
std::string TensorPickle(const std::string& key, int elements, int offset,
                         const std::vector<int>& shape, const std::vector<int>& strides,
                         const std::string& type = "FloatStorage") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "ctorch\n" + type + "\n" +
         Text(key) + Text("cpu") + Int(elements) + "tQ" + Int(offset) + Tuple(shape) +
         Tuple(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}
std::string Dict(const std::string& items) { return "\x80\x02}(" + items + "u."; }

std::string Archive(const std::string& pickle, const std::string& data) {
  ZipWriter zip;
  zip.Add("net/data.pkl", pickle);
  zip.Add("net/data/0", data);
  return zip.Finish();
}

const std::string kSix = Bytes({1, 2, 3, 4, 5, 6});

std::string RefusalOf(const std::string& pickle, ErrorCode code = ErrorCode::kIncompatible) {
  return MessageOf(code, [&] { ReadStateDict(Archive(pickle, kSix)); });
}

TEST(StateDict, ReadsTensors) {
  const auto tensors =
      ReadStateDict(Archive(Dict(Text("a") + TensorPickle("0", 6, 0, {2, 3}, {3, 1}) + Text("b.c") +
                                 TensorPickle("0", 6, 1, {2, 2}, {1, 2})),
                            kSix));
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 3));
  EXPECT_THAT(tensors[0].data, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(tensors[1].name, "b.c");
  EXPECT_THAT(tensors[1].data, ElementsAre(2, 4, 3, 5));  // transposed, from the second on
}

// What PyTorch wrote before 1.6: pickles one after the other, then every storage with its size.
std::string Old(const std::string& keys, const std::string& storages, int version = 1001,
                bool little = true) {
  const std::string proto = "\x80\x02";
  return proto + std::string("\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", 13) + proto + Int(version) +
         "." + proto + "}(" + Text("protocol_version") + Int(1001) + Text("little_endian") +
         (little ? "\x88" : "\x89") + "u." +
         Dict(Text("b") + TensorPickle("7", 2, 0, {2}, {1}) + Text("a") +
              TensorPickle("5", 3, 1, {2}, {1}, "HalfStorage")) +
         proto + "](" + keys + "e." + storages;
}
std::string Storage(char count, const std::string& data) {
  return count + std::string(7, '\0') + data;
}
const std::string kKeys = Text("5") + Text("7"),
                  kStorages = Storage(3, std::string("\x00\x3c\x00\xc0\x00\x38", 6)) +
                              Storage(2, Bytes({3, 4}));

TEST(StateDict, ReadsWhatPyTorchWroteBefore) {
  const auto tensors = ReadStateDict(Old(kKeys, kStorages));
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, "b");
  EXPECT_THAT(tensors[0].data, ElementsAre(3, 4));
  EXPECT_EQ(tensors[1].name, "a");
  EXPECT_THAT(tensors[1].data, ElementsAre(-2, 0.5f));
}

TEST(StateDict, OldFilesThatAreDamagedAreRefused) {
  const std::string whole = Old(kKeys, kStorages);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(ReadStateDict(whole.substr(0, size)), Error) << size;
  auto refusal = [](const std::string& file, ErrorCode code) {
    return MessageOf(code, [&] { ReadStateDict(file); });
  };
  EXPECT_THAT(refusal(Old(kKeys, kStorages, 1000), ErrorCode::kIncompatible),
              HasSubstr("a version that is not understood"));
  EXPECT_THAT(refusal(Old(kKeys, kStorages, 1001, false), ErrorCode::kIncompatible),
              HasSubstr("not little-endian"));
  EXPECT_THAT(refusal(Old(Text("9"), kStorages), ErrorCode::kCorrupt),
              HasSubstr("a storage that no tensor is in"));
  EXPECT_THAT(refusal(Old(Text("5"), kStorages), ErrorCode::kCorrupt),
              HasSubstr("'b' has no data"));
  EXPECT_THAT(
      refusal(Old(kKeys, Storage(2, Bytes({1})) + Storage(2, Bytes({3, 4}))), ErrorCode::kCorrupt),
      HasSubstr("'a' does not fit its data"));
  EXPECT_THAT(refusal(Old(kKeys, std::string(7, '\xff') + '\x7f'), ErrorCode::kCorrupt),
              HasSubstr("cut off"));
}

TEST(StateDict, ReadsAScalarAndOtherTypes) {
  const std::string halves("\x00\x3c\x00\xc0\x00\x38", 6);  // 1, -2, 0.5
  const auto tensors =
      ReadStateDict(Archive(Dict(Text("half") + TensorPickle("0", 3, 0, {3}, {1}, "HalfStorage") +
                                 Text("byte") + TensorPickle("0", 6, 1, {}, {}, "ByteStorage")),
                            halves));
  EXPECT_THAT(tensors[0].data, ElementsAre(1, -2, 0.5f));
  EXPECT_THAT(tensors[1].data, ElementsAre(0x3c));
  EXPECT_TRUE(tensors[1].shape.empty());
}

TEST(StateDict, FindsTheTensorsOfACheckpoint) {
  const auto tensors =
      ReadStateDict(Archive(Dict(Text("epoch") + Int(5) + Text("state_dict") + "}(" + Text("w") +
                                 TensorPickle("0", 6, 0, {6}, {1}) + "u"),
                            kSix));
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "w");
}

TEST(StateDict, NothingIsEverCalled) {
  EXPECT_THAT(RefusalOf("\x80\x02"
                        "cos\nsystem\n(" +
                        Text("true") + "tR."),
              HasSubstr("'os.system'"));
  EXPECT_THAT(RefusalOf("\x80\x02"
                        "ctorch\nload\n)R."),
              HasSubstr("'torch.load'"));
  // INST and OBJ call, EXT names what is registered.
  for (const char opcode : {'i', 'o', '\x81', '\x82', '\x93'})
    EXPECT_THAT(RefusalOf(std::string("\x80\x02(") + opcode + "."), HasSubstr("opcode 0x"));
  EXPECT_THAT(RefusalOf("\x80\x02)}b."), HasSubstr("sets attributes"));
}

TEST(StateDict, TensorsLieInTheirData) {
  const auto refusal = [](const std::string& tensor) {
    return RefusalOf(Dict(Text("w") + tensor), ErrorCode::kCorrupt);
  };
  EXPECT_THAT(refusal(TensorPickle("0", 6, 0, {7}, {1})), HasSubstr("'w' does not fit"));
  EXPECT_THAT(refusal(TensorPickle("0", 6, 1, {6}, {1})), HasSubstr("'w' does not fit"));
  EXPECT_THAT(refusal(TensorPickle("0", 6, 0, {2}, {9999})), HasSubstr("'w' does not fit"));
  EXPECT_THAT(refusal(TensorPickle("0", 6, 0, {9999, 9999, 9999}, {0, 0, 0})),
              HasSubstr("does not fit"));
  EXPECT_THAT(refusal(TensorPickle("1", 6, 0, {6}, {1})), HasSubstr("'w' has no data"));
  EXPECT_THAT(refusal(TensorPickle("0", 6, 0, {6}, {1, 1})), HasSubstr("no shape"));
}

TEST(StateDict, DataIsNotSharedWithoutEnd) {
  std::string items;
  for (int i = 0; i < 200; ++i)
    items += Text("w" + std::to_string(i)) +
             (i == 0 ? TensorPickle("0", 200, 0, {200}, {1}) + "q\x01" : std::string("h\x01"));
  const std::string data = Bytes(std::vector<float>(200, 1.0f));
  EXPECT_THAT(
      MessageOf(ErrorCode::kIncompatible, [&] { ReadStateDict(Archive(Dict(items), data)); }),
      HasSubstr("share their data"));
}

TEST(StateDict, WhatIsNoTensorIsNamed) {
  EXPECT_THAT(
      RefusalOf(Dict(Text("w") + TensorPickle("0", 6, 0, {6}, {1}) + Text("epoch") + Int(3))),
      HasSubstr("'epoch' is no tensor"));
  EXPECT_THAT(RefusalOf("\x80\x02K\x01."), HasSubstr("not a dictionary"));
  EXPECT_THAT(RefusalOf("\x80\x02}."), HasSubstr("no tensors"));
  EXPECT_THAT(RefusalOf(Dict(Text("w") + TensorPickle("0", 6, 0, {6}, {1}) + Text("w") +
                             TensorPickle("0", 6, 0, {6}, {1}))),
              HasSubstr("twice"));
}

TEST(StateDict, EveryCutIsAnError) {
  const std::string whole = Dict(Text("w") + TensorPickle("0", 6, 0, {6}, {1}));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(ReadStateDict(Archive(whole.substr(0, size), kSix)), Error) << size;
  const std::string archive = Archive(whole, kSix);
  for (std::size_t size = 0; size < archive.size(); ++size)
    EXPECT_THROW(ReadStateDict(archive.substr(0, size)), Error) << size;
}

TEST(StateDict, DataThatIsDamagedIsNoticed) {
  std::string archive = Archive(Dict(Text("w") + TensorPickle("0", 6, 0, {6}, {1})), kSix);
  archive[archive.find(kSix) + 2] ^= 1;
  EXPECT_THROW(ReadStateDict(archive), Error);
  const float none = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible,
                        [&] {
                          ReadStateDict(Archive(Dict(Text("w") + TensorPickle("0", 2, 0, {2}, {1})),
                                                Bytes({1, none})));
                        }),
              HasSubstr("'w' has values that are no numbers"));
}

}  // namespace
}  // namespace vpr
