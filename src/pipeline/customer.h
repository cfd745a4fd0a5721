#pragma once

// Whose the data of a receiver is: its key `customer`, for data that nobody sends with a credential. All of it is that customer's, whatever the
// data says about itself.
//
//   void decode(config::Section& in, Config& out) { pipeline::decode_customer(in, out.customer); … }
//
//   batch.client = pipeline::client_of(config.customer);                      // keeps it apart from others' data within this program
//   writer.open_resource(pipeline::customer_resource(config.customer));       // and says it to whoever gets it
//
// Without the key both are empty: the data says whose it is, or nobody does.

#include <memory>
#include <string>

#include "config/section.h"
#include "pipeline/batch.h"

namespace vigia::pipeline {

void decode_customer(config::Section& section, std::string& customer);

// Null when there is nothing to say.
std::shared_ptr<const Client> client_of(const std::string& customer, const std::string& peer_address = {});

// The attribute in wire form, as field 1 of a Resource.
std::string customer_resource(const std::string& customer);

}  // namespace vigia::pipeline
