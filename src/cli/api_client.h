// ApiClient: the HTTP API of a server, from the point of view of a command. JSON in and out; an
// answer that is no success becomes an error whose sentence says what to do. It goes wherever the
// user says, private addresses and plain http too. One io thread; the executor's context and the
// timers outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "async/timers.h"
#include "cli/options.h"
#include "http/client.h"

namespace verihook::cli {

// An http::Client without restrictions on where it goes, for what the user names on the command
// line.
class FreeClient {
 public:
  static Result<std::unique_ptr<FreeClient>> create(const asio::any_io_executor& executor,
                                                    Timers& timers);
  ~FreeClient();
  FreeClient(const FreeClient&) = delete;
  FreeClient& operator=(const FreeClient&) = delete;

  Task<Result<http::ClientResponse>> send(http::ClientRequest request);

 private:
  struct Parts;
  explicit FreeClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class ApiClient {
 public:
  // kInvalidArgument when the URL is none. `connection.url` empty: kDefaultServer.
  static Result<std::unique_ptr<ApiClient>> create(const asio::any_io_executor& executor,
                                                   Timers& timers, Connection connection);

  using Object = boost::json::object;
  // Errors besides the connection's: what the server answered, in its words.
  Task<Result<Object>> get(std::string path);
  // Without an idempotency key none is sent.
  Task<Result<Object>> post(std::string path, std::string body, std::string idempotency_key = {});
  Task<Result<Object>> patch(std::string path, std::string body);
  // A body of any length, sent as it is made.
  Task<Result<Object>> upload(std::string path, http::UploadSource source, std::string content_type,
                              std::string idempotency_key = {});
  Task<Result<void>> remove(std::string path);
  // Every item of a paged list, in its order.
  Task<Result<void>> each(std::string path, std::function<void(const Object&)> on_item);
  // The body of a successful answer, piece by piece, however large.
  Task<Result<void>> download(std::string path, http::BodySink sink);

  const std::string& server() const { return connection_.url; }

 private:
  ApiClient(std::unique_ptr<FreeClient> client, Connection connection);

  struct Sent {
    std::string body;
    std::string content_type;
    std::string idempotency_key;
    http::UploadSource source;
  };
  Task<Result<http::ClientResponse>> send(http::Method method, std::string path, Sent sent = {},
                                          http::BodySink sink = nullptr);
  // The body of a success.
  Result<Object> object_of(const http::ClientResponse& response) const;
  Error error_of(const http::ClientResponse& response) const;
  Error explained(Error error) const;

  std::unique_ptr<FreeClient> client_;
  Connection connection_;
};

// The member of an object, or an empty value when it is not there or of another type.
std::string text_of(const boost::json::object& object, std::string_view name);
std::int64_t number_of(const boost::json::object& object, std::string_view name);

}  // namespace verihook::cli
