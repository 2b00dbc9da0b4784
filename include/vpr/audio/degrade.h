// What makes speech harder to recognise: rooms, noise and telephone channels. At 16 kHz; lengths
// stay.
#pragma once

#include <span>
#include <vector>

#include "vpr/base/rng.h"

namespace vpr {

// Mean square; 0 of nothing.
double Power(std::span<const float> samples);

// The first samples.size() samples of samples * response (linear convolution).
void Convolve(std::vector<float>& samples, std::span<const float> response);

// Adds `noise` (repeated to the length) so that the ratio of the powers is snr_db.
void AddNoise(std::vector<float>& samples, std::span<const float> noise, double snr_db);

// A room as in Polack's model: a direct sound and an exponentially decaying Gaussian tail that
// falls by 60 dB in t60_seconds, with so much energy relative to the direct sound.
std::vector<float> SimulateRoom(double t60_seconds, double reverberant_to_direct_db, Rng& rng);

// Through a channel of the sampling rate `rate` (both ways with the resampler of audio input) and,
// with `companded`, 8-bit mu-law (ITU-T G.711).
void NarrowBand(std::vector<float>& samples, int rate, bool companded);

// Cuts off what is above `level` (0 to 1) times the loudest sample, as an overdriven input does.
void Clip(std::vector<float>& samples, double level);

// A measured response made ready for Convolve: without the way from the loudspeaker, of at most
// 0.8 s.
std::vector<float> TrimResponse(std::vector<float> response);

}  // namespace vpr
