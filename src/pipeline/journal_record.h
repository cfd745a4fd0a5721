#pragma once

// Batches as records of a journal, and back.

#include <memory>

#include "base/status.h"
#include "journal/record.h"
#include "pipeline/batch.h"

namespace vigia::pipeline {

// Takes the packed payload where there is one.
journal::Record to_record(const Batch& batch, int64_t received_ns);
// The body as it is packed; null when it is not.
std::shared_ptr<const Packed> packed_of(const journal::Record& record);
// Unpacks the body. An error says that the record is not what to_record() made.
Result<Batch> to_batch(journal::Record record, MemoryLedger& ledger);

}  // namespace vigia::pipeline
