#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "net/interfaces.h"
#include "processors/resourcedetection/detector.h"
#include "processors/resourcedetection/system_facts.h"

namespace vigia::processors {

namespace {

class SystemDetector final : public Detector, public std::enable_shared_from_this<SystemDetector> {
 public:
  SystemDetector(const pipeline::Context& context, const ResourceDetectionConfig& config, net::EventLoop& loop)
      : context_(context), sources_(config.hostname_sources), loop_(loop) {}

  void detect(Done done) override {
    done_ = std::move(done);
    // Files are read where waiting harms nobody.
    context_.background.loop().post([self = shared_from_this()] {
      SystemFacts facts = read_system_facts(self->context_.files);
      self->loop_.post([self, facts = std::move(facts)]() mutable { self->on_facts(std::move(facts)); });
    });
  }

  void abandon(Function<void()> abandoned) override {
    is_abandoned_ = true;
    // Behind what may still be on its way there.
    context_.background.loop().post(std::move(abandoned));
  }

 private:
  void on_facts(SystemFacts facts) {
    if (is_abandoned_) return;
    facts_ = std::move(facts);
    try_source(0);
  }

  // The first source that knows a name gives it.
  void try_source(size_t index) {
    if (index == sources_.size()) {
      done_(unavailable("no source of hostname_sources knows the host's name; add \"os\" to them"));
      return;
    }
    auto on_name = [self = shared_from_this(), index](Result<std::string> name) {
      if (self->is_abandoned_) return;
      if (name.is_ok() && !name->empty())
        self->finish(*name);
      else
        self->try_source(index + 1);
    };
    if (facts_.hostname.empty())
      on_name(not_found("the host has no name"));
    else if (sources_[index] == HostnameSource::os)
      on_name(facts_.hostname);
    else if (sources_[index] == HostnameSource::lookup)
      look_up_by_address(std::move(on_name));
    else
      context_.resolver.canonical_name(facts_.hostname, std::move(on_name));
  }

  void look_up_by_address(net::Resolver::NameDone on_name) {
    context_.resolver.resolve(
        facts_.hostname, 0,
        [self = shared_from_this(), on_name = std::move(on_name)](Result<std::vector<net::SocketAddress>> found) mutable {
          if (self->is_abandoned_) return;
          if (!found.is_ok()) return on_name(std::move(found).status());
          self->addresses_ = std::move(*found);
          self->try_address(0, std::move(on_name));
        });
  }
  void try_address(size_t index, net::Resolver::NameDone on_name) {
    if (index == addresses_.size()) return on_name(not_found("no address of the host has a name"));
    net::SocketAddress address = addresses_[index];
    context_.resolver.name_of(address, [self = shared_from_this(), index, on_name = std::move(on_name)](Result<std::string> name) mutable {
      if (self->is_abandoned_) return;
      if (name.is_ok())
        on_name(std::move(name));
      else
        self->try_address(index + 1, std::move(on_name));
    });
  }

  void finish(const std::string& hostname) {
    FoundAttributes found;
    found.add("host.name", hostname);
    found.merge(facts_.attributes);
    done_(std::move(found));
  }

  const pipeline::Context context_;
  const std::vector<HostnameSource> sources_;
  net::EventLoop& loop_;
  Done done_;
  SystemFacts facts_;
  std::vector<net::SocketAddress> addresses_;
  bool is_abandoned_ = false;
};

}  // namespace

std::shared_ptr<Detector> new_system_detector(const pipeline::Context& context, const ResourceDetectionConfig& config,
                                              net::EventLoop& loop) {
  return std::make_shared<SystemDetector>(context, config, loop);
}

}  // namespace vigia::processors
