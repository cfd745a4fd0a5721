#include "net/http.h"

#include "base/text.h"

namespace vigia::net {

void Headers::add(std::string_view lower_case_name, std::string_view value) { fields_.emplace_back(lower_case_name, trim(value)); }

void Headers::set(std::string_view lower_case_name, std::string_view value) {
  for (auto& [name, old] : fields_)
    if (name == lower_case_name) {
      old = trim(value);
      return;
    }
  add(lower_case_name, value);
}

std::string_view Headers::get(std::string_view lower_case_name) const {
  for (const auto& [name, value] : fields_)
    if (name == lower_case_name) return value;
  return {};
}

bool Headers::has(std::string_view lower_case_name) const {
  for (const auto& field : fields_)
    if (field.first == lower_case_name) return true;
  return false;
}

bool is_media_type(std::string_view content_type, std::string_view lower_case_type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), lower_case_type);
}

Response text_response(int status, std::string_view content_type, std::string_view body, MemoryLedger& ledger) {
  Response response;
  response.status = status;
  response.headers.add("content-type", content_type);
  response.body.append(Slice::copy_of(body, ledger));
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

}  // namespace vigia::net
