"""Senders that go on whatever happens to the program, and keep the books of what they were answered."""

import random
import threading

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from crash_books import SPANS
from durable import numbered_spans

SENDERS = 8
PADDINGS = (0, 20, 200, 2000)  # bytes a span: requests of 2 to 100 KB


class Load:
    def __init__(self, books):
        self._books = books
        self._changed = threading.Condition()
        self._stub, self._channel, self._life = None, None, 0
        self._is_over = False
        self._threads = [threading.Thread(target=self._send_all, args=(seed,), daemon=True) for seed in range(SENDERS)]

    def aim(self, address):
        """A new life of the program listens there."""
        with self._changed:
            if self._channel:
                self._channel.close()
            self._channel = grpc.insecure_channel(address)
            self._stub = TraceServiceStub(self._channel)
            self._life += 1
            self._changed.notify_all()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        if self._channel:
            self._channel.close()

    def _send_all(self, seed):
        chance, failed_life = random.Random(seed), 0
        while True:
            with self._changed:
                # After a failure a sender waits for the next life, or a moment: the program may only have refused.
                self._changed.wait_for(lambda: self._is_over or self._life > failed_life, 0.1 if failed_life else None)
                if self._is_over:
                    return
                stub, life = self._stub, self._life
            failed_life = 0 if self._send(stub, chance) else life

    def _send(self, stub, chance):
        request = self._books.new_request()
        message = numbered_spans(request * SPANS, SPANS, padding=chance.choice(PADDINGS))
        try:
            stub.Export(message, timeout=10)
        except (grpc.RpcError, ValueError):  # ValueError: the channel was closed, since a new life has begun
            self._books.refused(request)
            return False
        self._books.acknowledged(request)
        return True
