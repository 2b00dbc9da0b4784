#include "serve/metrics.h"

#include "vpr/base/text.h"

namespace vpr {

void Metrics::Count(const std::string& route, int status, double seconds) {
  std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  Durations& durations = durations_[route];
  ++durations.count;
  durations.sum += seconds;
  for (std::size_t i = 0; i < kBounds.size(); ++i)
    if (seconds <= kBounds[i]) ++durations.within[i];
}

std::string Metrics::Text(const std::vector<Gauge>& gauges) const {
  std::string text;
  for (const Gauge& gauge : gauges)
    text += Format("# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", gauge.name, gauge.help, gauge.name,
                   gauge.name, gauge.value);
  std::lock_guard lock(mutex_);
  text +=
      "# HELP vpr_requests_total Requests answered\n"
      "# TYPE vpr_requests_total counter\n";
  for (const auto& [key, count] : requests_)
    text += Format("vpr_requests_total{route=\"%s\",status=\"%d\"} %llu\n", key.first.c_str(),
                   key.second, static_cast<unsigned long long>(count));
  text +=
      "# HELP vpr_request_seconds From the end of a request's headers to the answer\n"
      "# TYPE vpr_request_seconds histogram\n";
  for (const auto& [route, durations] : durations_) {
    for (std::size_t i = 0; i < kBounds.size(); ++i)
      text += Format("vpr_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", route.c_str(),
                     kBounds[i], static_cast<unsigned long long>(durations.within[i]));
    const auto count = static_cast<unsigned long long>(durations.count);
    text +=
        Format("vpr_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", route.c_str(), count);
    text += Format("vpr_request_seconds_sum{route=\"%s\"} %.9g\n", route.c_str(), durations.sum);
    text += Format("vpr_request_seconds_count{route=\"%s\"} %llu\n", route.c_str(), count);
  }
  return text;
}

}  // namespace vpr
