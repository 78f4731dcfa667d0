import type { Answer } from './control-peer.ts';
import { refuses, says } from './control-peer.ts';
import { sampleStatus } from './sample-status.ts';

/** Values by the figure's name; labels as the query asks for them. */
const VALUES: Record<string, number> = {
	requests: 1234,
	error_rate: 0.0123,
	p50: 0.0034,
	p95: 0.0123,
	p99: 1.234,
	cpu: 0.42,
	memory: 123_456_789,
	'memory.used': 0.61,
};

/** What each label can be. */
const LABELS: Record<string, string[]> = {
	service: ['videos'],
	route: ['GET /v1/avatars', '*'],
	instance: ['videos-1', 'videos-2'],
};

export const FIGURE_LIST = [
	{
		name: 'p95',
		unit: 'seconds',
		perSecond: false,
		text: '95 % took no longer',
		labels: ['service', 'route'],
		promql: null,
	},
	{ name: 'requests', unit: 'number', perSecond: true, text: 'Requests', labels: ['service'], promql: 'x' },
	{ name: 'error_rate', unit: 'ratio', perSecond: false, text: 'Share that failed', labels: ['service'], promql: null },
];

/** A Ballast with metrics: `status`, `figures`, `figure-list`. */
export const sampleSeeing: Answer = (request, socket) => {
	const { command, args } = request;
	if (command === 'status') return says([], sampleStatus())(request, socket);
	if (command === 'figure-list') return says([], FIGURE_LIST)(request, socket);
	if (command !== 'figures')
		return refuses('bad_command', `this version knows no command '${command}'`)(request, socket);
	const [name = '', ...words] = String(args['query']).split(' ');
	const value = VALUES[name];
	if (value === undefined) return refuses('bad_query', `at character 1: there is no figure ${name}`)(request, socket);
	const by = words[0] === 'by' ? (words[1] ?? '').split(',') : [];
	const [from, to, points] = [Number(args['from']), Number(args['to']), Number(args['points'])];
	const series = by
		.reduce<Record<string, string>[]>(
			(all, label) => all.flatMap((labels) => (LABELS[label] ?? []).map((each) => ({ ...labels, [label]: each }))),
			[{}],
		)
		.map((labels, at) => ({
			labels,
			fromMs: from,
			stepMs: (to - from) / points,
			values: Array.from({ length: points }, (_, n) => (value * (n + 1)) / points / (at + 1)),
		}));
	return says([], series)(request, socket);
};
