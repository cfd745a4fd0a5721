#pragma once

// Joining and cutting batches.

#include <string_view>

#include "pipeline/batch.h"
#include "pipeline/sender_config.h"

namespace vigia::pipeline {

// Whether data of these senders may travel in one batch.
bool is_same_client(const Client* a, const Client* b);

// Adds the data and receipts of `more`; reservations are let go. REQUIRES: the same signal and branches.
void merge_into(Batch& batch, Batch&& more);

size_t size_of(const Load& load, Sizer sizer);

// Parts of at most `max_size` items or bytes; a single item may be larger. The receipts are shared by all parts, so that they are
// settled when all parts are. A max_size of 0, and a batch that fits, give the batch itself.
std::vector<Batch> split_batch(Batch batch, size_t max_size, Sizer sizer, MemoryLedger& ledger);

}  // namespace vigia::pipeline
