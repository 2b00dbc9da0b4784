// Tables of embeddings to learn from: .ark, .jsonl, or .npy with a list. The first byte says which.
#include "train/teacher.h"

#include "fuzz.h"

FUZZ(bytes) {
  if (bytes.empty()) return;
  const char* const ending = bytes[0] == 'k' ? ".ark" : bytes[0] == 'j' ? ".jsonl" : ".npy";
  bytes.remove_prefix(1);
  const std::string table = vpr::fuzz::ScratchFolder() + "/table" + ending,
                    list = vpr::fuzz::ScratchFolder() + "/list";
  // Of an array the list stands before it, divided by a line of "====".
  constexpr std::string_view kBetween = "\n====\n";
  const std::size_t end = bytes.find(kBetween);
  if (end != std::string_view::npos) {
    vpr::WriteFileAtomically(list, bytes.substr(0, end));
    bytes.remove_prefix(end + kBetween.size());
  }
  vpr::WriteFileAtomically(table, bytes);
  vpr::ReadEmbeddingTable(table, end == std::string_view::npos ? "" : list);
}
