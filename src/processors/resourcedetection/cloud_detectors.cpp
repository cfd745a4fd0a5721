// The detectors that ask a service: docker, ec2, gcp, azure and aks.

#include <algorithm>

#include <fmt/core.h>

#include "base/regex.h"
#include "base/text.h"
#include "processors/resourcedetection/detector.h"
#include "processors/resourcedetection/metadata_client.h"

namespace vigia::processors {

namespace {

class AskingDetector : public Detector, public std::enable_shared_from_this<AskingDetector> {
 public:
  AskingDetector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms)
      : client_(std::make_shared<MetadataClient>(context, config.endpoint, timeout_ms)), environment_(context.environment) {
    for (const std::string& pattern : config.tag_patterns)
      if (auto regex = Regex::compile(pattern); regex.is_ok()) tag_patterns_.push_back(std::move(*regex));
  }

  void detect(Done done) final {
    done_ = std::move(done);
    begin();
  }
  void abandon(Function<void()> abandoned) final {
    is_abandoned_ = true;
    // The client must not go before it has closed.
    client_->close([client = client_, abandoned = std::move(abandoned)]() mutable { abandoned(); });
  }

 protected:
  virtual void begin() = 0;

  // Asks, and goes on with the answer unless nobody waits for it any more.
  void ask(MetadataClient::Question question, MetadataClient::Done next) {
    client_->ask(std::move(question), [self = shared_from_this(), next = std::move(next)](Result<std::string> answer) mutable {
      if (!self->is_abandoned_) next(std::move(answer));
    });
  }
  // The same where nothing can go on without the answer.
  void must_ask(MetadataClient::Question question, Function<void(std::string)> next) {
    ask(std::move(question), [this, next = std::move(next)](Result<std::string> answer) mutable {
      if (answer.is_ok())
        next(std::move(*answer));
      else
        done_(std::move(answer).status());
    });
  }
  void must_ask_document(MetadataClient::Question question, Function<void(config::Node)> next) {
    must_ask(std::move(question), [this, next = std::move(next)](std::string answer) mutable {
      Result<config::Node> document = parse_document(answer);
      if (document.is_ok())
        next(std::move(*document));
      else
        done_(std::move(document).status());
    });
  }
  bool wants_tag(std::string_view name) const {
    return std::any_of(tag_patterns_.begin(), tag_patterns_.end(), [&](const Regex& one) { return one.is_found_in(name); });
  }
  bool has_tag_patterns() const { return !tag_patterns_.empty(); }
  bool is_in_kubernetes() const { return environment_ && !environment_("KUBERNETES_SERVICE_HOST").value_or("").empty(); }
  void finish() { done_(std::move(found_)); }

  FoundAttributes found_;
  Done done_;

 private:
  std::shared_ptr<MetadataClient> client_;
  std::function<std::optional<std::string>(const std::string&)> environment_;
  std::vector<Regex> tag_patterns_;
  bool is_abandoned_ = false;
};

class DockerDetector final : public AskingDetector {
 public:
  using AskingDetector::AskingDetector;

 private:
  void begin() override {
    must_ask_document({"/info"}, [this](const config::Node& info) {
      found_.add("host.name", text_at(info, {"Name"}));
      found_.add("os.type", text_at(info, {"OSType"}));
      finish();
    });
  }
};

// IMDSv2: a token, then the instance's document, its name, and its tags one by one.
class Ec2Detector final : public AskingDetector {
 public:
  using AskingDetector::AskingDetector;

 private:
  MetadataClient::Question question(std::string path) const { return {std::move(path), "GET", {{"x-aws-ec2-metadata-token", token_}}}; }

  void begin() override {
    must_ask({"/latest/api/token", "PUT", {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}}}, [this](std::string token) {
      token_ = trim(token);
      must_ask_document(question("/latest/dynamic/instance-identity/document"),
                        [this](const config::Node& identity) { on_identity(identity); });
    });
  }
  void on_identity(const config::Node& identity) {
    found_.add("cloud.provider", "aws");
    found_.add("cloud.platform", "aws_ec2");
    found_.add("cloud.region", text_at(identity, {"region"}));
    found_.add("cloud.account.id", text_at(identity, {"accountId"}));
    found_.add("cloud.availability_zone", text_at(identity, {"availabilityZone"}));
    found_.add("host.id", text_at(identity, {"instanceId"}));
    found_.add("host.image.id", text_at(identity, {"imageId"}));
    found_.add("host.type", text_at(identity, {"instanceType"}));
    must_ask(question("/latest/meta-data/hostname"), [this](const std::string& name) {
      found_.add("host.name", trim(name));
      if (!has_tag_patterns()) return finish();
      ask_tags();
    });
  }
  void ask_tags() {
    ask(question("/latest/meta-data/tags/instance"), [this](Result<std::string> names) {
      if (!names.is_ok())
        return done_(
            std::move(names).status().with_context("cannot read the instance's tags; allow tags in its metadata (InstanceMetadataTags)"));
      for (std::string_view name : split(*names, '\n'))
        if (wants_tag(trim(name)) && tags_.size() < most_tags) tags_.emplace_back(trim(name));
      ask_tag(0);
    });
  }
  void ask_tag(size_t index) {
    if (index == tags_.size()) return finish();
    ask(question("/latest/meta-data/tags/instance/" + tags_[index]), [this, index](const Result<std::string>& value) {
      if (value.is_ok()) found_.add("ec2.tag." + tags_[index], *value);
      ask_tag(index + 1);
    });
  }

  static constexpr size_t most_tags = 50;  // AWS allows no more.
  std::string token_;
  std::vector<std::string> tags_;
};

// "projects/123/zones/us-central1-c" → "us-central1-c".
std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class GcpDetector final : public AskingDetector {
 public:
  using AskingDetector::AskingDetector;

 private:
  void begin() override {
    must_ask_document({"/computeMetadata/v1/?recursive=true", "GET", {{"metadata-flavor", "Google"}}},
                      [this](const config::Node& all) { on_document(all); });
  }
  void on_document(const config::Node& all) {
    bool is_gke = is_in_kubernetes();
    found_.add("cloud.provider", "gcp");
    found_.add("cloud.platform", is_gke ? "gcp_kubernetes_engine" : "gcp_compute_engine");
    found_.add("cloud.account.id", text_at(all, {"project", "projectId"}));
    std::string zone = last_part(text_at(all, {"instance", "zone"}));
    if (is_gke) {
      found_.add("k8s.cluster.name", text_at(all, {"instance", "attributes", "cluster-name"}));
      zone = text_at(all, {"instance", "attributes", "cluster-location"});
    } else {
      found_.add("host.type", last_part(text_at(all, {"instance", "machineType"})));
      found_.add("gcp.gce.instance.name", text_at(all, {"instance", "name"}));
      found_.add("gcp.gce.instance.hostname", text_at(all, {"instance", "hostname"}));
    }
    add_place(zone);
    found_.add("host.id", text_at(all, {"instance", "id"}));
    found_.add("host.name", text_at(all, {"instance", "name"}));
    finish();
  }
  // "us-central1-c" is a zone, "us-central1" a region.
  void add_place(const std::string& place) {
    bool is_zone = std::count(place.begin(), place.end(), '-') == 2;
    if (is_zone) found_.add("cloud.availability_zone", place);
    found_.add("cloud.region", is_zone ? place.substr(0, place.rfind('-')) : place);
  }
};

class AzureDetector final : public AskingDetector {
 public:
  AzureDetector(bool is_aks, const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms)
      : AskingDetector(context, config, timeout_ms), is_aks_(is_aks) {}

 private:
  void begin() override {
    if (is_aks_ && !is_in_kubernetes()) return finish();
    must_ask_document({"/metadata/instance/compute?api-version=2020-09-01&format=json", "GET", {{"metadata", "True"}}},
                      [this](const config::Node& compute) {
                        found_.add("cloud.provider", "azure");
                        if (is_aks_)
                          add_cluster(compute);
                        else
                          add_machine(compute);
                        finish();
                      });
  }
  void add_machine(const config::Node& compute) {
    found_.add("cloud.platform", "azure_vm");
    std::string name = text_at(compute, {"osProfile", "computerName"});
    found_.add("host.name", name.empty() ? text_at(compute, {"name"}) : name);
    found_.add("cloud.region", text_at(compute, {"location"}));
    found_.add("host.id", text_at(compute, {"vmId"}));
    found_.add("cloud.account.id", text_at(compute, {"subscriptionId"}));
    found_.add("cloud.availability_zone", text_at(compute, {"zone"}));
    found_.add("azure.vm.name", text_at(compute, {"name"}));
    found_.add("azure.vm.size", text_at(compute, {"vmSize"}));
    found_.add("azure.vm.scaleset.name", text_at(compute, {"vmScaleSetName"}));
    found_.add("azure.resourcegroup.name", text_at(compute, {"resourceGroupName"}));
    const config::MapEntry* tags = compute.find("tagsList");
    if (!tags) return;
    for (const config::Node& tag : tags->value.items)
      if (std::string name_of_tag = text_at(tag, {"name"}); wants_tag(name_of_tag))
        found_.add("azure.tag." + name_of_tag, text_at(tag, {"value"}));
  }
  // The group of a cluster's machines is called MC_<group>_<cluster>_<location>, unless somebody chose another name or one with underscores.
  void add_cluster(const config::Node& compute) {
    found_.add("cloud.platform", "azure_aks");
    std::string group = text_at(compute, {"resourceGroupName"});
    std::vector<std::string_view> parts = split(group, '_');
    bool is_telling = parts.size() == 4 && equals_ignoring_case(parts[0], "MC");
    found_.add("k8s.cluster.name", is_telling ? parts[2] : std::string_view(group));
  }

  const bool is_aks_;
};

}  // namespace

std::shared_ptr<Detector> new_docker_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms) {
  return std::make_shared<DockerDetector>(context, config, timeout_ms);
}

std::shared_ptr<Detector> new_ec2_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms) {
  return std::make_shared<Ec2Detector>(context, config, timeout_ms);
}

std::shared_ptr<Detector> new_gcp_detector(const pipeline::Context& context, const DetectorConfig& config, int64_t timeout_ms) {
  return std::make_shared<GcpDetector>(context, config, timeout_ms);
}

std::shared_ptr<Detector> new_azure_detector(std::string_view name, const pipeline::Context& context, const DetectorConfig& config,
                                             int64_t timeout_ms) {
  return std::make_shared<AzureDetector>(name == "aks", context, config, timeout_ms);
}

}  // namespace vigia::processors
