// How long a voice is kept, as enroll and speakers keep take it.
#pragma once

#include "terminal/usage.h"
#include "vpr/base/error.h"
#include "vpr/store/voice_store.h"

namespace vpr::cli {

// Of what ForgetAfter takes.
inline CLI::Validator TimeToKeep() {
  return terminal::MustBe("a number and s, min, h, d, w or y, as 90d, or never",
                          [](const std::string& text) {
                            try {
                              ForgetAfter(text);
                              return true;
                            } catch (const Error&) {
                              return false;
                            }
                          });
}

}  // namespace vpr::cli
