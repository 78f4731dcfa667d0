/** What an instance must know to send its telemetry here, as OpenTelemetry's SDKs read it. */
export interface TelemetryOwner {
	service: string;
	instance: string;
	/** Where we receive. */
	host: string;
	port: number;
	/** null: none is asked for. */
	token: string | null;
	/** Share of traces that are kept, 0…1. */
	sample: number;
}

/**
 * Variables for a process that we start. What its operator sets in `env` wins over them: put these first.
 * (OpenTelemetry, "Environment Variable Specification" and "OTLP Exporter Configuration")
 */
export function otelEnvironment({
	service,
	instance,
	host,
	port,
	token,
	sample,
}: TelemetryOwner): Record<string, string> {
	const at = host.includes(':') ? `[${host}]` : host;
	return {
		OTEL_SERVICE_NAME: service,
		OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${escaped(instance)}`,
		OTEL_EXPORTER_OTLP_ENDPOINT: `http://${at}:${port}`,
		OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
		OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
		// What we decided for a request holds for its whole trace; what begins in the instance is sampled alike.
		OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
		OTEL_TRACES_SAMPLER_ARG: String(sample),
		...(token === null ? {} : { OTEL_EXPORTER_OTLP_HEADERS: `authorization=${escaped(`Bearer ${token}`)}` }),
	};
}

/** A value in a list as of W3C baggage: what separates is percent-encoded. */
const escaped = (value: string): string => encodeURIComponent(value);
