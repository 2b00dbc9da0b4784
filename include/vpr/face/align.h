// Where in a frame a face and its mouth are, as squares that are always turned and scaled alike.
#pragma once

#include <vector>

#include "vpr/face/track.h"
#include "vpr/video/image.h"

namespace vpr {

inline constexpr int kFaceSide = 224, kMouthSide = 120;  // pixels of the crops
inline constexpr std::size_t kFacePoints = 68;

// The similarity transform that takes points to others with the least squared distance (Umeyama,
// "Least-squares estimation of transformation parameters between two point patterns", 1991, without
// reflections). At least two points, not all in one place.
Similarity FitSimilarity(const std::vector<FacePoint>& from, const std::vector<FacePoint>& to);

// Each returns the place in the frame of a pixel of the crop, as Warp wants it.
// Of a box: the square about it with room for the chin and the brow.
Similarity BoxCrop(const FaceBox& box, int side = kFaceSide);
// Of the 68 points: the corners of the eyes and the base of the nose are brought to where they are
// in a neutral face seen from the front.
Similarity AlignedCrop(const std::vector<FacePoint>& points, int side = kFaceSide);
// The mouth of the same upright face, in its middle, at the scale of a face of `face_side`.
Similarity MouthCrop(const std::vector<FacePoint>& points, int side = kMouthSide,
                     int face_side = kFaceSide);

// Height by width of the gap between the lips: 0 closed.
double MouthOpening(const std::vector<FacePoint>& points);

// From the upper edge of the upper lip to the lower edge of the lower one, by the distance of the
// outer corners of the eyes.
double LipsHeight(const std::vector<FacePoint>& points);

}  // namespace vpr
