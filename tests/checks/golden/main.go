// Writes the contrib repository's golden data set, the one its testbed's correctness tests send, as OTLP requests: one file for
// each request, named traces-000.pb, metrics-000.pb and so on.
//
// The generator is internal to that repository, so this is built inside a copy of its module (tests/checks/testbed.py).
//
//	golden TESTDATA-FOLDER OUTPUT-FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/internal/coreinternal/goldendataset"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(testdata, output string) error {
	traces, err := goldendataset.GenerateTraces(
		filepath.Join(testdata, "generated_pict_pairs_traces.txt"), filepath.Join(testdata, "generated_pict_pairs_spans.txt"))
	if err != nil {
		return err
	}
	for number, data := range traces {
		content, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(data)
		if err == nil {
			err = write(output, "traces", number, content)
		}
		if err != nil {
			return err
		}
	}
	metrics, err := goldendataset.GenerateMetrics(filepath.Join(testdata, "generated_pict_pairs_metrics.txt"))
	if err != nil {
		return err
	}
	for number, data := range metrics {
		content, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(data)
		if err == nil {
			err = write(output, "metrics", number, content)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func write(folder, signal string, number int, content []byte) error {
	return os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%03d.pb", signal, number)), content, 0o644)
}
