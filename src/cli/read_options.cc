#include "cli/read_options.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "vpr/base/text.h"

namespace vpr::cli {

void AddReadOptions(CLI::App& command, ReadOptions& options) {
  command
      .add_option("--channel", options.channel,
                  "Take this channel alone (1, 2, ...); 0: all, averaged")
      ->check(CLI::Range(0, 1024))
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option_function<double>(
          "--max-hours", [&options](const double& hours) { options.max_seconds = hours * 3600; },
          Format("Refuse longer recordings (default: %g)", options.max_seconds / 3600))
      ->check(CLI::Range(0.001, 100000.0))
      ->type_name("H");
}

CLI::Validator FileEnding(const std::vector<std::string>& endings, bool dash) {
  return CLI::Validator(
      [endings, dash](const std::string& path) -> std::string {
        if (dash && path == "-") return {};
        const std::size_t slash = path.rfind('/');
        const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
        const std::size_t dot = name.rfind('.');
        std::string ending = dot == std::string::npos ? "" : name.substr(dot);
        std::transform(ending.begin(), ending.end(), ending.begin(), [](char c) {
          return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        if (std::find(endings.begin(), endings.end(), ending) != endings.end()) return {};
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
            !S_ISDIR(status.st_mode))
          return {};
        std::string list;
        for (const std::string& one : endings) list += (list.empty() ? "" : " or ") + one;
        return "must end in " + list + ", the format that is written; found '" + Printable(path) +
               "'";
      },
      "");
}

}  // namespace vpr::cli
