#pragma once

// What functions of lists share, those with predicates and those without.

#include <vector>

#include "operators/expression_internal.h"

namespace vigia::operators {

// The list, or null and a failure.
const List* as_list(Evaluation& evaluation, const Value& value);
// An empty list with room; null and a failure when that is too much.
List* new_list(Evaluation& evaluation, size_t count);
Value values_of(Evaluation& evaluation, const Map& map);
// The elements in the order of their keys; `order` is asc, desc or null. Fails when some keys have no order among them.
Value sorted(Evaluation& evaluation, const List& list, std::vector<Value> keys, const Value* order);

}  // namespace vigia::operators
