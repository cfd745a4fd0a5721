#pragma once

// Where entries come from: a file, a connection. Made once by the receiver, used for all its entries.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/value.h"

namespace vigia::operators {

class Origin {
 public:
  // `source` tells apart what must not be recombined with one another; for files it is the file's path.
  explicit Origin(std::string source) : source_(std::move(source)) {}

  // What each entry from here has. Setting a key again replaces it; that is cheap for a number that changes with every entry.
  void set_attribute(std::string_view key, std::string_view text) { attributes_.set(key, text); }
  void set_attribute(std::string_view key, int64_t number) { attributes_.set(key, number); }
  void set_resource(std::string_view key, std::string_view text) { resource_.set(key, text); }
  void set_resource(std::string_view key, int64_t number) { resource_.set(key, number); }

  const std::string& source() const { return source_; }

  // KeyValues as field 6 of a LogRecord, and as field 1 of a Resource.
  std::string_view attributes_wire() const { return attributes_.wire(6); }
  std::string_view resource_wire() const { return resource_.wire(1); }
  // The same as a map whose texts live as long as this.
  Map* attributes(Arena& arena) const { return attributes_.map(arena); }
  Map* resource(Arena& arena) const { return resource_.map(arena); }

 private:
  class Group {
   public:
    void set(std::string_view key, std::string_view text);
    void set(std::string_view key, int64_t number);
    std::string_view wire(uint32_t field_number) const;
    Map* map(Arena& arena) const;

   private:
    struct Item {
      std::string key;
      std::string text;
      int64_t number = 0;
      bool is_number = false;
    };
    Item& item(std::string_view key);

    std::vector<Item> items_;
    mutable std::string wire_;
    mutable bool is_wire_current_ = true;
  };

  std::string source_;
  Group attributes_;
  Group resource_;
};

}  // namespace vigia::operators
