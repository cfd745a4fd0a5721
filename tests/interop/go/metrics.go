package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/credentials"
)

func metricExporter(ctx context.Context, o options) (metric.Exporter, error) {
	if o.protocol == "http" {
		settings := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpoint(o.endpoint)}
		if o.gzip {
			settings = append(settings, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
		}
		if o.caFile == "" {
			return otlpmetrichttp.New(ctx, append(settings, otlpmetrichttp.WithInsecure())...)
		}
		config, err := o.tlsConfig()
		if err != nil {
			return nil, err
		}
		return otlpmetrichttp.New(ctx, append(settings, otlpmetrichttp.WithTLSClientConfig(config))...)
	}
	settings := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpoint(o.endpoint)}
	if o.gzip {
		settings = append(settings, otlpmetricgrpc.WithCompressor("gzip"))
	}
	if o.caFile == "" {
		return otlpmetricgrpc.New(ctx, append(settings, otlpmetricgrpc.WithInsecure())...)
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	return otlpmetricgrpc.New(ctx, append(settings, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(config)))...)
}

func exemplar(when time.Time) metricdata.Exemplar[float64] {
	return metricdata.Exemplar[float64]{Time: when, Value: 1.5, SpanID: []byte("12345678"), TraceID: []byte("1234567890abcdef"),
		FilteredAttributes: attributes(1)[:1]}
}

func metrics(request int) *metricdata.ResourceMetrics {
	when := epoch.Add(time.Duration(request) * time.Second)
	set := attribute.NewSet(attributes(request)...)
	value := float64(request) + 0.1
	smallest, largest := metricdata.NewExtrema(0.1), metricdata.NewExtrema(9.5)
	return &metricdata.ResourceMetrics{Resource: sender(), ScopeMetrics: []metricdata.ScopeMetrics{{Scope: scope(), Metrics: []metricdata.Metrics{
		{Name: "temperature", Unit: "Cel", Description: "a gauge", Data: metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{
			{Attributes: set, Time: when, Value: value}}}},
		{Name: "requests", Unit: "1", Data: metricdata.Sum[int64]{Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
			DataPoints: []metricdata.DataPoint[int64]{{Attributes: set, StartTime: epoch, Time: when, Value: int64(request) << 40}}}},
		{Name: "balance", Data: metricdata.Sum[float64]{Temporality: metricdata.DeltaTemporality, DataPoints: []metricdata.DataPoint[float64]{
			{Attributes: set, StartTime: epoch, Time: when, Value: -value, Exemplars: []metricdata.Exemplar[float64]{exemplar(when)}}}}},
		{Name: "duration", Unit: "ms", Data: metricdata.Histogram[float64]{Temporality: metricdata.DeltaTemporality,
			DataPoints: []metricdata.HistogramDataPoint[float64]{{Attributes: set, StartTime: epoch, Time: when, Count: 6, Sum: 20.5,
				Bounds: []float64{1, 5}, BucketCounts: []uint64{1, 2, 3}, Min: smallest, Max: largest,
				Exemplars: []metricdata.Exemplar[float64]{exemplar(when)}}}}},
		{Name: "sizes", Data: metricdata.ExponentialHistogram[float64]{Temporality: metricdata.CumulativeTemporality,
			DataPoints: []metricdata.ExponentialHistogramDataPoint[float64]{{Attributes: set, StartTime: epoch, Time: when, Count: 7, Sum: 3.5, Scale: -2,
				ZeroCount: 1, ZeroThreshold: 1e-6, Min: smallest, Max: largest,
				PositiveBucket: metricdata.ExponentialBucket{Offset: -3, Counts: []uint64{1, 2, 300}},
				NegativeBucket: metricdata.ExponentialBucket{Offset: 4, Counts: []uint64{1}}}}}},
		{Name: "quantiles", Data: metricdata.Summary{DataPoints: []metricdata.SummaryDataPoint{{Attributes: set, StartTime: epoch, Time: when, Count: 2,
			Sum: 3, QuantileValues: []metricdata.QuantileValue{{Quantile: 0.99, Value: 2.5}}}}}},
	}}}}
}

func sendMetrics(ctx context.Context, o options) error {
	exporter, err := metricExporter(ctx, o)
	if err != nil {
		return err
	}
	for request := range o.requests {
		if err := exporter.Export(ctx, metrics(request)); err != nil {
			return err
		}
	}
	return exporter.Shutdown(ctx)
}
