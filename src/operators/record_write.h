#pragma once

// Entries to LogRecords in wire form. Sizes are computed first, so that everything is written once, to its place.

#include "base/bytes.h"
#include "operators/entry.h"

namespace vigia::operators {

// Appends the entry as an item of a scope (RequestWriter::item_tag).
void append_record(Appender& out, Entry& entry);

// The same for an entry that has only a line.
void append_line_record(Appender& out, std::string_view body, const Origin& origin, int64_t observed_ns, int64_t time_ns);

// Replaces `out` by the map's members as KeyValues with the field number 1: the content of a Resource.
void write_resource(std::string& out, Map& resource);

}  // namespace vigia::operators
