// Commands and their options, declared in one statement each.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "options/command.h"
#include "terminal/usage.h"

namespace vpr::cli {

// Declares the options of a command. `kind` is what the help calls the value ("FILE"; "": by its
// type); `checks` are validators of what is given.
struct Declare {
  CLI::App& command;

  template <typename T, typename... Checks>
  CLI::Option* operator()(const char* names, T& value, const char* kind, const std::string& help,
                          const Checks&... checks) const {
    CLI::Option* option = command.add_option(names, value, help);
    if (*kind != '\0') option->type_name(kind);
    (option->check(checks), ...);
    return option;
  }
  // One that must be given.
  template <typename T, typename... Checks>
  CLI::Option* Required(const char* names, T& value, const char* kind, const std::string& help,
                        const Checks&... checks) const {
    return (*this)(names, value, kind, help, checks...)->required();
  }
  // One whose value now is the default that the help shows.
  template <typename T, typename... Checks>
  CLI::Option* Default(const char* names, T& value, const char* kind, const std::string& help,
                       const Checks&... checks) const {
    return (*this)(names, value, kind, help, checks...)->capture_default_str();
  }
  CLI::Option* Flag(const char* names, bool& value, const std::string& help) const {
    return command.add_flag(names, value, help);
  }
};

// Declares a command that only has others below it, one of which must be given.
inline CLI::App& AddGroup(CLI::App& parent, const char* name, const char* what) {
  return *parent.add_subcommand(name, what)->require_subcommand(1);
}

// Declares a subcommand of `parent` that calls `run` with the options. `complete` first makes of
// them what follows from one another; it throws CLI::ValidationError for what does not go together.
template <typename Options>
Declare AddCommand(CLI::App& parent, Context& context, const char* name, const char* what,
                   const std::shared_ptr<Options>& options,
                   int (*run)(const Options&, const Context&),
                   void (*complete)(Options&) = nullptr) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->callback([options, &context, run, complete] {
    if (complete != nullptr) complete(*options);
    context.run = [options, &context, run] { return run(*options, context); };
  });
  return {*command};
}

}  // namespace vpr::cli
