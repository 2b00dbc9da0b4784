#include "options/read_options.h"

#include <charconv>

#include "vpr/base/text.h"

namespace vpr::cli {

void AddReadOptions(CLI::App& command, ReadOptions& options, bool separate) {
  const std::string words = separate ? "mix, first, N or separate" : "mix, first or N";
  command
      .add_option_function<std::string>(
          "--channels,--channel",
          [&options, separate, words](const std::string& word) {
            options.separate = separate && word == "separate";
            options.channel = word == "first" ? 1 : 0;
            if (options.separate || word == "mix" || word == "first") return;
            const char* const end = word.data() + word.size();
            const auto [rest, error] = std::from_chars(word.data(), end, options.channel);
            if (error != std::errc() || rest != end || options.channel < 0 ||
                options.channel > 1024)
              throw CLI::ValidationError("--channels", "must be " + words + ", found " + word);
          },
          separate ? "Of several channels: mix (default), first, one by its number, or separate: "
                     "an answer for each, named FILE#1, FILE#2, ..."
                   : "Of several channels: mix (default), first, or one by its number")
      ->type_name(separate ? "mix|first|N|separate" : "mix|first|N");
  command
      .add_option("--track", options.track,
                  "Of a video or meeting with several audio tracks this one (1, 2, ...); 0: the "
                  "file's default")
      ->check(CLI::Range(0, 64))
      ->type_name("N");
  command
      .add_option_function<double>(
          "--max-hours", [&options](const double& hours) { options.max_seconds = hours * 3600; },
          Format("Refuse longer recordings (default: %g)", options.max_seconds / 3600))
      ->check(CLI::Range(0.001, 100000.0))
      ->type_name("H");
}

std::vector<std::string> AsAsked(const std::vector<std::string>& files,
                                 const ReadOptions& options) {
  return options.separate ? SplitChannels(files, options) : files;
}

CLI::Validator SampleRate() {
  return MustBe("a number of Hz, or file", [](const std::string& rate) {
    return rate == "file" || (!rate.empty() && rate.size() <= 7 &&
                              rate.find_first_not_of("0123456789") == std::string::npos);
  });
}

void AddShardOption(CLI::App& command, Shard& shard, const std::string& help) {
  command
      .add_option_function<std::string>(
          "--shard", [&shard](const std::string& text) { shard = ParseShard(text).value(); }, help)
      ->check(MustBe("I/N with I from 1 to N",
                     [](const std::string& text) { return ParseShard(text).has_value(); }))
      ->type_name("I/N");
}

}  // namespace vpr::cli
