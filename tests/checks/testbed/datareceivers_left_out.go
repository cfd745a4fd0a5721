package datareceivers

import "github.com/open-telemetry/opentelemetry-collector-contrib/testbed/testbed"

// What the tables of the testbed's tests name beside OTLP, and whose modules are not to be had. The cases are never run.

func NewSFxMetricsDataReceiver(int) testbed.DataReceiver { return nil }
func NewSplunkHECDataReceiver(int) testbed.DataReceiver  { return nil }
