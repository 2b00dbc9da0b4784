// What is said of a command line that is wrong: which argument, and what may have been meant.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace vpr::terminal {

// The first word that is no command, or option that the command does not have, among `arguments`
// (without the program's name), as a message with the nearest that there is; empty if there is
// none. CLI11 would take them for recordings and complain of these.
std::string UnknownWord(const CLI::App& app, const std::vector<std::string>& arguments);

// `error`, which `app` threw while parsing, as one line that names the command and the argument.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error);

// Of what was parsed, an argument that was given as an empty word, as from a variable that is not
// set, where nothing but a text may be empty; as a message, empty if there is none.
std::string EmptyWord(const CLI::App& app);

// One of these words; a wrong one is answered with the nearest.
CLI::Validator OneOf(const std::vector<std::string>& words);
// The words of a validator that OneOf made; none of any other.
std::vector<std::string> WordsOf(const CLI::Validator& validator);

// What is not `right` is answered with "must be WANTED, found ...".
CLI::Validator MustBe(const std::string& wanted,
                      const std::function<bool(const std::string& text)>& right);

// For numbers: 0 or more, or more than 0.
CLI::Validator AtLeastZero();
CLI::Validator AboveZero();

// For options that name a file to write: it must end in one of `endings` (".wav"), in any case,
// since a file is what its name says. What is no file yet or no regular one may have no ending: a
// pipe, /dev/stdout. `dash`: "-" is standard output.
CLI::Validator FileEnding(const std::vector<std::string>& endings, bool dash = false);

}  // namespace vpr::terminal
