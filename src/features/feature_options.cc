#include "vpr/features/feature_options.h"

#include <bit>
#include <cmath>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

[[noreturn]] void Bad(const char* field, double value, const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument,
              Format("feature option %s is %.9g; expected %s", field, value, expected.c_str()));
}

void CheckRange(const char* field, int value, int low, int high) {
  if (value < low || value > high) Bad(field, value, Format("%d to %d", low, high));
}

}  // namespace

const char* ToString(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kMel:
      return "mel";
    case FeatureKind::kLogMel:
      return "logmel";
    case FeatureKind::kDb:
      return "db";
  }
  return "unknown";
}

FeatureKind ParseFeatureKind(const std::string& name) {
  for (FeatureKind kind : {FeatureKind::kMel, FeatureKind::kLogMel, FeatureKind::kDb})
    if (name == ToString(kind)) return kind;
  throw Error(ErrorCode::kInvalidArgument, "unknown kind of features '" + Printable(name) +
                                               "'; expected mel, logmel or db" +
                                               DidYouMean(name, {"mel", "logmel", "db"}));
}

void FeatureOptions::Validate() const {
  CheckRange("sample_rate", sample_rate, 1000, 1000000);
  CheckRange("n_fft", n_fft, 64, 65536);
  if (!std::has_single_bit(static_cast<unsigned>(n_fft))) Bad("n_fft", n_fft, "a power of two");
  CheckRange("win_length", win_length, 1, n_fft);
  CheckRange("hop_length", hop_length, 1, 1 << 20);
  CheckRange("n_mels", n_mels, 1, 4096);
  // Written so that NaN fails.
  if (!(fmin >= 0 && fmin < sample_rate / 2.0))
    Bad("fmin", fmin, Format("0 to less than %g Hz, half the sample rate", sample_rate / 2.0));
  if (!(fmax > fmin && fmax <= sample_rate / 2.0))
    Bad("fmax", fmax,
        Format("more than fmin (%g Hz) and at most %g Hz, half the sample rate", fmin,
               sample_rate / 2.0));
  if (!(log_floor > 0 && std::isfinite(log_floor)))
    Bad("log_floor", log_floor, "a positive number");
  if (!(trim_top_db >= 0 && std::isfinite(trim_top_db)))
    Bad("trim_top_db", trim_top_db, "0 (no trimming) or a positive number of dB");
}

}  // namespace vpr
