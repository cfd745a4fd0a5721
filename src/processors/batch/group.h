#pragma once

// Which data may travel together: that of one customer with the same values of the chosen metadata, for the same exporters.

#include <memory>
#include <string>
#include <vector>

#include "pipeline/batch.h"

namespace vigia::processors {

// Equal for data that may be merged. `metadata_keys` are in lower case.
std::string group_key(const pipeline::Batch& batch, const std::vector<std::string>& metadata_keys);

// The sender that a merged batch names: the customer and the chosen metadata, nothing that only one of the senders has.
std::shared_ptr<const pipeline::Client> client_of_group(std::shared_ptr<const pipeline::Client> client,
                                                        const std::vector<std::string>& metadata_keys);

}  // namespace vigia::processors
