/** OpenTelemetry's names for what the registry holds under Prometheus' ones. */
import type { Unit } from '../core/metric.ts';

const NAMES: Readonly<Record<string, string>> = {
	http_server_request_duration_seconds: 'http.server.request.duration',
	http_client_request_duration_seconds: 'http.client.request.duration',
};

const LABELS: Readonly<Record<string, string>> = {
	http_request_method: 'http.request.method',
	http_response_status_code: 'http.response.status_code',
	http_route: 'http.route',
	url_scheme: 'url.scheme',
	error_type: 'error.type',
	server_address: 'server.address',
	server_port: 'server.port',
};

const UNITS: Readonly<Record<Unit, string>> = { number: '1', seconds: 's', bytes: 'By', ratio: '1' };

/** Conventions under their own names, Ballast's metrics as they are; `_total` is Prometheus' word and added by it. */
export function otelName(name: string): string {
	return NAMES[name] ?? name.replace(/_total$/, '');
}

export const otelLabel = (name: string): string => LABELS[name] ?? name;

export const otelUnit = (unit: Unit): string => UNITS[unit];

/** As Prometheus names a metric or label that a peer sent: `http.route` → `http_route`; '' when nothing is left. */
export function prometheusName(name: string): string {
	const plain = name.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/^(?=\d)/, '_');
	return /[a-zA-Z0-9]/.test(plain) ? plain : '';
}

/** What a unit of UCUM adds to a metric's name; those that are not listed add nothing. */
const SUFFIXES: Readonly<Record<string, string>> = {
	s: '_seconds',
	ms: '_milliseconds',
	us: '_microseconds',
	ns: '_nanoseconds',
	min: '_minutes',
	h: '_hours',
	d: '_days',
	By: '_bytes',
	KiBy: '_kibibytes',
	MiBy: '_mebibytes',
	GiBy: '_gibibytes',
	V: '_volts',
	A: '_amperes',
	W: '_watts',
	Cel: '_celsius',
	'%': '_percent',
};

/** With the suffixes that Prometheus' own OTLP receiver would give it. */
export function prometheusMetricName(name: string, unit: string, kind: 'counter' | 'gauge' | 'histogram'): string {
	const plain = prometheusName(name);
	if (plain === '') return '';
	const suffix = SUFFIXES[unit] ?? (unit === '1' && kind === 'gauge' ? '_ratio' : '');
	const stem = plain.replace(/_total$/, '');
	const withUnit = suffix === '' || stem.endsWith(suffix) ? stem : stem + suffix;
	return kind === 'counter' ? `${withUnit}_total` : kind === 'gauge' && suffix === '' ? plain : withUnit;
}
