#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/testing.h"
#include "serve/multipart.h"
#include "serve/prompts.h"
#include "serve/routes.h"
#include "serve/work_queue.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/serve/access.h"
#include "vpr/serve/server.h"

namespace vpr {
namespace {

TEST(PercentDecode, TakesNothingHalf) {
  EXPECT_EQ(PercentDecode("a%20b+c%E6%9D%8E", false), "a b+c李");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  for (const char* bad : {"%", "%2", "a%zz", "%-1"}) EXPECT_FALSE(PercentDecode(bad, false)) << bad;
}

TEST(Form, IsTakenApart) {
  EXPECT_EQ(FormBoundary("multipart/form-data; boundary=\"a b\""), "a b");
  EXPECT_EQ(FormBoundary("Multipart/Form-Data; charset=x; boundary=ab"), "ab");
  EXPECT_EQ(FormBoundary("multipart/form-data"), "");
  EXPECT_FALSE(FormBoundary("audio/wav"));
  const std::string body =
      "before\r\n--ab\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n"
      "--ab\r\ncontent-disposition: form-data; filename=\"a\\\"b;.wav\"; name=file\r\n"
      "Content-Type: audio/wav\r\n\r\n\r\n--a\r\nx\r\n--ab\r\n"
      "Content-Disposition: form-data; name=empty\r\n\r\n\r\n--ab--\r\nafter";
  const std::vector<FormPart> parts = ParseForm(body, "ab", 3);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].field, "name");
  EXPECT_EQ(parts[0].bytes, "Ada");
  EXPECT_FALSE(parts[0].file);
  EXPECT_EQ(parts[1].field, "file");
  EXPECT_EQ(parts[1].file, "a\"b;.wav");
  EXPECT_EQ(parts[2].bytes, "");
  EXPECT_THROW(ParseForm(body, "ab", 2), Error);
}

TEST(Form, CutShortOrBrokenIsRefused) {
  const std::string good =
      "--ab\r\nContent-Disposition: form-data; name=a\r\n\r\nsome\r\n--ab--\r\n";
  EXPECT_EQ(ParseForm(good, "ab", 9).size(), 1u);
  for (std::size_t size = 0; size + 4 < good.size(); ++size)
    EXPECT_THROW(ParseForm(good.substr(0, size), "ab", 9), Error) << size;
  EXPECT_THROW(ParseForm(good, "", 9), Error);
  EXPECT_THROW(ParseForm(good, std::string(71, 'a'), 9), Error);
  EXPECT_THROW(ParseForm("--ab\r\nContent-Disposition: attachment\r\n\r\nx\r\n--ab--", "ab", 9),
               Error);
  EXPECT_THROW(ParseForm("--abc\r\n\r\n--abc--", "ab", 9), Error);
}

TEST(Routes, ArePathsAndMethods) {
  const FoundRoute one = FindRoute("GET", "/v1/speakers/%E6%9D%8E%2Fx");
  ASSERT_NE(one.route, nullptr);
  EXPECT_EQ(one.values.at("name"), "李/x");
  EXPECT_NE(FindRoute("HEAD", "/v1/speakers").route, nullptr);
  EXPECT_EQ(FindRoute("GET", "/v1/identify").refusal.status, 405);
  EXPECT_EQ(FindRoute("PUT", "/v1/speakers/a").refusal.headers.at(0).second, "GET, PATCH, DELETE");
  for (const char* path :
       {"/v1", "/v1/speakers/", "/v1/speakers/a/b", "/v1/speakers/%ff", "/..", ""})
    EXPECT_EQ(FindRoute("GET", path).refusal.status, 404) << path;
}

TEST(Routes, HoldParametersAgainstTheTable) {
  const auto read = [](const std::string& target, const std::string& body = "sound",
                       const std::string& type = "audio/wav") {
    const HttpRequest request{"POST", target, {{"content-type", type}}, body, "::1"};
    const FoundRoute found = FindRoute("POST", target.substr(0, target.find('?')));
    const Caller caller;
    Call call{request, *found.route, caller, {}, found.values};
    std::optional<HttpResponse> refusal;
    ReadCall(call, refusal);
    return refusal ? refusal->status : static_cast<int>(call.Count("top").value_or(0));
  };
  EXPECT_EQ(read("/v1/identify?top=7&fpir=0.5"), 7);
  EXPECT_EQ(read("/v1/identify", "{}", "application/json"), 415);
  EXPECT_EQ(read("/v1/compare?fmr=0.01"), 415);
  for (const char* query :
       {"top=0", "top=1001", "top=+1", "top=1.5", "top=", "fpir=nan", "fpir=inf", "fpir=0.6",
        "fpir=0x1", "tops=1", "top=1&top=1", "top=%f", "%00=1"})
    EXPECT_THROW(read(std::string("/v1/identify?") + query), Error) << query;
  EXPECT_THROW(read("/v1/enroll?force=yes"), Error);
  EXPECT_THROW(read("/v1/enroll?name=%ff"), Error);
  EXPECT_THROW(read("/v1/identify", ""), Error);
}

TEST(Tokens, AreKeptHashed) {
  const TestFolder folder;
  const std::string path = folder / "below/t.jsonl";
  const TokenFile file(path);
  AccessOptions options;
  options.tokens = path;
  options.rate_per_minute = 60;
  EXPECT_TRUE(Access(options).Identify(std::nullopt).May(Scope::kAdmin));
  options.without_tokens = false;
  EXPECT_FALSE(Access(options).Identify(std::nullopt).known);

  const std::string token = file.Add("desk", static_cast<unsigned>(Scope::kRead));
  EXPECT_THROW(file.Add("desk", 1), Error);
  EXPECT_THROW(file.Add("a\nb", 1), Error);
  Access access(options);
  const Caller desk = access.Identify("Bearer " + token);
  EXPECT_EQ(desk.name, "desk");
  EXPECT_TRUE(desk.May(Scope::kRead) && desk.May(Scope::kAny) && desk.May(Scope::kNone));
  EXPECT_FALSE(desk.May(Scope::kAdmin) || desk.May(Scope::kIdentify));
  for (const std::string& other : {std::string("Bearer "), "Bearer " + token.substr(1),
                                   "Basic " + token, token, "Bearer " + token + "x"})
    EXPECT_FALSE(access.Identify(other).known) << other;
  EXPECT_TRUE(access.Identify("bearer  " + token).known);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(access.Wait("desk"));
  EXPECT_EQ(access.Wait("desk"), 1);
  EXPECT_FALSE(access.Wait("other"));

  // What others may read is no file of tokens, nor what is damaged: nobody is let in.
  ::chmod(path.c_str(), 0640);
  EXPECT_THROW(file.Read(), Error);
  ::chmod(path.c_str(), 0600);
  std::ofstream(path, std::ios::app) << "{\n";
  EXPECT_THROW(file.Read(), Error);
}

TEST(Access, KnowsItsOwnNames) {
  AccessOptions options;
  options.tokens = "/nonexistent/tokens";
  options.hosts = {"Voices.example.org"};
  const Access access(options);
  for (const char* host : {"127.0.0.1", "127.0.0.1:8800", "[::1]:8800", "LOCALHOST:1", "10.0.0.7",
                           "voices.example.org", "voices.example.org:443"})
    EXPECT_TRUE(access.HostAllowed(host)) << host;
  for (const char* host :
       {"", "example.org", "127.0.0.1.example.org", "localhost.example.org:8800"})
    EXPECT_FALSE(access.HostAllowed(host)) << host;
  EXPECT_TRUE(Access::OriginAllowed("http://localhost:8800", "localhost:8800"));
  EXPECT_TRUE(Access::OriginAllowed("https://voices.example.org", "voices.example.org"));
  for (const char* origin : {"null", "", "http://localhost", "http://evil.org", "localhost:8800"})
    EXPECT_FALSE(Access::OriginAllowed(origin, "localhost:8800")) << origin;
}

TEST(Listen, IsAnAddressAndAPort) {
  std::string address;
  std::uint16_t port = 0;
  ParseListen("[::1]:0", address, port);
  EXPECT_EQ(address, "::1");
  ParseListen("0.0.0.0:65535", address, port);
  EXPECT_EQ(port, 65535);
  for (const char* bad : {"", "8800", "localhost", "127.0.0.1:65536", "127.0.0.1:x",
                          "127.0.0.1:", "example.org:80", ":80"})
    EXPECT_THROW(ParseListen(bad, address, port), Error) << bad;
  EXPECT_TRUE(IsLoopback("::1") && IsLoopback("127.1.2.3") && IsLoopback("localhost"));
  EXPECT_FALSE(IsLoopback("0.0.0.0") || IsLoopback("::") || IsLoopback("10.0.0.1"));
}

TEST(Prompts, HoldOnce) {
  Prompts prompts;
  const std::string one = prompts.Add("4 7"), other = prompts.Add("1 2");
  EXPECT_EQ(one.size(), 32u);
  EXPECT_NE(one, other);
  EXPECT_FALSE(prompts.Take(""));
  EXPECT_EQ(prompts.Take(one), "4 7");
  EXPECT_FALSE(prompts.Take(one));
  // Of too many the oldest goes.
  const std::string next = prompts.Add("3");
  for (std::size_t i = 0; i + 1 < Prompts::kMost; ++i) prompts.Add("x");
  EXPECT_FALSE(prompts.Take(other));
  EXPECT_EQ(prompts.Take(next), "3");
}

class NoNetwork : public Network {
 public:
  std::vector<float> Forward(const Matrix&) override { return {1, 0}; }
};

// A login that asks for words: both must be right.
TEST(Service, AVoiceMustSayTheWords) {
  TestFolder folder;
  ModelInfo info;
  info.embedding_dim = 2;
  info.network_fingerprint = "n1";
  info.decision = {0.5, 0.05, 0.05, "equal error rate over 9 trials"};
  info.fmr_thresholds = {{0.01, 0.7, 0.01, 0.1, true}};
  const StoreOptions open{folder / "voices.db", {}, true};
  Recognizer recognizer(EmbeddingExtractor(info, std::make_unique<NoNetwork>()), "m.vpr",
                        VoiceStore::Open(open));
  ServiceOptions options;
  std::string heard;
  options.prompts.draw = [] { return std::string("4 7"); };
  options.prompts.check = [&](const std::string& words, const std::vector<float>& samples) {
    EXPECT_GT(samples.size(), 16000u);
    return SpokenWords{words, heard, heard == words ? 0.0 : -9.0, -1, heard == words};
  };
  Service service(
      recognizer, VoiceStore::Open(open), [=] { return VoiceStore::Open(open); }, options);
  const auto call = [&](const std::string& target, const std::string& body) {
    HttpRequest request{"POST", target, {{"Host", "localhost"}}, body, "127.0.0.1"};
    Admission admission = service.Admit(request);
    return admission.refusal ? *admission.refusal : service.Handle(request, admission);
  };
  const std::string sound = ReadFile(VPR_SAMPLES "/flite-slt-1.flac");
  ASSERT_EQ(call("/v1/enroll?name=Ada", sound).status, 200);
  for (const bool right : {true, false}) {
    const std::string drawn = call("/v1/prompts", "").body;
    const std::string prompt = drawn.substr(drawn.find(":\"") + 2, 32);
    heard = right ? "4 7" : "4 8";
    const std::string target = "/v1/verify?name=Ada&prompt=" + prompt;
    const HttpResponse answer = call(target, sound);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_NE(answer.body.find(right ? "\"accepted\"" : "\"rejected\""), std::string::npos)
        << answer.body;
    EXPECT_NE(answer.body.find("\"right_voice\":true"), std::string::npos) << answer.body;
    EXPECT_EQ(call(target, sound).status, 409) << "used twice";
  }
}

TEST(WorkQueue, IsBoundedAndFinishesWhatItTook) {
  std::atomic<int> done{0};
  {
    std::atomic<bool> go{false};
    WorkQueue queue(1, 2);
    ASSERT_TRUE(queue.Post([&] {
      while (!go) std::this_thread::yield();
      ++done;
    }));
    while (queue.running() == 0) std::this_thread::yield();
    EXPECT_TRUE(queue.Post([&] { ++done; }));
    EXPECT_TRUE(queue.Post([&] { ++done; }));
    EXPECT_TRUE(queue.full());
    EXPECT_FALSE(queue.Post([&] { ++done; }));
    go = true;
  }
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace vpr
