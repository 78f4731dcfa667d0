/** What other programs count, as Prometheus reads it: text 0.0.4 and OpenMetrics 1.0. */
import type { MetricKind } from '../core/metric.ts';
import type { RemoteSeries } from './remote-series.ts';

interface Family {
	kind: MetricKind;
	lines: string[];
}

/**
 * The part of a page that stands behind our own. A name that is ours already, and one that a peer uses for another
 * kind of metric than the first did, are left out: a page with a metric twice is refused as a whole.
 */
export function remotePage(
	series: Iterable<Readonly<RemoteSeries>>,
	format: 'text' | 'openmetrics',
	isOurs: (name: string) => boolean,
): string {
	const families = new Map<string, Family>();
	for (const one of series) {
		if (isOurs(one.name)) continue;
		let family = families.get(one.name);
		if (family === undefined) families.set(one.name, (family = { kind: one.kind, lines: [] }));
		if (family.kind === one.kind) addLines(one, family.lines);
	}
	const isPartOfHistogram = (name: string): boolean => {
		const whole = name.replace(/_(?:bucket|sum|count)$/, '');
		return whole !== name && (isOurs(whole) || families.get(whole)?.kind === 'histogram');
	};
	const parts: string[] = [];
	for (const [name, { kind, lines }] of families)
		if (!isPartOfHistogram(name)) parts.push(header(name, kind, format), ...lines);
	return parts.join('');
}

function header(name: string, kind: MetricKind, format: 'text' | 'openmetrics'): string {
	// There a counter has to end in `_total`.
	const unknown = format === 'openmetrics' && kind === 'counter' && !name.endsWith('_total');
	const family = format === 'openmetrics' && kind === 'counter' ? name.replace(/_total$/, '') : name;
	return `# HELP ${family} As instances tell it\n# TYPE ${family} ${unknown ? 'unknown' : kind}\n`;
}

function addLines({ name, kind, labels, value, bounds, counts }: Readonly<RemoteSeries>, lines: string[]): void {
	const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
	if (kind !== 'histogram') {
		lines.push(`${name}${braced(pairs)} ${numberText(value)}\n`);
		return;
	}
	let below = 0;
	for (const [at, count] of counts.entries()) {
		below += count;
		const bound = at < bounds.length ? numberText(bounds[at] as number) : '+Inf';
		lines.push(`${name}_bucket${braced([...pairs, `le="${bound}"`])} ${below}\n`);
	}
	lines.push(`${name}_sum${braced(pairs)} ${numberText(value)}\n`, `${name}_count${braced(pairs)} ${below}\n`);
}

const braced = (pairs: readonly string[]): string => (pairs.length === 0 ? '' : `{${pairs.join(',')}}`);
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

function numberText(value: number): string {
	if (Number.isFinite(value)) return String(value);
	return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
