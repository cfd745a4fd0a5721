#include "pipeline/storage.h"

namespace vigia::pipeline {

Result<const Storage*> find_storage(const std::function<Extension*(const ComponentId&)>& find_extension, const ComponentId& id) {
  for (const std::string& type : spellings_of(id.type)) {
    Extension* extension = find_extension({type, id.name});
    if (!extension) continue;
    if (auto* storage = dynamic_cast<const Storage*>(extension)) return storage;
    return invalid_argument("the extension \"" + id.to_string() + "\" is no storage");
  }
  return invalid_argument("the extension \"" + id.to_string() + "\" does not run; list it in service::extensions");
}

}  // namespace vigia::pipeline
