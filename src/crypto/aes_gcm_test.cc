#include "crypto/aes_gcm.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace verihook::crypto {
namespace {

// Hands out the bytes it was made with, so that a vector's nonce is the one drawn.
class GivenBytes final : public Random {
 public:
  explicit GivenBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::byte> out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::ranges::copy(std::as_bytes(std::span(bytes_)), out.begin());
  }

 private:
  std::string bytes_;
};

struct Vector {
  std::string key, nonce, additional_data, plaintext, ciphertext, tag;  // all in hex
};

// Test cases 13, 14 and 16 of the GCM specification (McGrew and Viega).
const Vector kVectors[] = {
    {std::string(64, '0'), std::string(24, '0'), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {std::string(64, '0'), std::string(24, '0'), "", std::string(32, '0'),
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

std::string from_hex(std::string_view text) { return hex_decode(text).value(); }

AesKey key_of(const std::string& bytes) {
  return AesKey(std::as_bytes(std::span(bytes)).first<kAesKeyBytes>());
}

TEST(AesGcm, MatchesTheVectorsOfItsSpecification) {
  for (const Vector& vector : kVectors) {
    const std::string key = from_hex(vector.key);
    GivenBytes nonce(from_hex(vector.nonce));
    const auto sealed = aes_gcm_seal(key_of(key), from_hex(vector.plaintext),
                                     from_hex(vector.additional_data), nonce);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(hex_encode(*sealed), vector.nonce + vector.ciphertext + vector.tag);
    EXPECT_EQ(aes_gcm_open(key_of(key), *sealed, from_hex(vector.additional_data)),
              from_hex(vector.plaintext));
  }
}

TEST(AesGcm, RefusesEveryFlippedBitAndEveryCut) {
  SeededRandom random(7);
  const std::string key(32, 'k');
  const std::string sealed = aes_gcm_seal(key_of(key), "the secret", "row 1", random).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(aes_gcm_open(key_of(key), changed, "row 1")) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = aes_gcm_open(key_of(key), sealed.substr(0, size), "row 1");
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, Errc::kInvalidArgument);
  }
}

TEST(AesGcm, RefusesAnotherKeyAndOtherAdditionalData) {
  SeededRandom random(7);
  const std::string key(32, 'k');
  const std::string sealed = aes_gcm_seal(key_of(key), "the secret", "row 1", random).value();
  EXPECT_EQ(aes_gcm_open(key_of(key), sealed, "row 1"), "the secret");
  EXPECT_FALSE(aes_gcm_open(key_of(key), sealed, "row 2"));
  EXPECT_FALSE(aes_gcm_open(key_of(key), sealed, ""));
  EXPECT_FALSE(aes_gcm_open(key_of(std::string(32, 'K')), sealed, "row 1"));
}

TEST(AesGcm, NeverSealsTheSameTextTheSameWay) {
  SeededRandom random(7);
  const std::string key(32, 'k');
  EXPECT_NE(aes_gcm_seal(key_of(key), "text", "", random).value(),
            aes_gcm_seal(key_of(key), "text", "", random).value());
}

}  // namespace
}  // namespace verihook::crypto
