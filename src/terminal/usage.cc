#include "terminal/usage.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "vpr/base/text.h"

namespace vpr::terminal {
namespace {

std::vector<const CLI::App*> Subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> Names(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return names;
}

// "vpr speakers show"
std::string FullName(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : FullName(*parent) + " " + command.get_name();
}

// "speakers show: ", nothing for the program itself.
std::string Prefix(const CLI::App& command) {
  const std::string name = FullName(command);
  const std::size_t blank = name.find(' ');
  return blank == std::string::npos ? "" : name.substr(blank + 1) + ": ";
}

std::string SeeHelp(const CLI::App& command) { return " (see: " + FullName(command) + " --help)"; }

// All names that an option of the command, or of those above it, can be written by.
std::vector<std::string> OptionNames(const CLI::App& command, bool single) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options([](const CLI::Option*) { return true; })) {
      if (single) {
        for (const std::string& name : option->get_snames()) names.push_back("-" + name);
      } else {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
    }
  }
  return names;
}

bool IsOptionLike(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' &&
         (argument[1] == '-' || std::isalpha(static_cast<unsigned char>(argument[1])) != 0);
}

// The message if the option is unknown.
std::string UnknownOption(const CLI::App& command, const std::string& argument) {
  const std::vector<std::string> known = OptionNames(command, false);
  auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::string name = argument.substr(0, argument.find('='));
  if (argument[1] == '-') {
    if (has(known, name)) return {};
  } else {
    // "-ofile" is -o with its value.
    if (has(OptionNames(command, true), argument.substr(0, 2))) return {};
    name = argument;
  }
  const std::string wanted = name[1] == '-' ? name : "-" + name;
  return Prefix(command) + "there is no option '" + Printable(name) + "'" +
         DidYouMean(wanted, known) + SeeHelp(command);
}

std::string UnknownCommand(const CLI::App& app, const std::string& word) {
  const std::vector<const CLI::App*> commands = Subcommands(app);
  std::string text = Prefix(app) + "there is no command '" + Printable(word) + "'";
  const std::string meant = DidYouMean(word, Names(commands));
  if (!meant.empty()) return text + meant + SeeHelp(app);
  // One level below: "vpr info" for "vpr model info".
  for (const CLI::App* command : commands) {
    const std::vector<std::string> names = Names(Subcommands(*command));
    const std::string_view nearest = Nearest(word, names);
    if (!nearest.empty())
      return text + "; did you mean '" + command->get_name() + " " + std::string(nearest) + "'?" +
             SeeHelp(app);
  }
  return text + SeeHelp(app);
}

// The command that was being parsed: the last one of the line.
const CLI::App& Parsed(const CLI::App& app) {
  const std::vector<const CLI::App*> chosen =
      app.get_subcommands([](const CLI::App* command) { return command->parsed(); });
  return chosen.empty() ? app : Parsed(*chosen.front());
}

// "recordings" as "A B": how the help writes a positional argument.
std::string Shown(const CLI::App& command, const std::string& name) {
  for (const CLI::Option* option : command.get_options([](const CLI::Option*) { return true; })) {
    if (!option->get_positional()) continue;
    if (option->get_name(true) == name || option->get_name() == name) {
      const std::string type = option->get_type_name();
      return type.empty() || type == "TEXT" ? name : type;
    }
  }
  return name;
}

}  // namespace

std::string UnknownWord(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* command = &app;
  bool after_option = false;
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    const bool may_be_value = std::exchange(after_option, IsOptionLike(argument));
    if (after_option) {
      const std::string message = UnknownOption(*command, argument);
      if (!message.empty()) return message;
      continue;
    }
    // Commands that need a subcommand have no options with a value.
    const std::vector<const CLI::App*> commands = Subcommands(*command);
    if (commands.empty() || (may_be_value && command->get_require_subcommand_min() == 0)) continue;
    const auto found = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* one) {
      return one->get_name() == argument;
    });
    if (found == commands.end()) return UnknownCommand(*command, argument);
    command = *found;
  }
  return {};
}

std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = Parsed(app);
  const std::string what = error.what();
  const std::vector<const CLI::App*> commands = Subcommands(command);
  if (!commands.empty() && what.starts_with("A subcommand")) {
    std::string names;
    for (std::size_t i = 0; i < commands.size(); ++i)
      names += (i == 0 ? "" : i + 1 == commands.size() ? " or " : ", ") + commands[i]->get_name();
    return Prefix(command) + "a command is missing: " + names + SeeHelp(command);
  }
  std::string text = what;
  const std::size_t required = what.find(" is required");
  const std::size_t colon = what.find(": ");
  if (required != std::string::npos && required + 12 == what.size()) {
    text = Shown(command, what.substr(0, required)) + " is missing";
  } else if (error.get_name() == "ArgumentMismatch" && colon != std::string::npos) {
    // "recordings: At Most 2 required but received 3", "--model: 1 required FILE missing"
    std::string rest = what.substr(colon + 2);
    if (rest.starts_with("At Most ")) rest = "at most " + rest.substr(8);
    if (rest.starts_with("At least ")) rest = "at least " + rest.substr(9);
    if (rest.ends_with(" missing")) rest = "a value is missing";
    text = Shown(command, what.substr(0, colon)) + ": " + rest;
  } else if (error.get_name() == "ExtrasError" && colon != std::string::npos) {
    text = "'" + what.substr(colon + 2) + "' is more than it takes";
  } else if (const std::size_t excludes = what.find(" excludes "); excludes != std::string::npos) {
    text = what.substr(0, excludes) + " does not go together with " + what.substr(excludes + 10);
  } else if (const std::size_t requires_ = what.find(" requires ");
             requires_ != std::string::npos) {
    text = what.substr(0, requires_) + " goes only together with " + what.substr(requires_ + 10);
  } else if (what.starts_with("Could not convert: ")) {
    text = what.substr(19) + " is not a value of the kind that it takes";
  }
  // Commands name themselves in their own messages.
  if (text.starts_with(command.get_name() + ": ")) text.erase(0, command.get_name().size() + 2);
  return Prefix(command) + Printable(text) + SeeHelp(command);
}

std::string EmptyWord(const CLI::App& app) {
  const CLI::App& command = Parsed(app);
  for (const CLI::Option* option : command.get_options([](const CLI::Option*) { return true; })) {
    const std::string name = option->get_name();
    // What is said of a person may be taken away.
    if (option->count() == 0 || name == "--note" || name == "text" || name == "--consent") continue;
    const std::vector<std::string>& given = option->results();
    if (std::find(given.begin(), given.end(), "") == given.end()) continue;
    return Prefix(command) + Shown(command, name) + " is an empty word" + SeeHelp(command);
  }
  return {};
}

// Begins the name of a validator of OneOf, which goes on with the words.
constexpr std::string_view kOneOf = "one of";

CLI::Validator OneOf(const std::vector<std::string>& words) {
  std::string list, name(kOneOf);
  for (const std::string& word : words) name += " " + word;
  for (std::size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return CLI::Validator(
             [words, list](const std::string& text) {
               return std::find(words.begin(), words.end(), text) != words.end()
                          ? std::string()
                          : "must be " + list + ", found '" + text + "'" + DidYouMean(text, words);
             },
             "")
      .name(name);
}

std::vector<std::string> WordsOf(const CLI::Validator& validator) {
  std::vector<std::string> words;
  if (validator.get_name().starts_with(kOneOf))
    for (std::string_view word :
         SplitBlanks(std::string_view(validator.get_name()).substr(kOneOf.size())))
      words.emplace_back(word);
  return words;
}

CLI::Validator MustBe(const std::string& wanted,
                      const std::function<bool(const std::string& text)>& right) {
  return CLI::Validator(
      [wanted, right](const std::string& text) {
        return right(text) ? std::string() : "must be " + wanted + ", found " + text;
      },
      "");
}

CLI::Validator AtLeastZero() {
  return MustBe("0 or more", [](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) && value >= 0;
  });
}

CLI::Validator AboveZero() {
  return MustBe("more than 0", [](const std::string& text) {
    double value = 0;
    return CLI::detail::lexical_cast(text, value) && value > 0;
  });
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

}  // namespace vpr::terminal
