#include "processors/batch/group.h"

#include <algorithm>

namespace vigia::processors {

namespace {

// Lengths keep ("a", "bc") and ("ab", "c") apart.
void append_part(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

}  // namespace

std::string group_key(const pipeline::Batch& batch, const std::vector<std::string>& metadata_keys) {
  const pipeline::Client* client = batch.client.get();
  std::string key;
  // What is read again for one exporter must not reach the others.
  if (batch.branches != pipeline::all_branches) append_part(key, std::to_string(batch.branches));
  if (!client || (client->customer.empty() && metadata_keys.empty())) return key;
  std::string sender;
  append_part(sender, client->customer);
  for (size_t i = 0; i < metadata_keys.size(); i++)
    for (const auto& [name, value] : client->metadata) {
      if (name != metadata_keys[i]) continue;
      append_part(sender, std::to_string(i));
      append_part(sender, value);
    }
  // A sender of whom nothing is known is the same as none.
  return sender == "0:" ? key : key + "/" + sender;
}

std::shared_ptr<const pipeline::Client> client_of_group(std::shared_ptr<const pipeline::Client> client,
                                                        const std::vector<std::string>& metadata_keys) {
  if (!client || (client->customer.empty() && metadata_keys.empty())) return nullptr;
  auto shared = std::make_shared<pipeline::Client>();
  shared->customer = client->customer;
  for (const auto& entry : client->metadata)
    if (std::find(metadata_keys.begin(), metadata_keys.end(), entry.first) != metadata_keys.end()) shared->metadata.push_back(entry);
  return shared;
}

}  // namespace vigia::processors
