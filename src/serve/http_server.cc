// The one file that includes Boost's headers. All connections are looked after by one thread, which
// never waits; what takes time goes to the queues. A slow or silent client costs a descriptor and a
// few kilobytes, until its time is up.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "serve/work_queue.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/text.h"
#include "vpr/serve/server.h"

namespace vpr {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using beast::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kMostHeader = 64 << 10;
constexpr std::size_t kPiece = 64 << 10;          // read or written at once
constexpr std::size_t kMostChunkLine = 16 << 10;  // before a chunk, or behind the last one
constexpr std::size_t kMostLiveMessage = 1 << 20;
constexpr seconds kHeaderTime{20}, kReadTime{30}, kWriteTime{60}, kDrainTime{2}, kSilentTime{300};
// A body that comes slower than this, or an answer in pieces that is taken slower, is given up
// after the first seconds.
constexpr double kLeastBytesPerSecond = 8192;
constexpr std::size_t kMostDrained = 16 << 20;
constexpr milliseconds kLook{100}, kPoll{250}, kAcceptAgain{100};
constexpr int kStoreThreads = 2, kStreamThreads = 2;

// A body in memory that grows as it comes: string_body would take as much as is announced at once.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(bhttp::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      const std::size_t before = body_.size();
      for (auto one = asio::buffer_sequence_begin(buffers);
           one != asio::buffer_sequence_end(buffers); ++one) {
        const asio::const_buffer bytes = *one;
        body_.append(static_cast<const char*>(bytes.data()), bytes.size());
      }
      return body_.size() - before;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

// A line feed that ends no line: the parser, which looks for CRLF, would wait for more.
bool HasBareLineFeed(std::string_view lines) {
  for (std::size_t at = lines.find('\n'); at != lines.npos; at = lines.find('\n', at + 1))
    if (at == 0 || lines[at - 1] != '\r') return true;
  return false;
}

class Session;

class Server {
 public:
  Server(Service& service, const ServerOptions& options, const StopRequested& stop);
  using Listening = std::function<void(const std::string&, const std::string&)>;
  void Run(const Listening& listening);

  asio::io_context& context() { return context_; }
  Service& service() { return service_; }
  const ServerOptions& options() const { return options_; }
  WorkQueue& Queue(RequestLane lane) {
    return lane == RequestLane::kStore    ? store_queue_
           : lane == RequestLane::kStream ? stream_queue_
                                          : compute_queue_;
  }
  bool stopping() const { return stopping_; }
  // Its last work done, or all given up.
  bool ended() const { return ended_; }
  void Add(Session* session) {
    std::lock_guard lock(sessions_mutex_);
    sessions_.insert(session);
  }
  void Remove(Session* session) {  // also on a queue's thread
    std::lock_guard lock(sessions_mutex_);
    sessions_.erase(session);
  }
  std::size_t sessions() const {
    std::lock_guard lock(sessions_mutex_);
    return sessions_.size();
  }
  // Ends the connection that has said nothing for longest; false if all are at work.
  bool EndSilentest();
  std::atomic<std::size_t>& connections() { return connections_; }
  // Bytes of bodies come and go; false if they would be too many.
  bool TakeBytes(std::size_t bytes) {
    body_bytes_ += bytes;
    return body_bytes_ <= options_.body_memory;
  }
  void GiveBytes(std::size_t bytes) { body_bytes_ -= bytes; }

 private:
  std::string Listen(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port,
                     int passed = -1);
  template <typename Begin>
  void Accept(tcp::acceptor& acceptor, Begin begin);
  static void Decline(tcp::socket socket);
  void Look();
  void BeginStop();

  Service& service_;
  ServerOptions options_;
  StopRequested stop_;
  // The sessions end with the context.
  mutable std::mutex sessions_mutex_;
  std::set<Session*> sessions_;
  std::atomic<std::size_t> body_bytes_{0}, connections_{0};
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_}, wyoming_{context_};
  asio::steady_timer look_{context_};
  std::atomic<bool> polling_{false}, ended_{false};
  bool stopping_ = false;
  Clock::time_point stopped_{}, polled_ = Clock::now();
  // Last: their threads end first.
  WorkQueue store_queue_, stream_queue_, compute_queue_;
};

// A connection of any kind is counted as long as it has one.
class Place {
 public:
  explicit Place(Server& server) : server_(server) { ++server_.connections(); }
  ~Place() { --server_.connections(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Server& server_;
};

// One connection.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Server& server, tcp::socket socket)
      : server_(server),
        stream_(std::move(socket)),
        patience_(server.context()),
        buffer_(kMostHeader + kPiece) {
    error_code ignored;
    const auto peer = stream_.socket().remote_endpoint(ignored);
    if (!ignored) request_.peer = peer.address().to_string();
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    server_.Add(this);
  }
  ~Session() {
    server_.GiveBytes(taken_);
    server_.Remove(this);
  }

  void ReadHeader();
  // The server stops: whoever says nothing is not waited for.
  void StopIfIdle() {
    if (!idle()) return;
    idle_ = false;
    stream_.cancel();
  }
  // Between requests, or before the first one.
  bool idle() const { return idle_ && buffer_.size() == 0; }
  Clock::time_point idle_since() const { return admission_.begun; }

 private:
  void OnHeader(error_code error);
  void ReadBody();
  void OnBytes(error_code error, std::size_t size);
  // All that has come of the body.
  error_code ParseBody();
  void Dispatch();
  void Refuse(HttpResponse response);
  void Respond(HttpResponse response);
  void Stream(HttpResponse response);
  void AfterWrite(error_code error);
  void Drain();
  void GoLive();
  template <typename Response>
  void SetHeaders(Response& message, const HttpResponse& response);

  Server& server_;
  Place place_{server_};
  beast::tcp_stream stream_;
  asio::steady_timer patience_;  // with a body that does not come: the stream's own ends it mutely
  std::size_t reads_ = 0;
  beast::flat_buffer buffer_;
  std::optional<bhttp::request_parser<GrowingBody>> parser_;
  HttpRequest request_;
  Admission admission_;
  bhttp::response<bhttp::string_body> message_;
  Clock::time_point body_begun_{};
  std::size_t taken_ = 0;  // bytes of the body, counted by the server
  bool idle_ = false, keep_ = false, first_ = true, unread_ = false;
  std::size_t drained_ = 0;
};

// A connection that became a WebSocket.
class LiveConnection : public std::enable_shared_from_this<LiveConnection> {
 public:
  LiveConnection(Server& server, beast::tcp_stream stream, std::unique_ptr<LiveSession> live)
      : server_(server), socket_(std::move(stream)), live_(std::move(live)) {}

  void Run(const bhttp::request<GrowingBody>& request) {
    beast::get_lowest_layer(socket_).expires_never();
    socket_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    socket_.read_message_max(kMostLiveMessage);
    const bool protocol = request.count(bhttp::field::sec_websocket_protocol) > 0;
    socket_.set_option(
        websocket::stream_base::decorator([protocol](websocket::response_type& response) {
          if (protocol) response.set(bhttp::field::sec_websocket_protocol, "vpr");
        }));
    socket_.async_accept(request, [self = shared_from_this()](error_code error) {
      if (!error) self->Read();
    });
  }

 private:
  void Read() {
    if (server_.stopping()) return Close(websocket::close_code::going_away);
    socket_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->OnMessage();
    });
  }

  void OnMessage() {
    ended_ = socket_.got_text();  // any text: nothing more comes
    auto job = [self = shared_from_this(),
                bytes = beast::buffers_to_string(buffer_.data())]() mutable {
      self->answers_ = self->ended_ ? self->live_->Finish() : self->live_->Accept(bytes);
      asio::post(self->server_.context(), [self] { self->WriteNext(0); });
    };
    buffer_.consume(buffer_.size());
    if (!server_.Queue(RequestLane::kCompute).Post(std::move(job)))
      Close(websocket::close_code::try_again_later);
  }

  void WriteNext(std::size_t number) {
    if (number == answers_.size()) {
      if (ended_) return Close(websocket::close_code::normal);
      return Read();
    }
    socket_.text(true);
    socket_.async_write(asio::buffer(answers_[number]),
                        [self = shared_from_this(), number](error_code error, std::size_t) {
                          if (!error) self->WriteNext(number + 1);
                        });
  }

  void Close(websocket::close_code code) {
    socket_.async_close(code, [self = shared_from_this()](error_code) {});
  }

  Server& server_;
  Place place_{server_};
  websocket::stream<beast::tcp_stream> socket_;
  std::unique_ptr<LiveSession> live_;
  beast::flat_buffer buffer_;
  std::vector<std::string> answers_;
  bool ended_ = false;
};

// A connection of another protocol: what comes in is answered in bytes.
class ByteConnection : public std::enable_shared_from_this<ByteConnection> {
 public:
  ByteConnection(Server& server, tcp::socket socket, std::unique_ptr<ByteSession> session)
      : server_(server),
        stream_(std::move(socket)),
        session_(std::move(session)),
        bytes_(64 << 10) {}

  void Read() {
    if (server_.stopping()) return;
    stream_.expires_after(kSilentTime);
    stream_.async_read_some(asio::buffer(bytes_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (!error) self->Answer(size);
                            });
  }

 private:
  void Answer(std::size_t size) {
    stream_.expires_never();
    auto job = [self = shared_from_this(), size] {
      self->answer_ = self->session_->Accept({self->bytes_.data(), size});
      asio::post(self->server_.context(), [self] { self->Write(); });
    };
    // Chunks of audio are small work: where the queue is full the client has to wait.
    if (server_.Queue(RequestLane::kCompute).Post(std::move(job))) return;
    auto later = std::make_shared<asio::steady_timer>(server_.context(), kLook);
    later->async_wait([self = shared_from_this(), later, size](error_code error) {
      if (!error) self->Answer(size);
    });
  }

  void Write() {
    if (!answer_) return;
    if (answer_->empty()) return Read();
    stream_.expires_after(kWriteTime);
    asio::async_write(stream_, asio::buffer(*answer_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!error) self->Read();
                      });
  }

  Server& server_;
  Place place_{server_};
  beast::tcp_stream stream_;
  std::unique_ptr<ByteSession> session_;
  std::vector<char> bytes_;
  std::optional<std::string> answer_;
};

// Session

void Session::ReadHeader() {
  if (server_.stopping() && !first_) return;
  parser_.emplace();
  parser_->header_limit(kMostHeader);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // counted here
  server_.GiveBytes(taken_);
  taken_ = 0;
  unread_ = false;
  request_.method.clear();
  request_.body = {};
  admission_ = {};
  admission_.begun = Clock::now();
  idle_ = true;
  stream_.expires_after(first_ ? kHeaderTime : server_.options().idle);
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->OnHeader(error); });
}

void Session::OnHeader(error_code error) {
  idle_ = first_ = false;
  keep_ = false;
  if (error == bhttp::error::header_limit) {
    unread_ = true;
    return Refuse(Problem(431, Format("the headers are longer than %u bytes", kMostHeader)));
  }
  if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category() &&
      error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
    unread_ = true;
    return Refuse(Problem(400, "this is no HTTP/1.1: " + error.message()));
  }
  if (error) return;  // it left, or said nothing for too long
  auto& message = parser_->get();
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  request_.headers.clear();
  for (const auto& field : message)
    request_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  unread_ = !parser_->is_done();
  if (message.count(bhttp::field::host) != 1 && message.version() == 11)
    return Refuse(Problem(400, "the request has no one Host header"));
  // Where a body of another coding ends is not known here; a proxy may think that it knows.
  const std::size_t codings = message.count(bhttp::field::transfer_encoding);
  if (codings > 1 ||
      (codings == 1 && !beast::iequals(message[bhttp::field::transfer_encoding], "chunked"))) {
    unread_ = true;
    return Refuse(Problem(400, "the Transfer-Encoding is another than chunked"));
  }
  if (codings == 1 && message.version() < 11) {
    unread_ = true;
    return Refuse(Problem(400, "a body of HTTP/1.0 has no Transfer-Encoding"));
  }
  if (websocket::is_upgrade(message)) {
    if (codings == 0 && message.count(bhttp::field::content_length) == 0) return GoLive();
    unread_ = true;
    return Refuse(Problem(400, "a request to become a WebSocket has no body"));
  }
  admission_ = server_.service().Admit(request_);
  if (admission_.refusal) return Refuse(std::move(*admission_.refusal));
  const auto length = parser_->content_length();
  if (length && *length > admission_.most_body)
    return Refuse(
        Problem(413, Format("the body has %llu bytes; expected at most %zu",
                            static_cast<unsigned long long>(*length), admission_.most_body)));
  if (admission_.lane != RequestLane::kAtOnce && server_.Queue(admission_.lane).full())
    return Refuse(Problem(503, "too many requests wait already", {{"Retry-After", "1"}}));
  parser_->body_limit(admission_.most_body);  // of what chunks announce
  keep_ = message.keep_alive();
  body_begun_ = Clock::now();
  if (parser_->is_done()) return Dispatch();
  if (beast::iequals(message[bhttp::field::expect], "100-continue")) {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.expires_after(kWriteTime);
    asio::async_write(stream_, asio::buffer(kContinue),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                        if (!failed) self->ReadBody();
                      });
    return;
  }
  ReadBody();
}

error_code Session::ParseBody() {
  error_code error;
  while (!error && buffer_.size() > 0 && !parser_->is_done())
    buffer_.consume(parser_->put(buffer_.data(), error));
  if (error != bhttp::error::need_more) return error;
  // Only lines about chunks are ever left over.
  const std::string_view lines{static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  if (HasBareLineFeed(lines)) return bhttp::error::bad_line_ending;
  if (lines.size() > kMostChunkLine) return bhttp::error::bad_chunk_extension;
  return {};
}

void Session::ReadBody() {
  const auto too_large = [&] {
    Refuse(Problem(
        413, Format("the body has over %zu bytes; expected at most that", admission_.most_body)));
  };
  error_code error;
  try {
    error = ParseBody();
  } catch (const std::bad_alloc&) {
    return Refuse(Problem(503, "out of memory", {{"Retry-After", "5"}}));
  }
  if (error == bhttp::error::body_limit) return too_large();
  if (error) return Refuse(Problem(400, "the body cannot be read: " + error.message()));
  const std::size_t size = parser_->get().body().size();
  const bool room = server_.TakeBytes(size - taken_);
  taken_ = size;
  if (size > admission_.most_body) return too_large();
  if (!room)
    return Refuse(Problem(503, "too many bodies are under way already", {{"Retry-After", "1"}}));
  if (parser_->is_done()) return Dispatch();
  const double passed = std::chrono::duration<double>(Clock::now() - body_begun_).count();
  const double may = std::chrono::duration<double>(kReadTime).count() +
                     static_cast<double>(size) / kLeastBytesPerSecond;
  if (passed > may) return Refuse(Problem(408, "the body comes too slowly"));
  patience_.expires_after(kReadTime);
  patience_.async_wait([self = shared_from_this(), read = ++reads_](error_code ended) {
    if (!ended && read == self->reads_) self->stream_.cancel();
  });
  stream_.expires_never();
  stream_.async_read_some(buffer_.prepare(kPiece),
                          [self = shared_from_this()](error_code failed, std::size_t count) {
                            self->OnBytes(failed, count);
                          });
}

void Session::OnBytes(error_code error, std::size_t size) {
  ++reads_;
  patience_.cancel();
  if (error == asio::error::operation_aborted)
    return Refuse(Problem(408, Format("nothing of the body came for %lld s",
                                      static_cast<long long>(kReadTime.count()))));
  if (error) return;  // it is cut short
  buffer_.commit(size);
  ReadBody();
}

void Session::Dispatch() {
  unread_ = false;
  request_.body = std::move(parser_->get().body());
  if (admission_.lane == RequestLane::kAtOnce)
    return Respond(server_.service().Handle(request_, admission_));
  auto job = [self = shared_from_this()] {
    HttpResponse response = self->server_.service().Handle(self->request_, self->admission_);
    if (response.stream) return self->Stream(std::move(response));
    asio::post(self->server_.context(), [self, response = std::move(response)]() mutable {
      self->Respond(std::move(response));
    });
  };
  stream_.expires_never();
  if (!server_.Queue(admission_.lane).Post(std::move(job)))
    Refuse(Problem(503, "too many requests wait already", {{"Retry-After", "1"}}));
}

// Without having read all that the client sends.
void Session::Refuse(HttpResponse response) {
  if (unread_) keep_ = false;
  Respond(Service::Guarded(std::move(response)));
}

template <typename Response>
void Session::SetHeaders(Response& message, const HttpResponse& response) {
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.reason(
      beast::string_view(StatusText(response.status).data(), StatusText(response.status).size()));
  if (!response.type.empty()) message.set(bhttp::field::content_type, response.type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  if (server_.stopping()) keep_ = false;
  message.keep_alive(keep_);
}

void Session::Respond(HttpResponse response) {
  server_.service().Note(request_, admission_, response);
  message_ = {};
  SetHeaders(message_, response);
  message_.body() = std::move(response.body);
  message_.prepare_payload();
  if (request_.method == "HEAD") {
    message_.body().clear();  // the length stays
  }
  stream_.expires_after(kWriteTime);
  bhttp::async_write(stream_, message_, [self = shared_from_this()](error_code error, std::size_t) {
    self->AfterWrite(error);
  });
}

// On a thread of a queue: every piece is written before the next one is made.
void Session::Stream(HttpResponse response) {
  const auto begun = Clock::now();
  std::size_t sent = 0;
  const auto write = [&](const std::function<void(std::function<void(error_code)>)>& begin) {
    if (std::chrono::duration<double>(Clock::now() - begun).count() >
        std::chrono::duration<double>(kWriteTime).count() +
            static_cast<double>(sent) / kLeastBytesPerSecond)
      throw Error(ErrorCode::kInterrupted, "the client takes the answer too slowly");
    std::promise<error_code> done;
    asio::post(server_.context(), [&] {
      stream_.expires_after(kWriteTime);
      begin([&done](error_code error) { done.set_value(error); });
    });
    std::future<error_code> written = done.get_future();
    while (written.wait_for(kLook) != std::future_status::ready)
      if (server_.ended()) throw Error(ErrorCode::kInterrupted, "the service is being stopped");
    if (written.get()) throw Error(ErrorCode::kInterrupted, "the client has gone");
  };
  const auto self = shared_from_this();
  error_code result;
  try {
    bhttp::response<bhttp::empty_body> head;
    SetHeaders(head, response);
    head.chunked(true);
    bhttp::response_serializer<bhttp::empty_body> serializer(head);
    write([&](const std::function<void(error_code)>& done) {
      bhttp::async_write_header(stream_, serializer,
                                [done](error_code error, std::size_t) { done(error); });
    });
    std::string pending;
    const auto flush = [&] {
      if (pending.empty()) return;
      write([&](const std::function<void(error_code)>& done) {
        asio::async_write(stream_, bhttp::make_chunk(asio::buffer(pending)),
                          [done](error_code error, std::size_t) { done(error); });
      });
      sent += pending.size();
      pending.clear();
    };
    if (request_.method != "HEAD") {
      response.stream([&](std::string_view piece) {
        pending += piece;
        if (pending.size() >= kPiece) flush();
      });
      flush();
      write([&](const std::function<void(error_code)>& done) {
        asio::async_write(stream_, bhttp::make_chunk_last(),
                          [done](error_code error, std::size_t) { done(error); });
      });
    }
  } catch (const std::exception&) {
    // The last chunk is missing: the client can tell.
    result = asio::error::connection_aborted;
  }
  asio::post(server_.context(), [self, result, response = std::move(response)] {
    self->server_.service().Note(self->request_, self->admission_, response);
    self->AfterWrite(result);
  });
}

void Session::AfterWrite(error_code error) {
  if (error) return;
  if (keep_) return ReadHeader();
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (unread_) Drain();
}

// A connection that is closed with bytes unread is reset, and the client may lose the answer.
void Session::Drain() {
  stream_.expires_after(kDrainTime);
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kPiece),
                          [self = shared_from_this()](error_code error, std::size_t size) {
                            self->drained_ += size;
                            if (!error && self->drained_ < kMostDrained) self->Drain();
                          });
}

void Session::GoLive() {
  HttpResponse refusal;
  std::unique_ptr<LiveSession> live = server_.service().OpenLive(request_, refusal);
  if (!live) return Refuse(std::move(refusal));
  std::make_shared<LiveConnection>(server_, std::move(stream_), std::move(live))
      ->Run(parser_->get());
}

// Server

Server::Server(Service& service, const ServerOptions& options, const StopRequested& stop)
    : service_(service),
      options_(options),
      stop_(stop),
      store_queue_(kStoreThreads, options.queue),
      stream_queue_(kStreamThreads, options.queue),
      compute_queue_(options.threads > 0 ? options.threads : HardwareThreads(), options.queue) {
  service_.SetLoad([this] {
    Service::Load load{connections_, 0, 0, body_bytes_};
    for (const WorkQueue* queue : {&store_queue_, &stream_queue_, &compute_queue_}) {
      load.computing += queue->running();
      load.waiting += queue->waiting();
    }
    return load;
  });
}

std::string Server::Listen(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port,
                           int passed) {
  error_code error;
  const tcp::endpoint endpoint(
      asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error), port);
  if (passed >= 0) {
    if (!error) acceptor.assign(endpoint.protocol(), passed, error);
  } else {
    if (!error) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
  }
  if (error)
    throw Error(ErrorCode::kIo, "cannot listen at " + Printable(address) +
                                    Format(":%u: ", static_cast<unsigned>(port)) + error.message());
  const tcp::endpoint bound = acceptor.local_endpoint();
  const std::string host = bound.address().to_string();
  return (bound.address().is_v6() ? "[" + host + "]" : host) +
         Format(":%u", static_cast<unsigned>(bound.port()));
}

void Server::Run(const Listening& listening) {
  // A descriptor for every connection, as far as the system lets us.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, options_.connections + 1000);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const std::string http = Listen(acceptor_, options_.address, options_.port, options_.socket);
  std::string wyoming;
  if (!options_.wyoming_address.empty())
    wyoming = Listen(wyoming_, options_.wyoming_address, options_.wyoming_port);
  listening(http, wyoming);
  Accept(acceptor_, [this](tcp::socket socket) {
    std::make_shared<Session>(*this, std::move(socket))->ReadHeader();
  });
  if (!wyoming.empty())
    Accept(wyoming_, [this](tcp::socket socket) {
      std::make_shared<ByteConnection>(*this, std::move(socket), service_.OpenWyoming())->Read();
    });
  Look();
  context_.run();
  service_.SetLoad({});
}

template <typename Begin>
void Server::Accept(tcp::acceptor& acceptor, Begin begin) {
  acceptor.async_accept([this, &acceptor, begin](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || stopping_) return;
    if (error) {  // no descriptors are left: later
      auto later = std::make_shared<asio::steady_timer>(context_, kAcceptAgain);
      later->async_wait([this, later, &acceptor, begin](error_code) {
        if (!stopping_) Accept(acceptor, begin);
      });
      return;
    }
    // Whoever says nothing makes room for who may have something to say.
    if (connections_ < options_.connections || EndSilentest())
      begin(std::move(socket));
    else
      Decline(std::move(socket));
    Accept(acceptor, begin);
  });
}

bool Server::EndSilentest() {
  std::lock_guard lock(sessions_mutex_);
  Session* silentest = nullptr;
  for (Session* session : sessions_)
    if (session->idle() &&
        (silentest == nullptr || session->idle_since() < silentest->idle_since()))
      silentest = session;
  if (silentest == nullptr) return false;
  silentest->StopIfIdle();
  return true;
}

// There is no place for it: told without waiting for what it asks.
void Server::Decline(tcp::socket socket) {
  static const std::string kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kAnswer), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void Server::Look() {
  if (stop_ && stop_() && !stopping_) BeginStop();
  const Clock::time_point now = Clock::now();
  if (stopping_ && (sessions() == 0 || now - stopped_ > options_.grace)) {
    service_.Cancel();
    ended_ = true;
    return context_.stop();
  }
  if (!stopping_ && now - polled_ > kPoll && !polling_.exchange(true)) {
    polled_ = now;
    const bool posted = store_queue_.Post([this] {
      service_.Poll();
      polling_ = false;
    });
    if (!posted) polling_ = false;
  }
  look_.expires_after(kLook);
  look_.async_wait([this](error_code) { Look(); });
}

void Server::BeginStop() {
  stopping_ = true;
  stopped_ = Clock::now();
  error_code ignored;
  acceptor_.close(ignored);
  wyoming_.close(ignored);
  std::lock_guard lock(sessions_mutex_);
  for (Session* session : sessions_) session->StopIfIdle();
}

}  // namespace

bool IsLoopback(const std::string& address) {
  error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  return address == "localhost" || (!error && parsed.is_loopback());
}

std::optional<PassedSocket> FindPassedSocket() {
  const auto number = [](const char* name) {
    const char* text = ::getenv(name);
    return text == nullptr ? -1 : std::atol(text);
  };
  const bool ours = number("LISTEN_PID") == ::getpid();
  const long count = number("LISTEN_FDS");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  if (!ours || count < 1) return std::nullopt;
  constexpr int kFirst = 3;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  int listens = 0;
  socklen_t listens_size = sizeof listens;
  if (count != 1 || ::getsockname(kFirst, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      (address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
      ::getsockopt(kFirst, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || listens == 0)
    throw Error(ErrorCode::kInvalidArgument,
                Format("%ld sockets were passed to this process; expected one that listens for TCP "
                       "(ListenStream=127.0.0.1:8800)",
                       count));
  ::fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &address, size);
  endpoint.resize(size);
  return PassedSocket{kFirst, endpoint.address().to_string()};
}

void ParseListen(const std::string& text, std::string& address, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  const auto refuse = [&] {
    throw Error(ErrorCode::kInvalidArgument,
                "cannot listen at '" + Printable(text) +
                    "'; expected ADDRESS:PORT, as 127.0.0.1:8800 or [::1]:8800");
  };
  if (colon == std::string::npos) refuse();
  address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, number);
  error_code error;
  asio::ip::make_address(address, error);
  if (failed != std::errc() || rest != end || number > 65535 || (error && address != "localhost"))
    refuse();
  port = static_cast<std::uint16_t>(number);
}

void DecideListening(const std::string& listen, const std::string& wyoming, ServiceOptions& service,
                     ServerOptions& server) {
  std::string shown = listen;
  ParseListen(listen, server.address, server.port);
  if (const auto passed = FindPassedSocket()) {
    server.socket = passed->descriptor;
    server.address = shown = passed->address;
  }
  if (!wyoming.empty()) {
    ParseListen(wyoming, server.wyoming_address, server.wyoming_port);
    if (!IsLoopback(server.wyoming_address))
      throw Error(ErrorCode::kInvalidArgument,
                  "cannot serve the Wyoming protocol at " + Printable(wyoming) +
                      ": it knows no tokens, and others can reach that; expected an address of "
                      "this machine, as 127.0.0.1:10700");
  }
  AccessOptions& access = service.access;
  const TokenFile file(FindTokens(access.tokens));
  access.tokens = file.path();
  access.without_tokens = IsLoopback(server.address);
  const std::size_t tokens = file.Read().size();
  if (!access.without_tokens && tokens == 0)
    throw Error(ErrorCode::kInvalidArgument,
                "cannot listen at " + Printable(shown) +
                    ": others can reach it, and no token says who may call; make one: vpr serve "
                    "token add NAME --scope identify");
  if (tokens > 0) return;
  service.warn(file.exists()
                   ? "'" + Printable(access.tokens) + "' holds no token: nobody may call"
                   : "without tokens everybody on this machine may enroll, identify and remove; "
                     "make one: vpr serve token add NAME --scope identify");
}

void RunServer(
    Service& service, const ServerOptions& options, const StopRequested& stop,
    const std::function<void(const std::string& http, const std::string& wyoming)>& listening) {
  Server(service, options, stop).Run(listening);
}

}  // namespace vpr
