package main

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"google.golang.org/grpc/credentials"
)

func logExporter(ctx context.Context, o options) (sdklog.Exporter, error) {
	if o.protocol == "http" {
		settings := []otlploghttp.Option{otlploghttp.WithEndpoint(o.endpoint)}
		if o.gzip {
			settings = append(settings, otlploghttp.WithCompression(otlploghttp.GzipCompression))
		}
		if o.caFile == "" {
			return otlploghttp.New(ctx, append(settings, otlploghttp.WithInsecure())...)
		}
		config, err := o.tlsConfig()
		if err != nil {
			return nil, err
		}
		return otlploghttp.New(ctx, append(settings, otlploghttp.WithTLSClientConfig(config))...)
	}
	settings := []otlploggrpc.Option{otlploggrpc.WithEndpoint(o.endpoint)}
	if o.gzip {
		settings = append(settings, otlploggrpc.WithCompressor("gzip"))
	}
	if o.caFile == "" {
		return otlploggrpc.New(ctx, append(settings, otlploggrpc.WithInsecure())...)
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	return otlploggrpc.New(ctx, append(settings, otlploggrpc.WithTLSCredentials(credentials.NewTLS(config)))...)
}

func records(request int) []sdklog.Record {
	var all []sdklog.Record
	source := scope()
	for i := range 50 {
		when := epoch.Add(time.Duration(request*50+i) * time.Millisecond)
		context := spanContext(uint64(request), uint64(i))
		body := attribute.MapValue(attribute.String("text", fmt.Sprintf("línea %d", i)),
			attribute.Slice("list", attribute.Float64Value(0.5), attribute.ByteSliceValue([]byte{0, 255})))
		if i%2 == 0 {
			body = attribute.StringValue(fmt.Sprintf("carrito %d vacío", i))
		}
		factory := logtest.RecordFactory{
			EventName: "cart.emptied", Timestamp: when, ObservedTimestamp: when.Add(time.Millisecond), Severity: log.SeverityWarn2,
			SeverityText: "WARN", Body: body, Attributes: append(attributes(i), attribute.Map("m", attribute.Int("x", 1))),
			TraceID: context.TraceID(), SpanID: context.SpanID(), TraceFlags: context.TraceFlags(), Resource: sender(), InstrumentationScope: &source,
			DroppedAttributes: 3,
		}
		all = append(all, factory.NewRecord())
	}
	return all
}

func sendLogs(ctx context.Context, o options) error {
	exporter, err := logExporter(ctx, o)
	if err != nil {
		return err
	}
	for request := range o.requests {
		if err := exporter.Export(ctx, records(request)); err != nil {
			return err
		}
	}
	return exporter.Shutdown(ctx)
}
