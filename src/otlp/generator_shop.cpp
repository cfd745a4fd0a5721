#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "otlp/generator_internal.h"

namespace vigia::otlp {

namespace {

constexpr std::array<std::string_view, 20> service_names = {
    "web",      "gateway",  "cart",      "checkout", "payment",  "pricing", "catalog", "search", "suggestions", "inventory",
    "shipping", "tracking", "invoicing", "accounts", "sessions", "reviews", "media",   "mail",   "fraud-check", "warehouse"};
constexpr std::array<std::string_view, 12> resource_names = {"carts",   "orders",   "items",   "accounts", "payments", "prices",
                                                             "parcels", "sessions", "reviews", "images",   "invoices", "stock"};
constexpr std::array<std::string_view, 4> methods = {"GET", "POST", "GET", "PUT"};
constexpr std::array<std::string_view, 5> languages = {"java", "go", "nodejs", "python", "dotnet"};
constexpr std::array<std::string_view, 3> regions = {"eu-west-1", "eu-central-1", "us-east-1"};
constexpr size_t operations_per_service = 6;

Service build_service(size_t number) {
  Service service;
  service.name = service_names[number % service_names.size()];
  if (number >= service_names.size()) service.name += fmt::format("-{}", number / service_names.size() + 1);
  for (size_t i = 0; i < operations_per_service; i++) {
    Operation operation;
    operation.method = methods[(number + i) % methods.size()];
    operation.prefix = fmt::format("/api/v1/{}", resource_names[(number * 5 + i / 2) % resource_names.size()]);
    operation.has_id = i % 2 == 1;
    operation.route = operation.prefix + (operation.has_id ? "/{id}" : "");
    operation.name = operation.method + " " + operation.route;
    if (operation.has_id) operation.prefix += '/';
    service.operations.push_back(std::move(operation));
  }
  return service;
}

std::string build_resource(const Service& service, size_t service_number, size_t instance_number, Dice& dice) {
  constexpr uint32_t attributes = 1;
  std::string resource;
  std::string_view region = regions[instance_number % regions.size()];
  uint64_t id = dice.bits();
  append_attribute(resource, attributes, "service.name", service.name);
  append_attribute(resource, attributes, "service.version", fmt::format("2.{}.{}", service_number, instance_number % 3));
  append_attribute(resource, attributes, "service.instance.id", fmt::format("{:016x}-{:08x}", id, dice.bits() >> 32));
  append_attribute(resource, attributes, "deployment.environment.name", "production");
  append_attribute(resource, attributes, "host.name",
                   fmt::format("ip-10-{}-{}-{}.{}.compute.internal", instance_number % 250, service_number % 250, id % 250, region));
  append_attribute(resource, attributes, "cloud.region", region);
  append_attribute(resource, attributes, "k8s.namespace.name", "shop");
  append_attribute(resource, attributes, "k8s.pod.name", fmt::format("{}-{:09x}-{:05x}", service.name, id >> 28, id & 0xFFFFF));
  append_attribute(resource, attributes, "telemetry.sdk.language", languages[service_number % languages.size()]);
  append_int_attribute(resource, attributes, "process.pid", static_cast<int64_t>(1 + id % 30'000));
  return resource;
}

void build_vocabulary(Shop& shop, Dice& dice) {
  for (size_t i = 0; i < 12; i++) {
    shop.user_agents.push_back(fmt::format("Mozilla/5.0 (X11; Linux x86_64; rv:1{}.0) Firefox/1{}.0", 20 + i, 20 + i));
    shop.user_agents.push_back(fmt::format("ShopApp/4.{} (Android 1{})", i, 1 + i % 5));
  }
  for (size_t i = 0; i < 2'000; i++) {
    uint64_t address = dice.bits();
    shop.addresses.push_back(fmt::format("10.{}.{}.{}", address & 255, address >> 8 & 255, address >> 16 & 255));
  }
  for (std::string_view table : resource_names) {
    shop.statements.push_back(fmt::format("SELECT id, name, state, created_at FROM {} WHERE id = $1", table));
    shop.statements.push_back(fmt::format("UPDATE {} SET state = $1, updated_at = now() WHERE id = $2", table));
  }
}

}  // namespace

Shop build_shop(const DataSetOptions& options) {
  Dice dice(mixed(options.seed, 1));
  Shop shop;
  for (size_t s = 0; s < options.services; s++) {
    shop.services.push_back(build_service(s));
    for (size_t i = 0; i < options.instances; i++) shop.instances.push_back({s, build_resource(shop.services.back(), s, i, dice)});
  }
  build_vocabulary(shop, dice);
  return shop;
}

std::vector<size_t> group_sizes(const DataSetOptions& options) {
  size_t count = options.resources_per_request;
  if (count == 0) count = std::max<size_t>(1, options.batch / 200);
  std::vector<size_t> sizes(count, options.batch / count);
  for (size_t i = 0; i < options.batch % count; i++) sizes[i]++;
  return sizes;
}

void append_resource_group(Appender& out, const Instance& instance, std::string_view scope_name, std::string_view items) {
  NestedMessage group(out, bytes_tag(1), items.size() + 600);
  append_bytes_field(out, 1, instance.resource);
  NestedMessage scoped(out, bytes_tag(2), items.size() + 100);
  NestedMessage scope(out, bytes_tag(1), 50);
  append_bytes_field(out, 1, scope_name);
  append_bytes_field(out, 2, "2.11.0");
  scope.close();
  out.append(items);
  scoped.close();
  append_bytes_field(out, 3, "https://opentelemetry.io/schemas/1.37.0");
  group.close();
}

std::string attribute(uint32_t number, std::string_view key, std::string_view value) {
  std::string out;
  append_attribute(out, number, key, value);
  return out;
}

}  // namespace vigia::otlp
