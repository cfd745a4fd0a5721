// Sends telemetry with the exporters of the OpenTelemetry SDK for Go.
//
// The data is the same at every run, times and ids included: what one receiver got can be compared with what another got.
//
//	client -signal traces|metrics|logs -protocol grpc|http -endpoint localhost:4317 [-gzip] [-ca server.crt] [-requests 3]
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
)

type options struct {
	signal, protocol, endpoint, caFile string
	gzip                               bool
	requests                           int
}

// The moment at which everything happens.
var epoch = time.Unix(1_760_000_000, 123_456_789).UTC()

func main() {
	var o options
	flag.StringVar(&o.signal, "signal", "traces", "traces, metrics or logs")
	flag.StringVar(&o.protocol, "protocol", "grpc", "grpc or http")
	flag.StringVar(&o.endpoint, "endpoint", "localhost:4317", "host:port")
	flag.StringVar(&o.caFile, "ca", "", "the authority to trust; without it the connection is not encrypted")
	flag.BoolVar(&o.gzip, "gzip", false, "compress")
	flag.IntVar(&o.requests, "requests", 3, "how many requests")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := send(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(ctx context.Context, o options) error {
	switch o.signal {
	case "traces":
		return sendTraces(ctx, o)
	case "metrics":
		return sendMetrics(ctx, o)
	case "logs":
		return sendLogs(ctx, o)
	}
	return fmt.Errorf("no such signal: %s", o.signal)
}

func (o options) tlsConfig() (*tls.Config, error) {
	pem, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + o.caFile)
	}
	return &tls.Config{RootCAs: pool}, nil
}

func sender() *resource.Resource {
	return resource.NewWithAttributes("https://opentelemetry.io/schemas/1.26.0",
		attribute.String("service.name", "go-client"),
		attribute.Int64("process.pid", 4242),
		attribute.StringSlice("pods", []string{"a", "ñ", ""}))
}

func scope() instrumentation.Scope {
	return instrumentation.Scope{Name: "interop", Version: "1.2.3", SchemaURL: "https://opentelemetry.io/schemas/1.24.0",
		Attributes: attribute.NewSet(attribute.Bool("test", true))}
}

func attributes(number int) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("text", fmt.Sprintf("línea %d", number)),
		attribute.Int("number", -number),
		attribute.Float64("ratio", 0.25),
		attribute.Bool("flag", number%2 == 0),
		attribute.Int64Slice("list", []int64{1, -2, 1 << 62}),
	}
}
