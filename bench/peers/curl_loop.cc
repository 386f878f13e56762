// The peer for deliveries: a bare libcurl multi loop that posts one body again and again over
// keep-alive connections and does nothing else: no signing, no store, no log.
//   curl_loop URL COUNT IN_FLIGHT BODY_BYTES   prints posts per second
#include <chrono>
#include <cstdio>
#include <string>

#include <curl/curl.h>

namespace {

std::size_t ignore_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const long count = std::stol(argv[2]);
  const int in_flight = std::stoi(argv[3]);
  const std::string body(static_cast<std::size_t>(std::stol(argv[4])), 'x');
  CURLM* multi = curl_multi_init();
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  long started = 0;
  long finished = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (; started < in_flight && started < count; ++started) {
    CURL* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_body);
    curl_multi_add_handle(multi, easy);
  }
  while (finished < count) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      if (message->data.result != CURLE_OK) return 1;
      ++finished;
      curl_multi_remove_handle(multi, easy);
      if (started++ < count) curl_multi_add_handle(multi, easy);
    }
    curl_multi_poll(multi, nullptr, 0, 100, nullptr);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f\n", static_cast<double>(count) / spent.count());
  return 0;
}
