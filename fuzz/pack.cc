// Packed data sets: the four files one after the other, divided by lines of "====".
#include <filesystem>
#include <fstream>

#include "fuzz.h"
#include "vpr/base/file_io.h"
#include "vpr/dataset/packed_dataset.h"

namespace {

constexpr std::string_view kBetween = "\n====\n";

}  // namespace

FUZZ(bytes) {
  static const std::string prefix = vpr::fuzz::ScratchFolder() + "/set";
  std::string parts[4];
  for (int i = 0; i < 4; ++i) {
    const std::size_t end = bytes.find(kBetween);
    parts[i] = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + kBetween.size());
  }
  // Sizes and checksums of the files before it are made right where the description asks for it.
  for (int i = 0; i < 3; ++i) {
    const std::string mark = std::string("@") + static_cast<char>('0' + i);
    for (const auto& [letter, value] : {std::pair("b", std::to_string(parts[i].size())),
                                        std::pair("x", vpr::Fingerprint(parts[i]))}) {
      const std::size_t at = parts[3].find(mark + letter);
      if (at != std::string::npos) parts[3].replace(at, 3, value);
    }
  }
  const char* const endings[] = {".data", ".header", ".label", ".json"};
  for (int i = 0; i < 4; ++i) {
    std::filesystem::remove(prefix + endings[i]);
    if (i < 3 || !parts[3].empty())
      std::ofstream(prefix + endings[i], std::ios::binary) << parts[i];
  }
  const vpr::PackedDataset set(prefix);
  for (std::size_t i = 0; i < set.size(); ++i) {
    set.key(i);
    set.payload(i);
    set.Seconds(i);
  }
  set.VerifyPayloads();
}
