#include "terminal/manual.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "terminal/process.h"
#include "terminal/usage.h"
#include "vpr/base/text.h"
#include "vpr/base/version.h"

namespace vpr::terminal {
namespace {

struct Option {
  std::vector<std::string> names;  // "-m", "--model"
  std::string value;               // "FILE"; empty: a flag
  std::vector<std::string> words;  // the only values that it takes; none: any
  std::string text, default_value;
  bool required = false;
};

struct Positional {
  std::string name, text;
  bool required = false, many = false;
};

struct Command {
  std::vector<std::string> path;  // {"vpr", "speakers", "remove"}
  std::string text, footer;
  std::vector<Option> options;
  std::vector<Positional> positionals;
  std::vector<const CLI::App*> commands;  // below it
  std::string name(char between = ' ') const {
    std::string joined;
    for (const std::string& part : path)
      joined += (joined.empty() ? "" : std::string(1, between)) + part;
    return joined;
  }
};

// "FLOAT in [0.5 - 600]" goes with a type that has a name of its own ("S").
std::string ValueName(const CLI::Option& option) {
  std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

Command Describe(CLI::App& app, std::vector<std::string> path) {
  Command command{std::move(path), app.get_description(), app.get_footer(), {}, {}, {}};
  command.path.push_back(app.get_name());
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->get_positional()) {
      const int most = option->get_expected_max();
      command.positionals.push_back({ValueName(*option), option->get_description(),
                                     option->get_required() || option->get_expected_min() > 0,
                                     most > 1});
      if (command.positionals.back().name.empty() || command.positionals.back().name == "TEXT")
        command.positionals.back().name = option->get_name();
    }
    Option one;
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    if (one.names.empty()) continue;
    if (option->get_expected_max() > 0) one.value = ValueName(*option);
    if (CLI::Validator* validator = nullptr; !one.value.empty()) {
      try {
        for (int i = 0; one.words.empty(); ++i) {
          validator = option->get_validator(i);
          one.words = WordsOf(*validator);
        }
      } catch (const CLI::OptionNotFound&) {  // that was the last
      }
    }
    one.text = option->get_description();
    one.default_value = option->get_default_str();
    one.required = option->get_required();
    command.options.push_back(std::move(one));
  }
  return command;
}

std::vector<CLI::App*> Shown(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

// The command and all below it, each before those below it.
void Walk(CLI::App& app, const std::vector<std::string>& above, std::vector<Command>& all) {
  all.push_back(Describe(app, above));
  const std::vector<std::string> path = all.back().path;
  const std::size_t at = all.size() - 1;
  for (CLI::App* below : Shown(app)) {
    all[at].commands.push_back(below);
    Walk(*below, path, all);
  }
}

std::vector<Command> AllCommands(CLI::App& app) {
  std::vector<Command> all;
  Walk(app, {}, all);
  return all;
}

std::string Join(const std::vector<std::string>& parts, const std::string& between) {
  std::string joined;
  for (std::size_t i = 0; i < parts.size(); ++i) joined += (i == 0 ? "" : between) + parts[i];
  return joined;
}

std::vector<std::string> OptionNames(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> CommandNames(const Command& command) {
  std::vector<std::string> names;
  for (const CLI::App* below : command.commands) names.push_back(below->get_name());
  return names;
}

// Text between single quotes of a shell.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Patterns(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(Quoted(word));
  return Join(quoted, "|");
}

// All commands below the first, as "vpr speakers remove".
std::vector<std::string> Paths(const std::vector<Command>& all) {
  std::vector<std::string> paths;
  for (std::size_t i = 1; i < all.size(); ++i) paths.push_back(all[i].name());
  return paths;
}

// Of the words before the one to be completed, which command they name: a word that is no command
// of the one before is an argument.
std::string Bash(const std::vector<Command>& all) {
  std::string text =
      "# Completion of vpr for bash, made by: vpr completions bash\n"
      "_vpr() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=vpr options= commands= i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case \"$command ${COMP_WORDS[i]}\" in\n"
      "      " +
      Patterns(Paths(all)) +
      ") command+=\" ${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command $prev\" in\n";
  std::vector<std::string> with_value;
  for (const Command& command : all) {
    for (const Option& option : command.options) {
      if (option.value.empty()) continue;
      std::vector<std::string> names;
      for (const std::string& name : option.names) names.push_back(command.name() + " " + name);
      if (option.words.empty()) {
        with_value.insert(with_value.end(), names.begin(), names.end());
      } else {
        text += "    " + Patterns(names) + ") mapfile -t COMPREPLY < <(compgen -W " +
                Quoted(Join(option.words, " ")) + " -- \"$cur\"); return ;;\n";
      }
    }
  }
  text += "    " + Patterns(with_value) + ") return ;;  # a file\n  esac\n  case $command in\n";
  for (const Command& command : all)
    text += "    " + Quoted(command.name()) +
            ") options=" + Quoted(Join(OptionNames(command), " ")) +
            " commands=" + Quoted(Join(CommandNames(command), " ")) + " ;;\n";
  return text +
         "  esac\n"
         "  [[ $cur == -* ]] || options=\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$options $commands\" -- \"$cur\")\n"
         "}\n"
         "complete -o bashdefault -o default -F _vpr vpr\n";
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// For the brackets and colons of _arguments and _describe.
std::string ZshText(const std::string& text) {
  std::string escaped;
  for (char c : FirstLine(text)) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Zsh(const std::vector<Command>& all) {
  std::string text = "#compdef vpr\n# Completion of vpr for zsh, made by: vpr completions zsh\n";
  auto function = [](const std::string& name) {
    std::string identifier = "_" + name;
    std::replace(identifier.begin(), identifier.end(), ' ', '_');
    return identifier;
  };
  for (const Command& command : all) {
    text += "\n" + function(command.name()) +
            "() {\n  local curcontext=$curcontext state line\n  _arguments -C";
    for (const Option& option : command.options) {
      for (const std::string& name : option.names) {
        std::string action;
        if (!option.value.empty())
          action = ":" + ZshText(option.value) + ":" +
                   (option.words.empty() ? "_files" : "(" + Join(option.words, " ") + ")");
        text += " \\\n    " + Quoted("*" + name + "[" + ZshText(option.text) + "]" + action);
      }
    }
    if (command.commands.empty()) {
      text += " \\\n    '*:argument:_files'\n}\n";
      continue;
    }
    text +=
        " \\\n    '1:command:->command' '*::argument:->rest'\n  case $state in\n    command)\n"
        "      local -a commands=(";
    for (const CLI::App* below : command.commands)
      text += "\n        " +
              Quoted(ZshText(below->get_name()) + ":" + FirstLine(below->get_description()));
    text += ")\n      _describe command commands ;;\n    rest)\n      case $line[1] in\n";
    for (const CLI::App* below : command.commands)
      text += "        " + below->get_name() + ") " +
              function(command.name() + " " + below->get_name()) + " ;;\n";
    text += "      esac ;;\n  esac\n}\n";
  }
  return text +
         "\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then _vpr \"$@\"; else compdef _vpr "
         "vpr; fi\n";
}

std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (char c : FirstLine(text)) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Fish(const std::vector<Command>& all) {
  std::string text =
      "# Completion of vpr for fish, made by: vpr completions fish\n"
      "function __vpr_command\n"
      "  set -l words (commandline -opc)\n"
      "  set -l command vpr\n"
      "  for word in $words[2..-1]\n"
      "    switch \"$command $word\"\n"
      "      case";
  for (const std::string& path : Paths(all)) text += " " + FishQuoted(path);
  text +=
      "\n        set command \"$command $word\"\n"
      "    end\n"
      "  end\n"
      "  echo $command\n"
      "end\n";
  for (const Command& command : all) {
    const std::string begin =
        "complete -c vpr -n " + FishQuoted("test (__vpr_command) = \"" + command.name() + "\"");
    for (const CLI::App* below : command.commands)
      text += begin + " -f -a " + below->get_name() + " -d " +
              FishQuoted(below->get_description()) + "\n";
    for (const Option& option : command.options) {
      text += begin;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.value.empty()) text += " -r";
      if (!option.words.empty()) text += " -f -a " + FishQuoted(Join(option.words, " "));
      text += " -d " + FishQuoted(option.text) + "\n";
    }
  }
  return text;
}

// One line of text in roff.
std::string Roff(std::string_view text) {
  std::string escaped;
  if (text.starts_with('.') || text.starts_with('\'')) escaped += "\\&";
  for (char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else {
      if (c == '-') escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string RoffLines(std::string_view text) {
  std::string lines;
  for (std::string_view line : Lines(text)) lines += Roff(line) + "\n";
  return lines;
}

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

std::string PageOf(const Command& command, const std::vector<Command>& all) {
  const std::string page = command.name('-');
  std::string upper = page;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string text = ".\\\" Made by: vpr manual\n.TH " + upper + " 1 \"\" \"vpr " + Version() +
                     "\" \"vpr\"\n.nh\n.ad l\n.SH NAME\n" + Roff(page) + " \\- " +
                     Roff(FirstLine(command.text)) + "\n.SH SYNOPSIS\n" + Bold(command.name());
  if (!command.options.empty()) text += " [" + Italic("OPTIONS") + "]";
  for (const Positional& positional : command.positionals) {
    const std::string name = Italic(positional.name) +
                             (positional.many && !positional.name.ends_with("...") ? "..." : "");
    text += positional.required ? " " + name : " [" + name + "]";
  }
  if (!command.commands.empty()) text += " " + Italic("COMMAND");
  text += "\n.SH DESCRIPTION\n" + RoffLines(command.text);
  if (!command.footer.empty()) text += ".PP\n.nf\n" + RoffLines(command.footer) + ".fi\n";
  if (!command.positionals.empty()) {
    text += ".SH ARGUMENTS\n";
    for (const Positional& positional : command.positionals)
      text += ".TP\n" + Italic(positional.name) + "\n" + RoffLines(positional.text);
  }
  if (!command.commands.empty()) {
    text += ".SH COMMANDS\n";
    for (const Command& below : all)
      if (below.path.size() == command.path.size() + 1 &&
          below.name().starts_with(command.name() + " "))
        text += ".TP\n" + Bold(below.name('-')) + "(1)\n" + RoffLines(FirstLine(below.text));
  }
  text += ".SH OPTIONS\n";
  for (const Option& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + Bold(name);
    if (!option.value.empty()) names += " " + Italic(option.value);
    text += ".TP\n" + names + "\n" + RoffLines(option.text);
    if (!option.words.empty()) text += "One of: " + Roff(Join(option.words, ", ")) + ".\n";
    if (!option.default_value.empty() && !option.value.empty())
      text += "Default: " + Roff(option.default_value) + ".\n";
    if (option.required) text += "Required.\n";
  }
  text += ".SH EXIT STATUS\n.TP\n" + std::to_string(kExitDone) + "\nDone.\n.TP\n" +
          std::to_string(kExitFailed) + "\nIt could not be done; why is said on standard error.\n" +
          ".TP\n" + std::to_string(kExitUsage) + "\nWrong usage.\n";
  if (std::any_of(command.options.begin(), command.options.end(), [](const Option& option) {
        return std::find(option.names.begin(), option.names.end(), "--exit-status") !=
               option.names.end();
      }))
    text +=
        ".TP\n" + std::to_string(kExitRejected) + "\nRejected, with \\fB\\-\\-exit\\-status\\fR.\n";
  if (command.path.size() > 1) {
    std::string above = command.path[0];
    for (std::size_t i = 1; i + 1 < command.path.size(); ++i) above += "-" + command.path[i];
    text += ".SH SEE ALSO\n" + Bold(above) + "(1)\n";
  }
  return text;
}

}  // namespace

std::string Completions(CLI::App& app, const std::string& shell) {
  const std::vector<Command> all = AllCommands(app);
  return shell == "bash" ? Bash(all) : shell == "zsh" ? Zsh(all) : Fish(all);
}

std::vector<ManPage> ManPages(CLI::App& app) {
  const std::vector<Command> all = AllCommands(app);
  std::vector<ManPage> pages;
  for (const Command& command : all)
    pages.push_back({command.name('-') + ".1", PageOf(command, all)});
  return pages;
}

}  // namespace vpr::terminal
