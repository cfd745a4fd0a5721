package datasenders

import "github.com/open-telemetry/opentelemetry-collector-contrib/testbed/testbed"

// What the tables of the testbed's tests name beside OTLP, and whose modules are not to be had. The cases are never run.

func NewSFxMetricDataSender(int) testbed.MetricDataSender         { return nil }
func NewOtelarrowDataSender(string, int) testbed.MetricDataSender { return nil }
