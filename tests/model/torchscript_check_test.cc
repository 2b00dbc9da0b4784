#include "model/torchscript_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <limits>
#include <set>

#include "base/testing.h"
#include "model/torchscript_operators.h"
#include "model/zip_archive.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

// Some that LibTorch has and the list has not.
bool IsOperatorHere(const std::string& name) {
  static const std::set<std::string> names = {
      "save",  "from_file", "set_",  "as_strided", "add",        "conv1d", "manual_seed",
      "empty", "warn",      "Print", "size",       "get_device", "random_"};
  return names.contains(name);
}

std::string CodeRefusal(const std::string& code) {
  return MessageOf(ErrorCode::kIncompatible, [&] { CheckScriptCode(code, IsOperatorHere); });
}
void ExpectAllowed(const std::string& code) {
  EXPECT_NO_THROW(CheckScriptCode(code, IsOperatorHere)) << code;
}

// As LibTorch prints a network.
constexpr char kCode[] = R"(class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  training : bool
  conv : __torch__.torch.nn.modules.conv.Conv1d
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    _0 = getattr(self.conv, "0")
    conv = self.conv
    if torch.gt(torch.size(x, 1), 3):
      _1 = ops.prim.RaiseException("the input isn't \"good\": save it # not\n")
    else:
      _1 = 1.5e-05
    return torch.add(torch.conv1d(x, self.weight, None, [1], [0x10]), (_0).forward(x, ))
)";

TEST(ScriptCode, NetworksAreAllowed) { ExpectAllowed(kCode); }

TEST(ScriptCode, OperatorsOutsideTheListAreRefusedByName) {
  EXPECT_TRUE(std::is_sorted(std::begin(kScriptOperators), std::end(kScriptOperators)));
  for (const std::string name :
       {"save", "from_file", "set_", "as_strided", "manual_seed", "empty"}) {
    for (const std::string before : {"torch.", "ops.aten.", "x.", "(x)  .", "torch.autograd.", ""})
      EXPECT_THAT(CodeRefusal("y = " + before + name + "(x, \"p\")\n"),
                  HasSubstr("'" + name + "'"));
    // Without a call: an assignment gives it another name.
    EXPECT_THAT(CodeRefusal("f = torch." + name + "\n"), HasSubstr(name));
    EXPECT_THAT(CodeRefusal("f = getattr(torch, \"" + name + "\")\n"), HasSubstr(name));
    ExpectAllowed("y = ops.prim.RaiseException(\"cannot " + name + " it\")\n");
  }
}

TEST(ScriptCode, DetoursAreRefused) {
  for (const char* code : {"y = ops.quantized.conv(x)\n",
                           "o = ops\ny = o.quantized.add(x)\n",
                           "o = getattr(torch, \"ops\")\n",
                           "y = getattr(torch, \"sa\" \"ve\")(x)\n",
                           "y = getattr(torch, \"s\\x61ve\")(x)\n",
                           "g = getattr\n",
                           "y = getattr(torch, 'save')(x)\n",
                           "y = getattr(f(\"add\"), \"x\")\n",
                           "y = fork(f, x)\n",
                           "y = rpc_sync(f, x)\n",
                           "y = print(x)\n",
                           "def __setstate__(self, x: int):\n",
                           "c : __torch__.torch.classes.dist.Store\n",
                           "c : torch\\\n.classes\n",
                           "y = 1 # save\n",
                           "y = \"\"\"a\"\"\"\n",
                           "y = 'a\nb'\n",
                           "y = \"a\" \"b\"\n",
                           "y = x)\n",
                           "y = \x01\n",
                           "y = \xc3\xa4\n"}) {
    EXPECT_THAT(CodeRefusal(code), HasSubstr("its code")) << code;
  }
}

TEST(ScriptCode, NestingIsBounded) {
  const auto repeated = [](const std::string& what, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += what;
    return text;
  };
  ExpectAllowed("y = " + repeated("(", 50) + "x" + repeated(")", 50) + "\n");
  CodeRefusal("y = " + repeated("(", 60000) + "x" + repeated(")", 60000) + "\n");
  CodeRefusal("y = x" + repeated(" + x", 60000) + "\n");
  CodeRefusal("y = " + repeated("not ", 60000) + "x\n");
  CodeRefusal("y = " + repeated("- ", 60000) + "x\n");
  CodeRefusal("y = x" + repeated(".x", 60000) + "\n");
  CodeRefusal("y = " + repeated("1 if x else ", 60000) + "x\n");
  ExpectAllowed("y = [0" + repeated(", 123", 60000) + "]\n");
  std::string nested;
  for (int i = 0; i < 60000; i += 200)
    nested += std::string(static_cast<std::size_t>(i), ' ') + "if x:\n";
  CodeRefusal(nested);
}

std::string PickleRefusal(const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
std::string PickleRefusal(const std::string& pickle) {
  return PickleRefusal([&] { CheckScriptPickle(pickle); });
}

TEST(ScriptPickle, ObjectsAndTensorsAreAllowed) {
  using namespace std::string_literals;
  // __torch__.Net with {"training": False, "w": [1, 2], "t": ("x", (1,))}
  EXPECT_EQ(PickleRefusal("\x80\x02"
                          "c__torch__\nNet\nq\x00)\x81}(X\x08\x00\x00\x00trainingq\x01\x89"
                          "X\x01\x00\x00\x00w](K\x01M\x02\x00"
                          "eX\x01\x00\x00\x00th\x01K\x01\x85\x86ub."s),
            "");
}

TEST(ScriptPickle, WhatMakesOtherThingsIsRefusedByName) {
  EXPECT_THAT(PickleRefusal("\x80\x02"
                            "cos\nsystem\nX\x04\x00\x00\x00true\x85R."),
              HasSubstr("os.system"));
  EXPECT_THAT(PickleRefusal("c__torch__.torch.classes.quantized\nLinear\n."),
              HasSubstr("torch.classes"));
  EXPECT_THAT(PickleRefusal("ctorch._C\n_jit_x\n."), HasSubstr("torch._C._jit_x"));
  EXPECT_THAT(PickleRefusal("i__torch__\nNet\n."), HasSubstr("opcode"));
}

TEST(ScriptPickle, DamageIsRefused) {
  using namespace std::string_literals;
  for (const std::string& pickle :
       {""s, "("s, "K"s, "X\xff\xff\xff\xff"s, "h\x07."s, "e."s, "b."s, ")))a."s, "t."s, "R."s,
        "\x8a\xff."s, "cab"s, "K\x00)R."s, "K\x00)\x81."s, "K\x00}b."s, "NQ."s, "(q\x00."s,
        "N\x85\x86\x87."s})
    EXPECT_NE(PickleRefusal(pickle), "") << testing::PrintToString(pickle);
}

TEST(ScriptPickle, NestingIsBounded) {
  const std::size_t many = 100000;
  EXPECT_EQ(PickleRefusal(std::string(50, ']') + std::string(49, 'a') + "."), "");
  EXPECT_THAT(PickleRefusal(std::string(many, ']') + std::string(many - 1, 'a') + "."),
              HasSubstr("too deep"));
  EXPECT_THAT(PickleRefusal(")" + std::string(many, '\x85') + "."), HasSubstr("too deep"));
  EXPECT_THAT(PickleRefusal("N" + std::string(many, 'Q') + "."), HasSubstr("storage"));
  // A list that is put into itself.
  EXPECT_THAT(PickleRefusal("]q\x01h\x01"
                            "a."),
              HasSubstr("finished"));
  const std::string type = std::string(1000, '[');
  EXPECT_THAT(PickleRefusal(std::string("X\xe8\x03\x00\x00", 5) + type + "."),
              HasSubstr("too deep"));
}

// Parts of pickles, as LibTorch writes them.
std::string TextOf(const std::string& text) {
  return std::string("X") + static_cast<char>(text.size()) + std::string(3, '\0') + text;
}
std::string NumberOf(std::int64_t number) {
  std::string bytes = "\x8a\x08";
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  return bytes;
}
std::string TupleOf(const std::vector<std::int64_t>& numbers) {
  std::string bytes = "(";
  for (std::int64_t number : numbers) bytes += NumberOf(number);
  return bytes + "t";
}
std::string StorageOf(std::int64_t elements, const std::string& key = "0",
                      const std::string& type = "FloatStorage") {
  return "(" + TextOf("storage") + "ctorch\n" + type + "\n" + TextOf(key) + TextOf("cpu") +
         NumberOf(elements) + "tQ";
}
std::string TensorOf(const std::string& storage, std::int64_t offset,
                     const std::vector<std::int64_t>& shape,
                     const std::vector<std::int64_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + NumberOf(offset) + TupleOf(shape) +
         TupleOf(strides) + "\x89" + "ccollections\nOrderedDict\n)RtR";
}

// LibTorch believes what a pickle says of a tensor, and would read whatever lies behind it in
// memory.
TEST(ScriptPickle, TensorsLieWithinWhatTheArchiveHolds) {
  const auto refusal = [](const std::string& pickle) {
    return PickleRefusal([&] { CheckScriptPickle(pickle + ".", {{"0", 48}, {"1", 0}}); });
  };
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::string whole = StorageOf(12);
  for (const std::string& tensor :
       {TensorOf(whole, 0, {3, 4}, {4, 1}), TensorOf(whole, 0, {4, 3}, {1, 4}),
        TensorOf(whole, 11, {}, {}), TensorOf(whole, 2, {1, 10}, {most, 1}),
        TensorOf(whole, 5, {1000}, {0}), TensorOf(whole, 12, {0, 7}, {7, 1}),
        TensorOf(StorageOf(0, "1"), 0, {0}, {1}),
        TensorOf(StorageOf(6, "0", "LongStorage"), 0, {6}, {1})})
    EXPECT_EQ(refusal(tensor), "");
  for (const std::string& tensor :
       {TensorOf(whole, 0, {3, 5}, {5, 1}), TensorOf(whole, 1, {3, 4}, {4, 1}),
        TensorOf(whole, 12, {}, {}), TensorOf(whole, 0, {2}, {12}),
        TensorOf(whole, 0, {3, 3}, {most / 2, most / 2}), TensorOf(whole, most, {2}, {1}),
        TensorOf(whole, 0, {most, most}, {0, 0}), TensorOf(whole, 13, {0}, {1}),
        TensorOf(StorageOf(0, "1"), 0, {1}, {1})})
    EXPECT_THAT(refusal(tensor), HasSubstr("beyond its storage"));
  for (const std::string& tensor :
       {TensorOf(whole, -1, {2}, {1}), TensorOf(whole, 0, {-2}, {1}), TensorOf(whole, 5, {2}, {-1}),
        TensorOf(whole, 0, {3, 4}, {1}), TensorOf(NumberOf(0), 0, {1}, {1})})
    EXPECT_THAT(refusal(tensor), HasSubstr("a tensor is not as expected"));
  for (const std::string& storage : {StorageOf(13), StorageOf(most), StorageOf(1, "1"),
                                     StorageOf(1, "2"), StorageOf(7, "0", "DoubleStorage")})
    EXPECT_THAT(refusal(storage), HasSubstr("too few"));
  EXPECT_THAT(refusal(StorageOf(-1)), HasSubstr("storage"));
  EXPECT_THAT(refusal(StorageOf(1, "0", "device")), HasSubstr("storage"));
}

// LibTorch numbers what a pickle names, and calls by number: also what only looks like a class.
TEST(ScriptPickle, WhatIsCalledIsNamed) {
  const std::string make = "ctorch._utils\n_rebuild_tensor_v2\n";
  EXPECT_THAT(PickleRefusal(make + "K" + std::string(1, '\0') + ")R."), HasSubstr("called"));
  EXPECT_THAT(PickleRefusal(make + ")\x81)b."), HasSubstr("no class"));
  EXPECT_THAT(PickleRefusal(make + ")b."), HasSubstr("no object"));
}

std::string Archive(const std::string& code, const std::string& pickle = "N.") {
  ZipWriter zip;
  zip.Add("net/data.pkl", pickle);
  zip.Add("net/code/__torch__.py", code);
  zip.Add("net/constants/0", "12345678");
  zip.Add("net/extra/other", "is left out");
  zip.Add("net/version", "3\n");
  return zip.Finish();
}

std::string Check(const std::string& archive) {
  return CheckedTorchScript(archive, IsOperatorHere);
}

TEST(CheckedTorchScript, WhatWasCheckedIsWrittenAnew) {
  const std::string checked = Check(Archive(kCode));
  std::vector<std::string> names;
  for (const ZipEntry& entry : ReadZip(checked)) {
    names.push_back(entry.name);
    if (entry.name.ends_with(".py")) {
      EXPECT_EQ(ZipContent(entry, 10000), kCode);
    }
  }
  EXPECT_THAT(names, testing::ElementsAre("archive/data.pkl", "archive/code/__torch__.py",
                                          "archive/constants/0", "archive/version"));
  EXPECT_EQ(Check(checked), checked);
}

TEST(CheckedTorchScript, RefusesWhatIsForbiddenOrNoArchive) {
  const auto refused = [](ErrorCode code, const std::string& archive) {
    return MessageOf(code, [&] { Check(archive); });
  };
  EXPECT_THAT(refused(ErrorCode::kIncompatible, Archive("x = torch.save(y, \"z\")\n")),
              HasSubstr("'save'"));
  EXPECT_THAT(refused(ErrorCode::kIncompatible, Archive(kCode, "cos\nsystem\n.")),
              HasSubstr("os.system"));
  EXPECT_THAT(refused(ErrorCode::kCorrupt, "no archive"), HasSubstr("ZIP"));
  const std::string whole = Archive(kCode);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    refused(ErrorCode::kCorrupt, whole.substr(0, size));
  refused(ErrorCode::kCorrupt, whole + "x");
  std::string flipped = whole;
  flipped[whole.find("training")] ^= 1;
  EXPECT_THAT(refused(ErrorCode::kCorrupt, flipped), HasSubstr("checksum"));
  ZipWriter twice;
  twice.Add("net/data.pkl", "N.");
  twice.Add("net/code/a.py", "x = 1\n");
  twice.Add("net/code/A.py", "x = torch.save(x)\n");
  EXPECT_THAT(refused(ErrorCode::kCorrupt, twice.Finish()), HasSubstr("twice"));
  ZipWriter weights;
  weights.Add("net/data.pkl", "N.");
  EXPECT_THAT(refused(ErrorCode::kCorrupt, weights.Finish()),
              HasSubstr("without a network's code"));
}

TEST(ZipArchive, ReadsWhatPythonDeflates) {
  const TestFolder folder;
  const std::string path = folder / "a.zip";
  const std::string command = "python3 -c \"import zipfile\nwith zipfile.ZipFile('" + path +
                              "', 'w', zipfile.ZIP_DEFLATED) as z:\n"
                              "  z.writestr('a/long', 'abc' * 100000)\n"
                              "  with z.open('a/wide', 'w', force_zip64=True) as wide:\n"
                              "    wide.write(b'wide')\"";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string archive = ReadFile(path);
  const std::vector<ZipEntry> entries = ReadZip(archive);
  ASSERT_EQ(entries.size(), 2u);
  std::string expected;
  for (int i = 0; i < 100000; ++i) expected += "abc";
  EXPECT_EQ(ZipContent(entries[0], 300000), expected);
  EXPECT_EQ(ZipContent(entries[1], 100), "wide");
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ZipContent(entries[0], 299999); }),
              HasSubstr("300000"));
  ZipEntry lying = entries[0];
  lying.size = std::uint64_t{1} << 40;
  MessageOf(ErrorCode::kCorrupt, [&] { ZipContent(lying, std::uint64_t{1} << 50); });
}

TEST(ZipArchive, FilesThatShareBytesAreRefused) {
  ZipWriter zip;
  const std::string big(1000, 'x');
  zip.Add("a/1", big);
  zip.Add("a/2", big);
  std::string archive = zip.Finish();
  // The second directory entry is made to point to the first file, many times.
  const std::size_t end = archive.size() - 22;
  const std::size_t entry = archive.rfind("PK\x01\x02");
  const std::string copy = archive.substr(entry, end - entry);
  std::string more, tail = archive.substr(end);
  for (int i = 0; i < 9; ++i) {
    std::string one = copy;
    one[one.size() - 1] = static_cast<char>('a' + i);
    more += one;
  }
  archive.resize(end);
  archive += more;
  tail[10] = 11;
  const std::size_t size = end + more.size() - archive.find("PK\x01\x02");
  tail[12] = static_cast<char>(size & 0xFF);
  tail[13] = static_cast<char>(size >> 8);
  archive += tail;
  EXPECT_THAT(MessageOf(ErrorCode::kCorrupt, [&] { ReadZip(archive); }), HasSubstr("overlap"));
}

}  // namespace
}  // namespace vpr
