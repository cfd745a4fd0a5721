#pragma once

// What the bearertokenauth extension is configured with, and the extension.

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "pipeline/component.h"

namespace vigia::extensions {

struct BearerTokenConfig {
  std::string header = "Authorization";
  std::string scheme = "Bearer";  // "" sends the bare token
  std::vector<std::string> tokens;
  std::string filename;  // one token in each line; goes before `tokens`
};

BearerTokenConfig decode_bearer_token(config::Section& section);

// Receivers accept any of the tokens, exporters send the first. A file is read again when it has changed.
class BearerTokenExtension final : public pipeline::Extension, public pipeline::ServerAuthenticator, public pipeline::ClientAuthenticator {
 public:
  static constexpr int64_t file_check_interval_ms = 1000;
  static constexpr size_t max_tokens = 10'000;

  BearerTokenExtension(const pipeline::Context& context, BearerTokenConfig config);

  Status start() override;
  Result<std::string> authenticate(const std::function<std::string_view(std::string_view)>& header) const override;
  std::pair<std::string, std::string> credentials() const override;

 private:
  using Values = std::shared_ptr<const std::vector<std::string>>;  // of the header, with the scheme

  struct State {
    Values values;
    int64_t checked_ms = 0;
    int64_t modified_ns = 0;
  };

  Result<Values> read_file() const;
  Values with_scheme(const std::vector<std::string>& tokens) const;
  Values current_values() const;
  void follow_file(State& state) const;

  pipeline::Context context_;
  BearerTokenConfig config_;
  std::string header_name_;  // lower case
  // Mutable: the file is looked at when somebody asks.
  mutable Guarded<State> state_;
};

}  // namespace vigia::extensions
