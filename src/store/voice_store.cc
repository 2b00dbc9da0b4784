#include "vpr/store/voice_store.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/open_module.h"
#include "store/postgres.h"
#include "store/sql_store.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/base/unicode.h"

namespace vpr {

namespace {

const PostgresDriver& Postgres() { return OpenOptionalInterface<const PostgresDriver>(); }

bool IsPostgres(const std::string& where) {
  return where.starts_with("postgresql://") || where.starts_with("postgres://");
}

// Else an address that was mistyped would be taken for a file, and shown with its password.
void CheckPlace(const std::string& where) {
  const bool names_password = where.find("password=") != std::string::npos;
  const std::size_t scheme = where.find("://");
  if (IsPostgres(where) || (scheme == std::string::npos && !names_password)) return;
  throw Error(ErrorCode::kInvalidArgument,
              "cannot open a store at an address that begins '" +
                  Printable(where.substr(0, std::min<std::size_t>(scheme, 12))) +
                  "'; expected the path of a file, or postgresql://USER@HOST:PORT/DATABASE");
}

}  // namespace

std::unique_ptr<VoiceStore> VoiceStore::Open(const StoreOptions& options) {
  CheckPlace(options.where);
  return MakeSqlStore(IsPostgres(options.where) ? Postgres().open(options) : OpenSqlite(options),
                      options);
}

std::string DescribeStore(const std::string& where) {
  if (IsPostgres(where)) return Postgres().describe(where);
  const bool address =
      where.find("://") != std::string::npos || where.find("password=") != std::string::npos;
  return address ? where.substr(0, std::min<std::size_t>(where.find("://"), 12)) + "..." : where;
}

std::string FindStore(const std::string& given) {
  if (!given.empty()) return given;
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (std::string path = variable("VPR_DB"); !path.empty()) return path;
  std::filesystem::path data = variable("XDG_DATA_HOME");
  if (!data.is_absolute()) {  // the XDG specification: relative ones are ignored
    const std::string home = variable("HOME");
    if (home.empty())
      throw Error(ErrorCode::kNotFound,
                  "no place for the enrolled voices: $HOME is not set; name a file with --db");
    data = std::filesystem::path(home) / ".local/share";
  }
  return (data / "vpr/voices.db").string();
}

void CheckSpeakerName(const std::string& typed) {
  const std::string name = NormalName(typed);
  auto refuse = [&](const char* why) {
    const std::string shown = name.size() > 200 ? name.substr(0, 60) + "..." : name;
    throw Error(ErrorCode::kInvalidArgument, "'" + Printable(shown) + "' cannot be a name: " + why);
  };
  if (name.empty()) refuse("it is empty");
  if (name.size() > 200) refuse("it is longer than 200 bytes");
  if (!IsUtf8(name)) refuse("it is not UTF-8");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    // U+0080 to U+009F are control characters too.
    const bool c1 =
        byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0;
    // Line separators, and what turns the direction of writing around.
    const bool u20 = byte == 0xE2 && i + 2 < name.size() && name[i + 1] == '\x80' &&
                     name[i + 2] >= '\xA8' && name[i + 2] <= '\xAE';
    const bool isolate = byte == 0xE2 && i + 2 < name.size() && name[i + 1] == '\x81' &&
                         name[i + 2] >= '\xA6' && name[i + 2] <= '\xA9';
    if (byte < 0x20 || byte == 0x7F || c1 || u20 || isolate)
      refuse("it holds a control character (a line break?)");
  }
  if (const auto invisible = FindInvisible(name))
    refuse(Format("it holds U+%04X, which nobody sees", static_cast<unsigned>(*invisible)).c_str());
  if (name.find("  ") != std::string::npos)
    refuse("it has two blanks in a row, which look like one");
  if (name == "unknown speaker") refuse("it is the answer for somebody who is not enrolled");
  if (name.front() == ' ' || name.back() == ' ') refuse("it begins or ends with a blank");
}

std::int64_t ForgetAfter(const std::string& text) {
  if (text == "never") return 0;
  constexpr std::int64_t kDay = 86400, kMostYears = 999;
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"s", 1}, {"min", 60}, {"h", 3600}, {"d", kDay}, {"w", 7 * kDay}, {"y", 365 * kDay}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > 0 && digits <= 5 && text[0] != '0') {
    const std::int64_t count = std::stoll(text.substr(0, digits));
    for (const auto& [unit, seconds] : kUnits)
      if (unit == text.substr(digits) && (unit != "y" || count <= kMostYears))
        return UtcSeconds() + count * seconds;
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      "'" + Printable(text) +
          "' is no time to keep a voice for; expected a number and s, min, h, d, w or y, as "
          "90d, or never");
}

}  // namespace vpr
