#pragma once

// Edits of telemetry in wire form, in one forward copy.
//
//   Slice kept = filter_messages(slice, Level::item, [](const Place& place, std::string_view span) { return … ; });
//   Slice edited = rewrite_messages(slice, Level::resource, [](const Place& place, std::string_view old, Appender& out) {
//     out.append(old);
//     append_attribute(out, …);
//   });
//   Slice both = rewrite_some(slice, Level::item, decide, edit);   // decide() returns keep, drop or edit
//
// A request is walked down to the messages of one level, in their order. What is kept is copied in long runs together with
// everything around it, unknown fields included; lengths of the messages around are fixed when they close. The copy begins at
// the first change, so a request without any is given back as the same slice, without a copy.
//
// Dropping: a ScopeX without items, a ResourceX without ScopeX and a metric without data points are removed too, also those
// that came so (the Collector's filter does the same), except that a metric of no kind stays. When nothing is left the slice is
// empty. Levels beside the items (events, links, resources, scopes) never take the messages around them along.
//
// Adding: a ResourceX without a Resource (ScopeX without a scope) counts as one with an empty one, at levels resource and scope.
//
// Cost: a memcpy of the whole plus a walk down to the level, plus what the callbacks do.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "otlp/metric_view.h"
#include "otlp/span_view.h"
#include "otlp/view.h"
#include "otlp/wire.h"

namespace vigia::otlp {

// What is visited. An item is a Span, a Metric or a LogRecord.
enum class Level : uint8_t { resource_group, resource, scope_group, scope, item, span_event, span_link, data_point };

// What lies around a visited message, as far as it has been entered.
struct Place {
  ResourceGroup group;
  ScopeGroup scope_group;
  std::string_view item;                      // at levels below the item
  MetricKind metric_kind = MetricKind::none;  // at level data_point
};

enum class Verdict : uint8_t { keep, drop, edit };

// A copy of a request with some fields left out, replaced or added. Fields must be changed in the order in which they stand.
class PatchedCopy {
 public:
  // A message that has been entered. Lives as long as it is open.
  class Enclosing {
   private:
    friend class PatchedCopy;
    Enclosing* outer_ = nullptr;
    Field field_;
    size_t begin_in_copy_ = 0;
    std::optional<NestedMessage> copy_;  // once something in it has changed
  };

  explicit PatchedCopy(const Slice& source) : source_(source), out_(source.buffer().ledger()), run_begin_(source.data()) {}

  void enter(Enclosing& message, const Field& field) {
    message.field_ = field;
    message.outer_ = std::exchange(innermost_, &message);
  }
  void leave(Enclosing& message) {
    innermost_ = message.outer_;
    if (!message.copy_) return;
    copy_until(end_of(message.field_.content));
    message.copy_->close();
  }
  // Leaves the message that was entered out of the copy, whatever was copied of it.
  void leave_dropping(Enclosing& message) {
    innermost_ = message.outer_;
    if (!message.copy_) return drop(message.field_.whole);
    out_.truncate(message.begin_in_copy_);
    run_begin_ = end_of(message.field_.whole);
  }

  void drop(std::string_view whole_field) {
    if (whole_field.empty()) return;
    begin_change(whole_field.data(), source_.size());
    run_begin_ = end_of(whole_field);
  }
  // The content becomes what write(Appender&) appends. An empty `field.whole` adds a field in front of where it points.
  template <typename Write>
  void replace(const Field& field, Write&& write) {
    begin_change(field.whole.data(), source_.size() + source_.size() / 4 + 256);
    NestedMessage message(out_, field.tag, field.content.size() + field.content.size() / 4);
    write(out_);
    message.close();
    run_begin_ = end_of(field.whole);
  }

  bool is_changed() const { return is_changed_; }
  // The copy, or the source when nothing changed.
  Slice finish() {
    if (!is_changed_) return source_;
    copy_until(source_.data() + source_.size());
    return out_.take();
  }

 private:
  static const char* end_of(std::string_view bytes) { return bytes.data() + bytes.size(); }

  void begin_change(const char* at, size_t expected_size) {
    if (!is_changed_) {
      is_changed_ = true;
      out_.reserve(expected_size);
    }
    open(innermost_);
    copy_until(at);
  }
  void open(Enclosing* message) {
    if (!message || message->copy_) return;
    open(message->outer_);
    const Field& field = message->field_;
    copy_until(field.whole.data());
    message->begin_in_copy_ = out_.size();
    message->copy_.emplace(out_, field.tag, field.content.size());
    run_begin_ = field.content.data();
  }
  void copy_until(const char* at) {
    out_.append({run_begin_, static_cast<size_t>(at - run_begin_)});
    run_begin_ = at;
  }

  Slice source_;
  Appender out_;
  const char* run_begin_;  // of what has neither been copied nor left out
  Enclosing* innermost_ = nullptr;
  bool is_changed_ = false;
};

// The walk behind the functions below.
template <typename Decide, typename Edit>
class Rewriting {
 public:
  Rewriting(const Slice& source, Level level, bool removes_empty, Decide& decide, Edit& edit)
      : copy_(source), level_(level), removes_empty_(removes_empty), decide_(decide), edit_(edit) {}

  Slice run(std::string_view request) {
    Children groups = for_children(request, bytes_tag(1), [&](const Field& field) { return visit_group(field); });
    if (removes_empty_ && groups.kept == 0) return {};
    return copy_.finish();
  }

 private:
  struct Children {
    size_t seen = 0;
    size_t kept = 0;
  };
  template <typename Visit>
  static Children for_children(std::string_view message, uint32_t tag, Visit&& visit) {
    Children children;
    Cursor cursor(message);
    Field field;
    while (cursor.next(field)) {
      if (field.tag != tag) continue;
      children.seen++;
      if (visit(field)) children.kept++;
    }
    return children;
  }

  // Each of these says whether the message stays.
  bool visit_group(const Field& field) {
    place_.group = ResourceGroup(field.content);
    if (level_ == Level::resource_group) return decide_and_act(field);
    return within(field, [&] {
      if (level_ == Level::resource) return visit_only_child(field.content);
      Children scopes = for_children(field.content, bytes_tag(2), [&](const Field& child) { return visit_scope_group(child); });
      return scopes.kept > 0;
    });
  }
  bool visit_scope_group(const Field& field) {
    place_.scope_group = ScopeGroup(field.content);
    if (level_ == Level::scope_group) return decide_and_act(field);
    return within(field, [&] {
      if (level_ == Level::scope) return visit_only_child(field.content);
      Children items = level_ == Level::item
                           ? for_children(field.content, bytes_tag(2), [&](const Field& child) { return decide_and_act(child); })
                           : for_children(field.content, bytes_tag(2), [&](const Field& child) { return visit_in_item(child); });
      return items.kept > 0;
    });
  }
  bool visit_in_item(const Field& field) {
    place_.item = field.content;
    return within(field, [&] {
      if (level_ == Level::data_point) return visit_metric(field.content);
      uint32_t number = level_ == Level::span_event ? SpanView::events_number : SpanView::links_number;
      for_children(field.content, bytes_tag(number), [&](const Field& child) { return decide_and_act(child); });
      return true;
    });
  }
  bool visit_metric(std::string_view metric) {
    Cursor cursor(metric);
    Field data;
    while (cursor.next(data)) {
      place_.metric_kind = data.type() == WireType::length ? metric_kind_of(data.id()) : MetricKind::none;
      if (place_.metric_kind == MetricKind::none) continue;
      return within(data, [&] {
        return for_children(data.content, bytes_tag(1), [&](const Field& point) { return decide_and_act(point); }).kept > 0;
      });
    }
    return true;
  }

  template <typename Visit>
  bool within(const Field& field, Visit&& visit) {
    PatchedCopy::Enclosing message;
    copy_.enter(message, field);
    if (visit() || !removes_empty_) {
      copy_.leave(message);
      return true;
    }
    copy_.leave_dropping(message);
    return false;
  }
  // A Resource or a scope, which may be missing.
  bool visit_only_child(std::string_view parent) {
    Field field;
    if (!find_field(parent, bytes_tag(1), field)) {
      field = {};
      field.tag = bytes_tag(1);
      field.whole = parent.substr(0, 0);
      field.content = field.whole;
    }
    decide_and_act(field);
    return true;
  }
  bool decide_and_act(const Field& field) {
    switch (decide_(std::as_const(place_), field.content)) {
      case Verdict::keep:
        return true;
      case Verdict::drop:
        copy_.drop(field.whole);
        return false;
      case Verdict::edit:
        copy_.replace(field, [&](Appender& out) { edit_(std::as_const(place_), field.content, out); });
        return true;
    }
    return true;
  }

  PatchedCopy copy_;
  Place place_;
  Level level_;
  bool removes_empty_;
  Decide& decide_;
  Edit& edit_;
};

// decide(const Place&, std::string_view message) → Verdict; edit(const Place&, std::string_view old, Appender& out) appends
// the content of the message that takes the old one's place.
template <typename Decide, typename Edit>
Slice rewrite_some(const Slice& request, Level level, Decide&& decide, Edit&& edit) {
  if (request.empty()) return request;
  bool removes_empty = level == Level::resource_group || level == Level::scope_group || level == Level::item || level == Level::data_point;
  return Rewriting(request, level, removes_empty, decide, edit).run(request.view());
}

// Keeps the messages for which keep(const Place&, std::string_view message) is true.
template <typename Keep>
Slice filter_messages(const Slice& request, Level level, Keep&& keep) {
  auto decide = [&](const Place& place, std::string_view message) { return keep(place, message) ? Verdict::keep : Verdict::drop; };
  auto edit = [](const Place&, std::string_view, Appender&) {};
  return rewrite_some(request, level, decide, edit);
}

// Passes every message of the level through edit(const Place&, std::string_view old, Appender& out). Nothing is removed.
template <typename Edit>
Slice rewrite_messages(const Slice& request, Level level, Edit&& edit) {
  if (request.empty()) return request;
  auto decide = [](const Place&, std::string_view) { return Verdict::edit; };
  return Rewriting(request, level, false, decide, edit).run(request.view());
}

}  // namespace vigia::otlp
