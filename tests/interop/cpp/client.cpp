// Sends one serialized request to an OTLP/gRPC server with grpc++, again and again.
//
//   client ENDPOINT SERVICE FILE [--gzip] [--ca FILE] [--calls N] [--at-once N]
//
// SERVICE is "trace", "metrics" or "logs"; FILE holds an Export…ServiceRequest, "-" for an empty one. Calls are unary and
// generic, on one channel; each answer must be OK. Prints one line for each distinct answer: its count, its gRPC status and
// its bytes in hexadecimal.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Options {
  std::string endpoint, method, content, ca_file;
  bool gzip = false;
  int calls = 1;
  int at_once = 1;
};

std::string read_file(const std::string& path) {
  if (path == "-") return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Options parse(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: client ENDPOINT trace|metrics|logs FILE [--gzip] [--ca FILE] [--calls N] [--at-once N]\n");
    std::exit(2);
  }
  Options options;
  options.endpoint = arguments[1];
  std::string service = arguments[2];
  std::string name = service == "trace" ? "Trace" : service == "metrics" ? "Metrics" : "Logs";
  options.method = "/opentelemetry.proto.collector." + service + ".v1." + name + "Service/Export";
  options.content = read_file(arguments[3]);
  for (int i = 4; i < count; i++) {
    std::string flag = arguments[i];
    if (flag == "--gzip") options.gzip = true;
    if (flag == "--ca" && i + 1 < count) options.ca_file = arguments[++i];
    if (flag == "--calls" && i + 1 < count) options.calls = std::atoi(arguments[++i]);
    if (flag == "--at-once" && i + 1 < count) options.at_once = std::atoi(arguments[++i]);
  }
  return options;
}

struct Call {
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

class Client {
 public:
  explicit Client(const Options& options) : options_(options), stub_(channel(options)) {}

  // All calls, some at once. The distinct outcomes and how often each was seen.
  std::map<std::string, int> run() {
    int started = 0;
    std::map<std::string, int> outcomes;
    for (; started < options_.at_once && started < options_.calls; started++) start();
    for (int finished = 0; finished < options_.calls; finished++) {
      void* tag = nullptr;
      bool is_ok = false;
      if (!queue_.Next(&tag, &is_ok)) break;
      std::unique_ptr<Call> call(static_cast<Call*>(tag));
      outcomes[outcome(*call)]++;
      if (started < options_.calls) {
        start();
        started++;
      }
    }
    return outcomes;
  }

 private:
  static std::shared_ptr<grpc::Channel> channel(const Options& options) {
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (!options.ca_file.empty()) {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = read_file(options.ca_file);
      credentials = grpc::SslCredentials(tls);
    }
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(64 << 20);
    arguments.SetMaxSendMessageSize(64 << 20);
    return grpc::CreateCustomChannel(options.endpoint, credentials, arguments);
  }

  void start() {
    auto call = std::make_unique<Call>();
    if (options_.gzip) call->context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::Slice content(options_.content);
    grpc::ByteBuffer request(&content, 1);
    call->reader = stub_.PrepareUnaryCall(&call->context, options_.method, request, &queue_);
    call->reader->StartCall();
    Call* tag = call.release();  // the completion queue hands it back
    tag->reader->Finish(&tag->answer, &tag->status, tag);
  }

  static std::string outcome(const Call& call) {
    std::string text = std::to_string(call.status.error_code()) + " ";
    if (!call.status.ok()) return text + call.status.error_message();
    std::vector<grpc::Slice> slices;
    if (!call.answer.Dump(&slices).ok()) return text + "unreadable";
    for (const grpc::Slice& slice : slices)
      for (unsigned char byte : slice) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
      }
    return text;
  }

  const Options& options_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
};

}  // namespace

int main(int count, char** arguments) {
  Options options = parse(count, arguments);
  Client client(options);
  std::map<std::string, int> outcomes = client.run();
  bool all_ok = !outcomes.empty();
  for (const auto& [outcome, seen] : outcomes) {
    std::printf("%d %s\n", seen, outcome.c_str());
    all_ok = all_ok && outcome.rfind("0 ", 0) == 0;
  }
  return all_ok ? 0 : 1;
}
