// Randomness as a parameter: SystemRandom (in crypto/) for the program, SeededRandom for
// simulations, which must repeat exactly from their seed. Not safe to share between threads, but
// for SystemRandom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace verihook {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t next_u64();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  double unit();
  bool chance(double probability) { return unit() < probability; }
};

// splitmix64: small, fast and the same on every machine. Never for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace verihook
