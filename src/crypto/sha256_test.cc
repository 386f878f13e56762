#include "crypto/sha256.h"

#include <string>

#include <gtest/gtest.h>

#include "crypto/encoding.h"

namespace verihook::crypto {
namespace {

constexpr std::string_view kTwoBlocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr std::string_view kTwoBlocksDigest =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

TEST(Sha256, MatchesTheVectorsOfFips180) {
  EXPECT_EQ(hex_encode(sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha256(kTwoBlocks)), kTwoBlocksDigest);
  EXPECT_EQ(hex_encode(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PieceByPieceGivesTheSameDigest) {
  Sha256 hash;
  for (const char c : kTwoBlocks) hash.update(std::string_view(&c, 1));
  EXPECT_EQ(hex_encode(hash.finish()), kTwoBlocksDigest);
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 hash;
  hash.update("something else");
  hash.finish();
  hash.update(kTwoBlocks);
  EXPECT_EQ(hex_encode(hash.finish()), kTwoBlocksDigest);
}

}  // namespace
}  // namespace verihook::crypto
