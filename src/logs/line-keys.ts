/** The keys of a line of the access log, ready to be put. */

const key = (name: string, opening = ''): Uint8Array => Buffer.from(`,"${name}":${opening}`, 'latin1');
export const TIMESTAMP: Uint8Array = Buffer.from('{"timestamp":"', 'latin1');
export const SEVERITY: Readonly<Record<'info' | 'warn' | 'error', Uint8Array>> = {
	info: Buffer.from('","severity_text":"INFO"'),
	warn: Buffer.from('","severity_text":"WARN"'),
	error: Buffer.from('","severity_text":"ERROR"'),
};
export const TRACE_ID: Uint8Array = key('trace_id', '"');
export const SPAN_ID: Uint8Array = key('span_id', '"');
export const SERVICE: Uint8Array = key('service.name', '"');
export const METHOD: Uint8Array = key('http.request.method', '"');
export const PATH: Uint8Array = key('url.path', '"');
export const QUERY: Uint8Array = key('url.query', '"');
export const ROUTE: Uint8Array = key('http.route', '"');
export const STATUS: Uint8Array = key('http.response.status_code');
export const ERROR: Uint8Array = key('error.type', '"');
export const ADDRESS: Uint8Array = key('client.address', '"');
export const PROTOCOL: Uint8Array = key('network.protocol.version', '"');
export const AGENT: Uint8Array = key('user_agent.original', '"');
export const REQUEST_BYTES: Uint8Array = key('http.request.body.size');
export const RESPONSE_BYTES: Uint8Array = key('http.response.body.size');
export const DURATION: Uint8Array = key('duration_s');
export const UPSTREAM: Uint8Array = key('upstream.id', '"');
export const ATTEMPTS: Uint8Array = key('upstream.attempts');
export const UPSTREAM_DURATION: Uint8Array = key('upstream.duration_s');
export const CACHE: Uint8Array = key('cache.status', '"');
export const QUEUE: Uint8Array = key('queue_s');
export const WEIGHT: Uint8Array = key('weight');
