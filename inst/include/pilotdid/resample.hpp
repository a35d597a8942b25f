// Bootstrap of whole units: how often each of them is drawn.
#ifndef PILOTDID_RESAMPLE_HPP
#define PILOTDID_RESAMPLE_HPP

#include <cstdint>
#include <vector>

#include "random.hpp"

namespace pilotdid {

// `units` draws with replacement from 0 .. units-1; stream `draw` of the seed.
inline std::vector<int> resample_counts(int units, std::uint64_t seed, std::uint64_t draw) {
  Random random(seed, draw);
  std::vector<int> count(static_cast<std::size_t>(units), 0);
  for (int i = 0; i < units; ++i) ++count[random.below(static_cast<std::uint32_t>(units))];
  return count;
}

}  // namespace pilotdid

#endif
