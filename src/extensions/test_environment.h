#pragma once

// What an extension's test needs around it: the parts of a Context, running loops, and a plain HTTP question. For tests only.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "config/section.h"
#include "config/yaml_reader.h"
#include "pipeline/component.h"

namespace vigia::extensions {

class TestEnvironment {
 public:
  TestEnvironment() : loops(clock, 1), resolver(net::Resolver::create(loops)) { loops.start(); }
  ~TestEnvironment() {
    background.stop();
    loops.stop();
  }

  pipeline::Context context(const std::string& id) {
    return {pipeline::ComponentId{id, ""},
            Logger(),
            metrics,
            clock,
            files,
            ledger,
            loops,
            background,
            *resolver,
            [this](const pipeline::ComponentId& wanted) -> pipeline::Extension* {
              auto found = extensions.find(wanted.to_string());
              return found == extensions.end() ? nullptr : found->second;
            },
            [this](const std::string& name, int port) { ports[name] = port; },
            "test"};
  }

  // What the factory makes of a section; errors become the test's text.
  std::unique_ptr<pipeline::Extension> create(const pipeline::ExtensionFactory& factory, const std::string& yaml, std::string& errors) {
    config::Diagnostics diagnostics;
    auto node = config::read_yaml(std::make_shared<config::Source>(config::Source{"test.yaml", yaml}), diagnostics);
    if (!node) return nullptr;
    std::any config;
    {
      config::Section section(*node, "", diagnostics);
      config = factory.decode(section);
    }
    for (const config::Diagnostic& error : diagnostics.errors()) errors += error.path + ": " + error.message + "\n";
    if (diagnostics.has_errors()) return nullptr;
    auto created = factory.create(context(factory.type), config);
    if (!created.is_ok()) {
      errors = created.status().message();
      return nullptr;
    }
    return std::move(created).value();
  }

  // Waits until the component has stopped.
  void stop(pipeline::Component& component, int64_t within_ms = 5000) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_stopped = false;
    component.stop(clock.steady_ms() + within_ms, [&] {
      std::lock_guard lock(mutex);
      is_stopped = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_stopped; });
    // As the graph does before it destroys anybody: what was under way on the loop has ended.
    is_stopped = false;
    loops.at(0).post([&] {
      std::lock_guard guard(mutex);
      is_stopped = true;
      changed.notify_all();
    });
    changed.wait(lock, [&] { return is_stopped; });
  }

  // The whole answer to an HTTP/1.1 request, head and body.
  static std::string ask(int port, const std::string& method, const std::string& path, const std::string& headers = "",
                         const std::string& body = "") {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    std::string answer;
    if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      std::string request = method + " " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers;
      if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      request += "\r\n" + body;
      (void)!write(descriptor, request.data(), request.size());
      char block[65536];
      for (ssize_t count; (count = read(descriptor, block, sizeof block)) > 0;) answer.append(block, static_cast<size_t>(count));
    }
    close(descriptor);
    return answer;
  }

  SystemClock clock;
  SystemFiles files;
  MemoryLedger ledger;
  MetricRegistry metrics;
  net::LoopGroup loops;
  net::BackgroundLoop background{clock};
  std::unique_ptr<net::Resolver> resolver;
  std::map<std::string, int> ports;
  std::map<std::string, pipeline::Extension*> extensions;
};

}  // namespace vigia::extensions
