// Lists of pairs of recordings that are to be compared.
#pragma once

#include <string>
#include <vector>

#include "vpr/recognize/recognizer.h"

namespace vpr {

// Of a file, or "-": two paths a line, a tab or a blank between; empty lines are skipped. Throws
// what ReadFile throws, kCorrupt with the line, or for a list without pairs.
std::vector<Recognizer::Pair> ReadPairs(const std::string& path);
// Each of the one with each of the other: the channels of two recordings.
std::vector<Recognizer::Pair> CrossPairs(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b);

// Recognizer::Compare of all; whether each was the same speaker. Why some could not be compared is
// a warning to `progress`, each reason once. Throws kUnusable after the last then.
bool ComparePairs(const Recognizer& recognizer, const std::vector<Recognizer::Pair>& pairs,
                  const DecisionThreshold& decision, Progress& progress, const StopRequested& stop,
                  const std::function<void(const Comparison&)>& use);

}  // namespace vpr
