/** The official protobuf definitions of OTLP, as OpenTelemetry's own exporter ships them. */
import { createRequire } from 'node:module';

export interface OfficialType {
	decode(bytes: Uint8Array): object;
	encode(value: object): { finish(): Uint8Array };
	toObject(value: object, options: object): Record<string, unknown>;
}

const require = createRequire(import.meta.url);
/** The package does not export it, so it is taken by its place beside the package's entry. */
const root = require(
	`${require.resolve('@opentelemetry/otlp-transformer').replace(/index\.js$/, '')}generated/root.js`,
);
const collector = root.opentelemetry.proto.collector;

export const OFFICIAL: Readonly<
	Record<'metrics' | 'logs' | 'traces' | 'metricsAnswer' | 'logsAnswer' | 'tracesAnswer', OfficialType>
> = {
	metrics: collector.metrics.v1.ExportMetricsServiceRequest,
	logs: collector.logs.v1.ExportLogsServiceRequest,
	traces: collector.trace.v1.ExportTraceServiceRequest,
	metricsAnswer: collector.metrics.v1.ExportMetricsServiceResponse,
	logsAnswer: collector.logs.v1.ExportLogsServiceResponse,
	tracesAnswer: collector.trace.v1.ExportTraceServiceResponse,
};

/** Plain values: integers of 64 bits as text, bytes as base64, only the fields that were there. */
export function plain(type: OfficialType, value: object): Record<string, unknown> {
	return type.toObject(value, { longs: String, bytes: String, json: true });
}
