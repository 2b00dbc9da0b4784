// The forms in which recordings are heard when a score is fitted to conditions.
#pragma once

#include <string>
#include <vector>

#include "vpr/base/rng.h"

namespace vpr {

enum class Form {
  kAsRecorded,
  kTelephone,
  kGsm,
  kOpus,
  kNoise,
  kRoom,
  kClipped,
  kTwoSeconds,
  kOneSecond
};
inline constexpr std::size_t kNumForms = 9;
const char* Name(Form form);  // "as recorded", "telephone", ...

// Those that the channel cohort hears: what changes the sound, but for overdriving it.
inline constexpr Form kChannelForms[] = {Form::kTelephone, Form::kGsm, Form::kOpus, Form::kNoise,
                                         Form::kRoom};

// What noise and rooms are drawn from; where there is nothing, both are made up.
struct Surroundings {
  std::vector<std::vector<float>> noises, rooms;
};

// False for a codec that this build of libsndfile lacks.
bool CanMake(Form form);

// `speech` (16 kHz) in another form.
std::vector<float> MakeForm(Form form, std::vector<float> speech, const Surroundings& surroundings,
                            Rng& rng);

}  // namespace vpr
