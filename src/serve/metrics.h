// What the service counts, as Prometheus reads it (text format 0.0.4).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vpr {

class Metrics {
 public:
  // A request that was answered: the route's path, or "none".
  void Count(const std::string& route, int status, double seconds);
  // With numbers of the moment, by name and help.
  struct Gauge {
    const char* name;
    const char* help;
    double value;
  };
  std::string Text(const std::vector<Gauge>& gauges) const;

 private:
  static constexpr std::array<double, 12> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,   0.25,   0.5,   1,    2.5,   10};
  struct Durations {
    std::array<std::uint64_t, kBounds.size()> within{};
    std::uint64_t count = 0;
    double sum = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::map<std::string, Durations> durations_;
};

}  // namespace vpr
