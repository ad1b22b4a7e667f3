// Which feature of a batch's images stands at which token: counted on the host before anything runs
// (docs/model.md E.3). Pixels go to the device in
// runtime/train/BatchInputs.cpp.
#pragma once

#include "runtime/data/ImageBatch.h"
#include "runtime/data/TokenRows.h"
#include "runtime/plan/Plan.h"

#include <cstdint>
#include <vector>

namespace step37 {

/// The images of one data-parallel rank: its slots hold global views images[0], images[1], … and
/// crops crops[0], … of the batch, each counted over the batch's images.
struct RankImages {
  std::vector<int64_t> images, crops;
  /// Of every token of the rank's rows the feature that stands there, or −1; and of every feature
  /// (plan::ImageInputs::features) the token it stands at, or −1.
  std::vector<int32_t> featureOfToken, tokenOfFeature;
};

/// Places the features of a batch of ranks·micro-batch rows of `plan`, which has images: the rows
/// of data-parallel rank r are the r-th micro-batch, its images those in these rows.
///
/// Without start ids every token with the image token's id takes the next feature: of each image
/// its crops first, then its global view. With start ids the n-th crop's features replace the
/// tokens behind the n-th patch start, then the n-th global view's those behind the n-th image
/// start. Where tokens and features do not match it is an error, or with `truncate` what has no
/// counterpart is left out.
///
/// Throws Error saying what was counted: for a mismatch, more images or crops of a rank than the
/// plan holds, and features of one image that fall on two ranks.
std::vector<RankImages> placeImages(const plan::Plan &plan, const TokenRows &tokens,
                                    const ImageBatch &images);

/// The places of features as they are for whoever embeds, in the place of a token, the one `ahead`
/// positions on: as the labels of that distance, in the same row and, for ahead > 1, the same
/// document. `rank` are the images of micro-batch `number` of `tokens`.
RankImages placesAhead(const RankImages &rank, const TokenRows &tokens, int64_t number,
                       int64_t ahead);

} // namespace step37
