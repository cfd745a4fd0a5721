#pragma once

// Batches as records of a journal, and back.

#include "journal/record.h"
#include "pipeline/batch.h"

namespace vigia::pipeline {

journal::Record to_record(const Batch& batch, int64_t received_ns);
Batch to_batch(journal::Record record);

}  // namespace vigia::pipeline
