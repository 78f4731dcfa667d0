/** The figures to reach, each judged against what was measured. */
import type { Figures } from '../scenarios/scenario.ts';
import { figure, type Table } from './table.ts';

export type Verdict = 'ok' | 'NOT' | 'not measured';

interface Target {
	readonly figure: string;
	/** Which measured figure it reads. */
	readonly key: string;
	/** `most`: at most `bound`; `least`: at least. */
	readonly sense: 'most' | 'least';
	readonly bound: number;
	readonly unit: string;
	/** The measured figure is Ballast ÷ peer, the target speaks of peer ÷ Ballast. */
	readonly inverted?: boolean;
}

const times = (name: string, peer: string, sense: 'most' | 'least', bound: number): Target => ({
	figure: name,
	key: `browser.ballast/${peer}`,
	sense,
	bound,
	unit: '×',
	inverted: sense === 'least',
});

export const TARGETS: readonly Target[] = [
	times("CPU a request of HAProxy's with equal features (browser head, 1 KB)", 'haproxy-equal', 'most', 1.1),
	times("CPU a request less than Node's http server + undici", 'node-undici', 'least', 3),
	times('CPU a request less than @fastify/http-proxy', 'fastify-http-proxy', 'least', 5),
	times('CPU a request less than http-proxy-3', 'http-proxy-3', 'least', 5),
	times('CPU a request less than Caddy', 'caddy', 'least', 5),
	{
		figure: "large bodies, CPU a GB of HAProxy's with equal features",
		key: '10m.ballast/haproxy-equal',
		sense: 'most',
		bound: 0.9,
		unit: '×',
	},
	{
		figure: 'CPU a request with two workers against one',
		key: 'workers.ballast',
		sense: 'most',
		bound: 1.1,
		unit: '×',
	},
	{ figure: 'an idle keep-alive client', key: 'idle.plain.ballast', sense: 'most', bound: 8, unit: 'KB' },
	{ figure: 'an idle keep-alive client over TLS', key: 'idle.tls.ballast', sense: 'most', bound: 56, unit: 'KB' },
	{
		figure: 'start to first proxied request, compiled package',
		key: 'start.package',
		sense: 'most',
		bound: 300,
		unit: 'ms',
	},
	{ figure: 'start to first proxied request, the clone', key: 'start.clone', sense: 'most', bound: 450, unit: 'ms' },
	{ figure: 'rolling restarts under load, failed requests', key: 'rolling.failed', sense: 'most', bound: 0, unit: '' },
	{ figure: 'reloads under load, failed requests', key: 'reloads.failed', sense: 'most', bound: 0, unit: '' },
	{ figure: 'reloads under load, WebSockets cut', key: 'reloads.webSocketsCut', sense: 'most', bound: 0, unit: '' },
	{ figure: 'ballast upgrade under load, failed requests', key: 'upgrades.failed', sense: 'most', bound: 0, unit: '' },
	{
		figure: 'kill -9 of the core: failed beyond what was in flight',
		key: 'core-kill.failedBeyond',
		sense: 'most',
		bound: 0,
		unit: '',
	},
	{
		figure: 'kill -9 of the core: to the next answer',
		key: 'core-kill.nextAnswerMs',
		sense: 'most',
		bound: 1000,
		unit: 'ms',
	},
];

/** Measured value of a target, in the target's own terms; NaN when it was not measured. */
export function measuredOf(target: Target, figures: Figures): number {
	const value = figures[target.key] ?? Number.NaN;
	return target.inverted === true ? 1 / value : value;
}

export function judge(target: Target, figures: Figures): Verdict {
	const value = measuredOf(target, figures);
	if (!Number.isFinite(value)) return 'not measured';
	return (target.sense === 'most' ? value <= target.bound : value >= target.bound) ? 'ok' : 'NOT';
}

/** The target list as a table. */
export function targetTable(figures: Figures): Table {
	const rows = TARGETS.map((target) => {
		const { unit } = target;
		const bound = `${target.sense === 'most' ? '≤' : '≥'} ${target.bound} ${unit}`;
		return [target.figure, bound.trim(), shown(measuredOf(target, figures), unit), judge(target, figures)];
	});
	return { title: 'Figures to reach', columns: ['figure', 'target', 'measured', 'verdict'], rows };
}

/** A figure without a unit is a count. */
function shown(measured: number, unit: string): string {
	if (!Number.isFinite(measured)) return '–';
	return unit === '' ? String(measured) : `${figure(measured)} ${unit}`;
}
