#pragma once

// A batch: what flows through a pipeline. It holds telemetry in wire form and never an object tree.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/compress.h"
#include "base/function.h"
#include "base/status.h"
#include "otlp/signal.h"

namespace vigia::pipeline {

// Who sent the data: shared by all that came in one request. Immutable.
struct Client {
  std::string peer_address;
  // Request headers and gRPC metadata (lower-case names), kept where the receiver has include_metadata.
  std::vector<std::pair<std::string, std::string>> metadata;
  // The customer that the credential or the receiver's key `customer` names; "" when neither does.
  std::string customer;
};

// Exporters of a pipeline, one bit each in the pipeline's order: whom data is still for. What is read again from a journal is for one.
constexpr uint64_t all_branches = ~uint64_t{0};
constexpr size_t most_branches = 64;

// A record of a journal that somebody still has to deal with (DESIGN, idea 4). When all receipts of a record have been
// settled, its journal may forget it. A receipt that is dropped unsettled leaves the record to be read again. Pipelines without
// a journal have no receipts.
class Receipt {
 public:
  class Record {
   public:
    virtual ~Record() = default;
    // All holders have settled.
    virtual void on_released() = 0;
    // Some holder let go without settling; no holder is left.
    virtual void on_kept() = 0;
  };

  // `branches`: which of the pipeline's exporters it is about.
  explicit Receipt(std::shared_ptr<Record> record, uint64_t branches = all_branches);
  Receipt(const Receipt& other);
  Receipt(Receipt&&) noexcept = default;
  Receipt& operator=(Receipt other) noexcept;
  ~Receipt();

  // Exported, sealed, decided, dropped by a filter or set aside as a dead letter.
  void settle();
  uint64_t branches() const { return branches_; }
  // It has come to its branch: what lies behind has branches of its own, and it is about all of them.
  void widen() { branches_ = all_branches; }

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  uint64_t branches_ = all_branches;
};

// How much room something needs in a queue.
struct Load {
  size_t requests = 1;
  size_t items = 0;
  size_t bytes = 0;
  uint64_t branches = all_branches;  // Of the next fan-out: those that are asked.
  size_t stored_bytes = 0;           // As it would lie on a disk.
};

// Room that was set aside in queues, given back when it is dropped unused. It keeps the books of its queue alive, so that it may
// outlast the component: a reload can retire an exporter between reserve() and consume().
class Reservation {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void give_back(const Load& load) = 0;
  };

  Reservation() = default;
  Reservation(std::shared_ptr<Owner> owner, const Load& load) : owner_(std::move(owner)), load_(load) {}
  explicit Reservation(std::vector<Reservation> branches) : branches_(std::move(branches)) {}
  Reservation(Reservation&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), load_(other.load_), branches_(std::move(other.branches_)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(load_, other.load_);
    std::swap(branches_, other.branches_);
    return *this;
  }
  ~Reservation() {
    if (owner_) owner_->give_back(load_);
  }

  // The room was used: the owner now counts the batch itself. Says whether this was `owner`'s room.
  bool use(const Owner& owner) {
    if (owner_.get() != &owner) return false;
    owner_ = nullptr;
    return true;
  }
  const Load& load() const { return load_; }
  // One for each branch of a fan-out, in its order; empty when there is none.
  std::vector<Reservation>& branches() { return branches_; }

 private:
  std::shared_ptr<Owner> owner_;
  Load load_;
  std::vector<Reservation> branches_;
};

// A payload as it came over the wire.
struct Packed {
  Compression compression = Compression::none;
  Slice body;
};

struct Batch {
  otlp::Signal signal = otlp::Signal::traces;
  // Every slice is a whole, valid Export…ServiceRequest of the signal, so that batches merge by joining their lists.
  Chain payload;
  size_t item_count = 0;
  std::shared_ptr<const Client> client;
  std::vector<Receipt> receipts;
  uint64_t branches = all_branches;
  Reservation reservation;
  // The same as the payload, for whoever stores it; there only until somebody keeps or changes the batch.
  std::shared_ptr<const Packed> packed = nullptr;

  Load load() const { return {1, item_count, payload.size(), all_branches, packed ? packed->body.size() : payload.size()}; }
  // The same data for another consumer: slices and receipts are shared, room is not.
  Batch share() const;
  // Settles all receipts: the data has been dealt with.
  void settle();
};

// How a consumer answers: OK when it has taken responsibility, else why not.
using Done = Function<void(Status)>;

// Anything that takes batches. Called on the event loops, and on the control thread while components are stopped.
class Consumer {
 public:
  virtual ~Consumer() = default;

  // Sets aside room for a batch of this size all the way to the next queues, or says why there is none.
  // A consumer that buffers with a limit of its own, or that needs no room, gives an empty reservation.
  virtual Result<Reservation> reserve(const Load& load) = 0;

  // Takes the batch. `done` is called once, at once or later, on any thread. A batch that comes with a reservation of this
  // consumer's is not refused for want of room. A reservation of somebody else's, or none, is no error.
  virtual void consume(Batch batch, Done done) = 0;
};

}  // namespace vigia::pipeline
