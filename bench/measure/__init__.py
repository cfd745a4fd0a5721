"""What benchmarks are made of: processes that are pinned and measured, systems under test, reports. Standard library only."""
