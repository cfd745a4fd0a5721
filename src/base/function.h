#pragma once

// A function object that is moved, never copied: what callbacks and tasks are passed as.
// Captures up to 48 bytes stay inside it; larger ones cost one allocation.

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace vigia {

template <typename Signature>
class Function;

template <typename R, typename... Args>
class Function<R(Args...)> {
 public:
  Function() = default;
  Function(std::nullptr_t) {}
  template <typename Callable>
  requires(!std::is_same_v<std::decay_t<Callable>, Function> && std::is_invocable_r_v<R, std::decay_t<Callable>&, Args...>)
      Function(Callable&& callable) {
    using Held = std::decay_t<Callable>;
    if constexpr (fits_inside<Held>) {
      new (&storage_) Held(std::forward<Callable>(callable));
      operations_ = &inside<Held>;
    } else {
      *reinterpret_cast<Held**>(&storage_) = new Held(std::forward<Callable>(callable));
      operations_ = &outside<Held>;
    }
  }
  Function(Function&& other) noexcept { take(other); }
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }
  R operator()(Args... args) {
    CHECK(operations_ != nullptr);
    return operations_->call(&storage_, std::forward<Args>(args)...);
  }

 private:
  struct Operations {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);
    void (*destroy)(void*);
  };
  static constexpr size_t inside_bytes = 48;
  template <typename Held>
  static constexpr bool fits_inside = sizeof(Held) <= inside_bytes &&
                                      alignof(Held) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<Held>;

  template <typename Held>
  static constexpr Operations inside = {
      [](void* held, Args&&... args) -> R { return (*static_cast<Held*>(held))(std::forward<Args>(args)...); },
      [](void* from, void* to) {
        new (to) Held(std::move(*static_cast<Held*>(from)));
        static_cast<Held*>(from)->~Held();
      },
      [](void* held) { static_cast<Held*>(held)->~Held(); }};
  template <typename Held>
  static constexpr Operations outside = {
      [](void* held, Args&&... args) -> R { return (**static_cast<Held**>(held))(std::forward<Args>(args)...); },
      [](void* from, void* to) { *static_cast<Held**>(to) = *static_cast<Held**>(from); },
      [](void* held) { delete *static_cast<Held**>(held); }};

  void take(Function& other) {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_) operations_->move(&other.storage_, &storage_);
  }
  void reset() {
    if (const Operations* operations = std::exchange(operations_, nullptr)) operations->destroy(&storage_);
  }

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[inside_bytes];
};

}  // namespace vigia
