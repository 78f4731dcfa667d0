/** A span as OpenTelemetry means it. Ids are lower-case hex. */
export interface Span {
	traceId: string;
	spanId: string;
	/** '': it is the first of its trace. */
	parentId: string;
	name: string;
	kind: 'server' | 'client' | 'internal';
	/** Epoch ms, with fractions. */
	startMs: number;
	endMs: number;
	/** What failed; '': nothing did. */
	error: string;
	fields: Readonly<Record<string, string | number | boolean>>;
}
