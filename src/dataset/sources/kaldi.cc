// A Kaldi data directory: wav.scp (utterance, file) and utt2spk (utterance, speaker). Relative
// paths are looked up from the working directory, as Kaldi does, then from the data directory.
#include <filesystem>
#include <unordered_map>

#include "dataset/sources/sources.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

struct Entry {
  std::string_view key, value;
};

[[noreturn]] void Bad(const std::string& file, std::size_t line, const std::string& what) {
  throw Error(ErrorCode::kCorrupt,
              "cannot use Kaldi file '" + Printable(file) + Format("': line %zu: ", line) + what);
}

// "key value", where the value may hold blanks.
Entry ParseLine(const std::string& file, std::size_t line, std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::size_t key = text.find_first_not_of(kBlanks);
  std::size_t key_end = text.find_first_of(kBlanks, key);
  std::size_t value = text.find_first_not_of(kBlanks, key_end);
  if (key == std::string_view::npos || value == std::string_view::npos)
    Bad(file, line, "found '" + Printable(text) + "', expected a key and a value");
  return {text.substr(key, key_end - key),
          text.substr(value, text.find_last_not_of(kBlanks) + 1 - value)};
}

std::vector<Utterance> List(const std::string& path, LeftOut*) {
  namespace fs = std::filesystem;
  const std::string wav_name = (fs::path(path) / "wav.scp").string();
  const std::string speaker_name = (fs::path(path) / "utt2spk").string();
  const std::string segments_name = (fs::path(path) / "segments").string();
  if (IsRegularFile(segments_name))
    throw Error(ErrorCode::kIncompatible,
                "cannot use Kaldi directory '" + Printable(path) +
                    "': it cuts its recordings by a segments file; cut them into files first "
                    "(extract-segments) and list those in wav.scp");
  std::string wav_text = ReadFile(wav_name), speaker_text = ReadFile(speaker_name);

  std::unordered_map<std::string_view, std::string_view> speakers;
  std::vector<std::string_view> lines = Lines(WithoutByteOrderMark(speaker_text));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Entry entry = ParseLine(speaker_name, i + 1, lines[i]);
    if (!speakers.try_emplace(entry.key, entry.value).second)
      Bad(speaker_name, i + 1, "utterance '" + Printable(entry.key) + "' has two speakers");
  }

  std::vector<Utterance> utterances;
  lines = Lines(WithoutByteOrderMark(wav_text));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Entry entry = ParseLine(wav_name, i + 1, lines[i]);
    if (entry.value.ends_with('|'))
      throw Error(ErrorCode::kUnusable,
                  "cannot use Kaldi file '" + Printable(wav_name) +
                      Format("': line %zu: '", i + 1) + Printable(entry.value) +
                      "' is a command; vpr runs none: write its output to a file and name that");
    auto speaker = speakers.find(entry.key);
    if (speaker == speakers.end())
      Bad(wav_name, i + 1,
          "utterance '" + Printable(entry.key) + "' has no speaker in '" + Printable(speaker_name) +
              "'");
    fs::path file(entry.value);
    std::error_code error;
    if (file.is_relative() && !fs::exists(file, error) && fs::exists(path / file, error))
      file = path / file;
    utterances.push_back({Printable(entry.key), file.string(), Printable(speaker->second)});
  }
  return utterances;
}

}  // namespace

extern const SourceLayout kKaldi;
const SourceLayout kKaldi = {"kaldi", "a Kaldi data directory: wav.scp with plain files, utt2spk",
                             [](const std::string& path) {
                               return IsRegularFile(path + "/wav.scp") &&
                                      IsRegularFile(path + "/utt2spk");
                             },
                             List};

}  // namespace vpr
