package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/credentials"
)

func traceExporter(ctx context.Context, o options) (*otlptrace.Exporter, error) {
	if o.protocol == "http" {
		settings := []otlptracehttp.Option{otlptracehttp.WithEndpoint(o.endpoint)}
		if o.gzip {
			settings = append(settings, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		}
		if o.caFile == "" {
			return otlptracehttp.New(ctx, append(settings, otlptracehttp.WithInsecure())...)
		}
		config, err := o.tlsConfig()
		if err != nil {
			return nil, err
		}
		return otlptracehttp.New(ctx, append(settings, otlptracehttp.WithTLSClientConfig(config))...)
	}
	settings := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(o.endpoint)}
	if o.gzip {
		settings = append(settings, otlptracegrpc.WithCompressor("gzip"))
	}
	if o.caFile == "" {
		return otlptracegrpc.New(ctx, append(settings, otlptracegrpc.WithInsecure())...)
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	return otlptracegrpc.New(ctx, append(settings, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(config)))...)
}

func spanContext(traceNumber, spanNumber uint64) trace.SpanContext {
	var traceID trace.TraceID
	var spanID trace.SpanID
	binary.BigEndian.PutUint64(traceID[8:], traceNumber+1)
	binary.BigEndian.PutUint64(spanID[:], spanNumber+1)
	state, _ := trace.ParseTraceState("vendor=value,other=x")
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, TraceState: state})
}

func spans(request int) []sdktrace.ReadOnlySpan {
	var stubs tracetest.SpanStubs
	for i := range 50 {
		number := uint64(request*50 + i)
		start := epoch.Add(time.Duration(number) * time.Millisecond)
		stub := tracetest.SpanStub{
			Name: fmt.Sprintf("GET /cart/%d", i), SpanContext: spanContext(number/10, number), SpanKind: trace.SpanKindServer,
			StartTime: start, EndTime: start.Add(1500 * time.Microsecond), Attributes: attributes(i),
			Events:   []sdktrace.Event{{Name: "cache miss", Time: start.Add(time.Microsecond), Attributes: attributes(i)[:1], DroppedAttributeCount: 2}},
			Links:    []sdktrace.Link{{SpanContext: spanContext(999, number), Attributes: attributes(i)[1:2]}},
			Resource: sender(), InstrumentationScope: scope(), DroppedAttributes: 1, DroppedEvents: 2, DroppedLinks: 3,
		}
		if i%10 != 0 {
			stub.Parent = spanContext(number/10, number/10*10)
			stub.SpanKind = trace.SpanKindClient
			stub.Status = sdktrace.Status{Code: codes.Error, Description: "deadlock"}
		}
		stubs = append(stubs, stub)
	}
	return stubs.Snapshots()
}

func sendTraces(ctx context.Context, o options) error {
	exporter, err := traceExporter(ctx, o)
	if err != nil {
		return err
	}
	for request := range o.requests {
		if err := exporter.ExportSpans(ctx, spans(request)); err != nil {
			return err
		}
	}
	return exporter.Shutdown(ctx)
}
