/** Whole requests of each signal, with the resource that they are of. */
import type { LogEntry } from '../core/log-entry.ts';
import type { Span } from '../core/span.ts';
import { attributesOf, type Fields } from './attributes.ts';
import type { Resource, Scope } from './common-messages.ts';
import { encode } from './encode.ts';
import { LOGS_REQUEST } from './log-messages.ts';
import { recordOf } from './log-records.ts';
import { METRICS_REQUEST, type Metric } from './metric-messages.ts';
import { TRACES_REQUEST } from './span-messages.ts';
import { spanRecordOf } from './span-records.ts';

/** Who we are: `service.name`, `service.instance.id`, `service.version`, `host.name`, and what the operator adds. */
export interface OwnResource {
	attributes: Fields;
	version: string;
}

export function encodeMetrics(own: OwnResource, metrics: Metric[]): Buffer {
	return encode(METRICS_REQUEST, {
		resourceMetrics: [{ resource: resourceOf(own.attributes), scopeMetrics: [{ scope: scopeOf(own), metrics }] }],
	});
}

/** What an instance printed is of its service; everything else is of us. */
export function encodeLogs(own: OwnResource, entries: readonly LogEntry[]): Buffer {
	const groups = grouped(entries, ({ source, service, instance }) =>
		service !== '' && (source === 'instance' || source === 'remote') ? `${service}\0${instance}` : '',
	);
	const resourceLogs = Array.from(groups, ([key, group]) => ({
		resource: resourceOf(attributesFor(own, key)),
		scopeLogs: [{ scope: scopeOf(own), logRecords: group.map(recordOf) }],
	}));
	return encode(LOGS_REQUEST, { resourceLogs });
}

/** Spans that came from others keep their service. */
export function encodeSpans(own: OwnResource, spans: readonly Span[]): Buffer {
	const groups = grouped(spans, ({ fields }) => {
		const service = fields['service.name'];
		return service === undefined ? '' : `${service}\0${fields['service.instance.id'] ?? ''}`;
	});
	const resourceSpans = Array.from(groups, ([key, group]) => ({
		resource: resourceOf(attributesFor(own, key)),
		scopeSpans: [{ scope: scopeOf(own), spans: group.map(spanRecordOf) }],
	}));
	return encode(TRACES_REQUEST, { resourceSpans });
}

function grouped<T>(things: readonly T[], keyOf: (thing: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const thing of things) {
		const key = keyOf(thing);
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [thing]);
		else group.push(thing);
	}
	return groups;
}

function attributesFor(own: OwnResource, key: string): Fields {
	if (key === '') return own.attributes;
	const [service = '', instance = ''] = key.split('\0');
	return { 'service.name': service, ...(instance === '' ? {} : { 'service.instance.id': instance }) };
}

const resourceOf = (attributes: Fields): Resource => ({ attributes: attributesOf(attributes) });
const scopeOf = ({ version }: OwnResource): Scope => ({ name: 'ballast', version });
