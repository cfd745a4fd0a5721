// The hot paths, one at a time, over a fixed data set: what tests/instructions.py counts the instructions of.
//
//   hot_paths NAME ROUNDS
//
// prints how many items a round has. Two runs of different lengths give the cost of a round without what surrounds it.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/compress.h"
#include "net/test_session.h"
#include "otlp/attribute_edit.h"
#include "otlp/count.h"
#include "otlp/generator.h"
#include "otlp/json_read.h"
#include "otlp/json_write.h"
#include "otlp/rewrite.h"
#include "otlp/split.h"
#include "otlp/validate.h"
#include "otlp/wire.h"
#include "receivers/prometheus/point_writer.h"
#include "receivers/prometheus/scrape_body.h"
#include "receivers/prometheus/scrape_round.h"

namespace vigia {
namespace {

constexpr size_t items_per_request = 1000;

Slice request_of(otlp::Signal signal, MemoryLedger& ledger) {
  otlp::DataSetOptions options;
  options.signal = signal;
  options.batch = items_per_request;
  auto generator = otlp::Generator::create(options);
  CHECK(generator.is_ok());
  Appender out(ledger);
  generator->next_request(out);
  return out.take();
}

otlp::ConstantEdits upserts(std::initializer_list<std::string_view> keys) {
  std::string value;
  otlp::append_bytes_field(value, 1, "a value of some length");
  otlp::ConstantEdits edits;
  for (std::string_view key : keys) CHECK(edits.upsert(key, value));
  return edits;
}

Slice edited(const Slice& request, otlp::Level level, uint32_t attributes_number, const otlp::ConstantEdits& edits) {
  return otlp::rewrite_messages(
      request, level, [&](const otlp::Place&, std::string_view message, Appender& out) { edits.apply(message, attributes_number, out); });
}

// A gRPC request as it comes from the socket: 16 KB DATA frames, in reads of 256 KB.
std::string grpc_frames(uint32_t stream, std::string_view message) {
  std::string body = net::grpc_prefix(0, static_cast<uint32_t>(message.size()));
  body += message;
  std::string frames = net::grpc_headers(stream);
  for (size_t at = 0; at < body.size(); at += 16'384)
    frames += net::http2_data(stream, std::string_view(body).substr(at, 16'384), at + 16'384 >= body.size());
  return frames;
}

void receive_grpc(net::TestSession& session, std::string_view frames) {
  constexpr size_t read_bytes = 256 * 1024;
  for (size_t at = 0; at < frames.size(); at += read_bytes) session.session->receive(frames.substr(at, read_bytes));
  session.output();
}

// A page of a thousand series, as plain numbers or as histograms of eight buckets each.
std::string exposition(bool has_histograms) {
  std::string text;
  for (int i = 0; i < static_cast<int>(items_per_request); i++) {
    int number = has_histograms ? i / 10 : i;
    int part = has_histograms ? i % 10 : 0;
    if (i % 100 == 0) {
      std::string family = "shop_family_" + std::to_string(i / 100) + (has_histograms ? "_seconds" : "_total");
      text += "# HELP " + family + " What the shop counts.\n# TYPE " + family + (has_histograms ? " histogram\n" : " counter\n");
    }
    text += "shop_family_" + std::to_string(i / 100) +
            (!has_histograms ? "_total"
             : part < 8      ? "_seconds_bucket"
             : part == 8     ? "_seconds_sum"
                             : "_seconds_count");
    text += "{route=\"/api/v1/route/" + std::to_string(number % 37) + "\",method=\"GET\",code=\"" + std::to_string(200 + number % 5) +
            "\",pod=\"shop-" + std::to_string(1000 + number) + "\"";
    if (has_histograms && part < 8) text += ",le=\"" + (part == 7 ? "+Inf" : "0." + std::to_string(1 + part)) + "\"";
    text += "} " + std::to_string(number * 31 % 9973) + (part == 8 ? ".25\n" : "\n");
  }
  return text;
}

// A target that is scraped again and again, as the receiver does it.
struct Scraped {
  Scraped(MemoryLedger& to_charge, std::string page, bool is_compressed) : ledger(to_charge), body(std::move(page)) {
    head.set("content-type", "text/plain; version=0.0.4");
    job.limits.body_bytes = 1 << 30;
    if (!is_compressed) return;
    body = std::string(compress(Compression::gzip, Chain(Slice::copy_of(body, ledger)), ledger)->view());
    head.set("content-encoding", "gzip");
  }

  void scrape() {
    constexpr size_t read_bytes = 64 * 1024;
    receivers::ScrapeRound round(job, target, external_labels, table, 1'700'000'000'000);
    receivers::ScrapeBody text(job, ledger, [&] { return take(round, text); });
    CHECK(text.open(head).is_ok());
    round.begin(text.parser());
    for (size_t at = 0; at < body.size(); at += read_bytes) CHECK(text.add(std::string_view(body).substr(at, read_bytes)).is_ok());
    CHECK(text.end().is_ok() && take(round, text).is_ok());
    round.finish();
    receivers::PointWriter writer(settings, job, target, external_labels, table, ledger);
    writer.begin(round);
    while (writer.write_slice()) {
    }
    CHECK(!writer.take().empty() && round.counts().kept == items_per_request);
    table.forget_unseen();
  }
  static Status take(receivers::ScrapeRound& round, receivers::ScrapeBody& text) {
    round.take(text.parser(), SIZE_MAX);
    return round.error();
  }

  MemoryLedger& ledger;
  std::string body;
  net::Headers head;
  receivers::ScrapeJob job;
  receivers::Target target;
  receivers::WriterSettings settings;
  prometheus::LabelList external_labels;
  receivers::SeriesTable table{"shop", "localhost:9100", 7};
};

using Round = std::function<void(size_t round)>;

std::map<std::string, std::function<Round(MemoryLedger&)>> hot_paths() {
  using otlp::Signal;
  std::map<std::string, std::function<Round(MemoryLedger&)>> paths;
  for (Signal signal : otlp::all_signals) {
    std::string name(signal_name(signal));
    paths["validate_" + name] = [signal](MemoryLedger& ledger) -> Round {
      return [request = request_of(signal, ledger), signal, &ledger](size_t) {
        CHECK(otlp::validate(signal, request, ledger)->item_count == items_per_request);
      };
    };
  }
  paths["count_traces"] = [](MemoryLedger& ledger) -> Round {
    return [request = request_of(Signal::traces, ledger)](size_t) {
      CHECK(otlp::count_items(Signal::traces, request.view()) == items_per_request);
    };
  };
  paths["upsert_2_in_resources"] = [](MemoryLedger& ledger) -> Round {
    return [request = request_of(Signal::traces, ledger), edits = upserts({"customer.id", "deployment.environment"})](size_t) {
      CHECK(edited(request, otlp::Level::resource, otlp::ResourceView::attributes_number, edits).size() > request.size());
    };
  };
  paths["upsert_4_in_spans"] = [](MemoryLedger& ledger) -> Round {
    return [request = request_of(Signal::traces, ledger), edits = upserts({"tenant.id", "collector.zone", "http.route", "thread.id"})](
               size_t) { CHECK(edited(request, otlp::Level::item, otlp::SpanView::attributes_number, edits).size() > request.size()); };
  };
  for (std::string name : {"scrape_text", "scrape_gzip", "scrape_histograms"})
    paths[name] = [name](MemoryLedger& ledger) -> Round {
      auto scraped = std::make_shared<Scraped>(ledger, exposition(name == "scrape_histograms"), name == "scrape_gzip");
      return [scraped](size_t) { scraped->scrape(); };
    };
  paths["json_to_wire"] = [](MemoryLedger& ledger) -> Round {
    Appender json(ledger);
    otlp::write_json(Signal::traces, Chain(request_of(Signal::traces, ledger)), json);
    return [text = std::string(json.view()), &ledger](size_t) { CHECK(otlp::read_json(Signal::traces, text, ledger).is_ok()); };
  };
  paths["receive_grpc"] = [](MemoryLedger& ledger) -> Round {
    auto session = std::make_shared<net::TestSession>(net::new_http2_session);
    session->service.max_body_bytes = 4 << 20;
    session->exchange(std::string(net::http2_client_preface) + net::http2_frame(4, 0, 0, ""));
    Slice request = request_of(Signal::traces, ledger);
    return [session, request](size_t round) { receive_grpc(*session, grpc_frames(static_cast<uint32_t>(1 + 2 * round), request.view())); };
  };
  return paths;
}

int run(const std::string& name, size_t rounds) {
  auto paths = hot_paths();
  if (name == "list") {
    for (const auto& [known, path] : paths) std::printf("%s\n", known.c_str());
    return 0;
  }
  auto path = paths.find(name);
  if (path == paths.end()) return 1;
  MemoryLedger ledger;
  {
    Round round = path->second(ledger);
    for (size_t i = 0; i < rounds; i++) round(i);
  }
  std::printf("%zu\n", items_per_request);
  return 0;
}

}  // namespace
}  // namespace vigia

int main(int argc, char** argv) {
  if (argc < 2) return 1;
  return vigia::run(argv[1], argc > 2 ? static_cast<size_t>(std::atoll(argv[2])) : 1);
}
