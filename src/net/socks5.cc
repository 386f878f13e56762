#include "net/socks5.h"

#include <array>

#include <fmt/format.h>

namespace verihook::net {
namespace {

constexpr char kVersion = 5;
constexpr char kPasswordVersion = 1;
constexpr char kNoAuthentication = 0;
constexpr char kUserAndPassword = 2;
constexpr char kNothingAcceptable = '\xff';
constexpr char kConnect = 1;
constexpr char kIpv4 = 1;
constexpr char kName = 3;
constexpr char kIpv6 = 4;
constexpr std::size_t kPortBytes = 2;
constexpr std::size_t kCredentialBytesMax = 255;

struct Failure {
  Errc code;
  std::string_view text;
};
// RFC 1928 section 6, from reply 1 on. A general failure is what many proxies answer whatever
// happened to the target.
constexpr std::array<Failure, 8> kFailures = {{
    {Errc::kUnreachable, "the SOCKS5 proxy could not connect (general failure)"},
    {Errc::kForbidden, "the SOCKS5 proxy's rules do not allow this connection"},
    {Errc::kUnreachable, "the network cannot be reached from the SOCKS5 proxy"},
    {Errc::kUnreachable, "the other side cannot be reached from the SOCKS5 proxy"},
    {Errc::kConnectionRefused, "the other side refused the SOCKS5 proxy's connection"},
    {Errc::kTimeout, "the other side did not answer the SOCKS5 proxy in time"},
    {Errc::kUnsupported, "the SOCKS5 proxy does not make connections"},
    {Errc::kUnsupported, "the SOCKS5 proxy does not connect to addresses of this family"},
}};

unsigned number(char byte) { return static_cast<unsigned char>(byte); }

void append_field(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

}  // namespace

Socks5Handshake::Socks5Handshake(const SocksProxy& proxy, Endpoint target)
    : proxy_(proxy), target_(target) {}

Socks5Handshake::Action Socks5Handshake::resume(std::string_view input) {
  if (state_ == State::kStart) {
    if (proxy_.user.size() > kCredentialBytesMax || proxy_.password.size() > kCredentialBytesMax) {
      return failed(Errc::kUnsupported,
                    "a SOCKS5 user or password cannot be longer than 255 bytes");
    }
    std::string greeting = {kVersion, 1, kNoAuthentication};
    if (!proxy_.user.empty()) greeting = {kVersion, 2, kNoAuthentication, kUserAndPassword};
    return send(std::move(greeting), State::kMethod, 2);
  }
  received_ += input;
  if (received_.size() < needed_) {
    return {.kind = Action::Kind::kReceive, .receive_bytes_max = needed_ - received_.size()};
  }
  return take(std::exchange(received_, {}));
}

Socks5Handshake::Action Socks5Handshake::take(std::string_view input) {
  switch (state_) {
    case State::kMethod:
      return on_method(input);
    case State::kPassword:
      return on_password(input);
    case State::kReplyHead:
      return on_reply_head(input);
    case State::kReplyName:
      return need(State::kReplyRest, number(input[0]) + kPortBytes);
    case State::kReplyRest:
      state_ = State::kOver;  // the address that the proxy connects from; nobody asks for it
      return {.kind = Action::Kind::kDone};
    case State::kStart:
    case State::kOver:
      break;
  }
  return failed(Errc::kUnsupported, "the SOCKS5 handshake is over");
}

Socks5Handshake::Action Socks5Handshake::on_method(std::string_view reply) {
  if (reply[0] != kVersion) {
    return failed(Errc::kUnsupported,
                  fmt::format("there is no SOCKS5 proxy at {}: it answers with another protocol",
                              proxy_.endpoint.to_string()));
  }
  if (reply[1] == kNoAuthentication) return ask_for_target();
  if (reply[1] == kUserAndPassword && !proxy_.user.empty()) return ask_for_password();
  if (reply[1] == kNothingAcceptable) {
    return failed(Errc::kUnauthorized, proxy_.user.empty()
                                           ? "the SOCKS5 proxy wants a user and a password"
                                           : "the SOCKS5 proxy takes no user and password");
  }
  return failed(Errc::kUnsupported,
                "the SOCKS5 proxy wants an authentication that was not offered");
}

Socks5Handshake::Action Socks5Handshake::on_password(std::string_view reply) {
  if (reply[0] != kPasswordVersion) {
    return failed(Errc::kUnsupported, "the SOCKS5 proxy's answer to the password is malformed");
  }
  if (reply[1] != 0) {
    return failed(Errc::kUnauthorized, "the SOCKS5 proxy refuses this user and password");
  }
  return ask_for_target();
}

Socks5Handshake::Action Socks5Handshake::on_reply_head(std::string_view head) {
  if (head[0] != kVersion) {
    return failed(Errc::kUnsupported, "the SOCKS5 proxy's reply has a wrong version");
  }
  const unsigned code = number(head[1]);
  if (code > 0 && code <= kFailures.size()) {
    const Failure& failure = kFailures[code - 1];
    return failed(failure.code, std::string(failure.text));
  }
  if (code > 0) {
    return failed(Errc::kUnreachable,
                  fmt::format("the SOCKS5 proxy could not connect (reply {})", code));
  }
  switch (head[3]) {
    case kIpv4:
      return need(State::kReplyRest, 4 + kPortBytes);
    case kIpv6:
      return need(State::kReplyRest, 16 + kPortBytes);
    case kName:
      return need(State::kReplyName, 1);
    default:
      return failed(Errc::kUnsupported, "the SOCKS5 proxy's reply has an unknown address type");
  }
}

Socks5Handshake::Action Socks5Handshake::ask_for_password() {
  std::string request = {kPasswordVersion};
  append_field(request, proxy_.user);
  append_field(request, proxy_.password);
  return send(std::move(request), State::kPassword, 2);
}

Socks5Handshake::Action Socks5Handshake::ask_for_target() {
  const IpAddress& address = target_.address;
  std::string request = {kVersion, kConnect, 0, address.v6 ? kIpv6 : kIpv4};
  request.append(reinterpret_cast<const char*>(address.bytes.data()), address.v6 ? 16 : 4);
  request += static_cast<char>(target_.port >> 8);
  request += static_cast<char>(target_.port & 0xff);
  target_given_ = true;
  return send(std::move(request), State::kReplyHead, 4);
}

Socks5Handshake::Action Socks5Handshake::send(std::string bytes, State next, std::size_t needed) {
  state_ = next;
  needed_ = needed;
  return {.kind = Action::Kind::kSend, .bytes = std::move(bytes)};
}

Socks5Handshake::Action Socks5Handshake::need(State next, std::size_t needed) {
  state_ = next;
  needed_ = needed;
  return {.kind = Action::Kind::kReceive, .receive_bytes_max = needed};
}

Socks5Handshake::Action Socks5Handshake::failed(Errc code, std::string message) {
  state_ = State::kOver;
  needed_ = 0;
  return {.kind = Action::Kind::kFailed, .error = {code, std::move(message)}};
}

Error Socks5Handshake::interrupted(const Error& error) const {
  if (error.code == Errc::kCancelled) return error;
  if (!target_given_) {
    return {Errc::kNotFound, fmt::format("the SOCKS5 proxy at {} does not answer: {}",
                                         proxy_.endpoint.to_string(), error.message)};
  }
  if (error.code == Errc::kTimeout) {
    return {Errc::kTimeout, "neither the other side nor the SOCKS5 proxy answered in time"};
  }
  return {error.code, "on the way through the SOCKS5 proxy: " + error.message};
}

}  // namespace verihook::net
