#!/bin/sh
# ./dev bench queue: a program called queue.py would hide Python's own module of that name from everything in this folder.
exec python "$(dirname "$0")/durable_queue.py" "$@"
