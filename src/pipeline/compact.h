#pragma once

// Whoever keeps data for more than a second copies it out of its receive buffers when less than half of what those
// buffers pin is live: a slice holds its whole block, and a block is charged whole.

#include "base/bytes.h"

namespace vigia::pipeline {

// The bytes of all distinct blocks that the chain holds.
size_t pinned_bytes(const Chain& chain);

// Moves the chain into one block of its own when less than half of what it pins is live. Says whether it did.
// Slices stay separate: each may be a message of its own.
bool compact(Chain& chain);

}  // namespace vigia::pipeline
