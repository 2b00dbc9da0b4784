// What training and tuning read recordings with.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/progress.h"
#include "vpr/base/text.h"
#include "vpr/classify/train_classifier.h"

namespace vpr {

// work(path) for every path, several at once; a file that cannot be used goes to `on_bad`.
template <typename Result>
std::vector<std::optional<Result>> ForFiles(const std::vector<std::string>& paths, int threads,
                                            const char* what,
                                            const std::function<Result(const std::string&)>& work,
                                            Progress& progress, const StopRequested& stop,
                                            const std::function<void(const FailedFile&)>& on_bad) {
  std::vector<std::optional<Result>> results(paths.size());
  std::vector<std::string> failures(paths.size());
  if (threads <= 0) threads = HardwareThreads();
  progress.Start(what, "file", paths.size());
  const std::size_t done = OrderedParallelFor(
      paths.size(), threads, static_cast<std::size_t>(4 * threads),
      [&](std::size_t i) {
        try {
          results[i] = work(paths[i]);
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kInternal) throw;
          failures[i] = error.what();
        }
      },
      [&](std::size_t i) {
        if (!results[i]) on_bad({i, paths[i], failures[i]});
        progress.Update(i + 1);
      },
      stop);
  progress.Finish();
  if (done < paths.size())
    throw Error(ErrorCode::kInterrupted,
                Format("stopped after %zu of %zu files", done, paths.size()));
  return results;
}

// options.features, at the rate of the first recording that can be read if options.own_rate.
FeatureSet FeaturesFor(const std::vector<Example>& examples, const ClassifierTrainOptions& options);

}  // namespace vpr
