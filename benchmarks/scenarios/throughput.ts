/** CPU a request (or a GB), requests a second, latency and memory of every peer under one kind of load. */
import type { LoadPlan } from '../measure/load.ts';
import { median, medianRatio } from '../measure/ratios.ts';
import { HUGE_ANSWER_BYTES, LARGE_ANSWER_BYTES, UPLOAD_BYTES } from '../measure/upstream.ts';
import { BARE_REFERENCE, REFERENCE } from '../peers/all.ts';
import { figure, type Table } from '../report/table.ts';
import { type Entrant, measureInterleaved, type Plan, type Sample } from './interleaved.ts';
import { type Bench, type Figures, type Outcome, PROXY_CORE } from './scenario.ts';

/** What is counted: microseconds a request, or seconds a GB of bodies. */
type Unit = 'µs/request' | 's/GB';

interface Kind {
	readonly title: string;
	readonly unit: Unit;
	readonly rounds: number;
	readonly load: LoadPlan;
	/** Least bytes of a right answer: one that is shorter was not the upstream's. */
	readonly answerBytes: number;
	/** Bytes of a request body; default: the bytes that the answers had are counted. */
	readonly bodyBytes?: number;
}

export const SMALL_BODY = 600;

/** The twelve fields of a browser's navigation, with Host about 800 bytes. */
export const BROWSER_HEAD: Readonly<Record<string, string>> = {
	Host: 'api.example.com',
	Connection: 'keep-alive',
	'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
	Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
	'Accept-Encoding': 'gzip, deflate, br, zstd',
	'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
	'Cache-Control': 'max-age=0',
	'Upgrade-Insecure-Requests': '1',
	'Sec-Fetch-Site': 'same-origin',
	'Sec-Fetch-Mode': 'navigate',
	Referer: 'https://app.example.com/projects/8f2c91d4/videos?sort=created&page=3',
	Cookie: `session=${'s'.repeat(126)}; theme=dark; _ga=GA1.2.1234567890.1700000000; consent=granted; ab=${'b'.repeat(24)}`,
};

const KINDS = {
	browser: {
		title: 'Browser head (12 fields, ~800 bytes), 1 KB answer',
		unit: 'µs/request',
		rounds: 7,
		answerBytes: SMALL_BODY,
		load: { url: '/json', seconds: 2, headers: BROWSER_HEAD },
	},
	bare: {
		title: 'Bare head (1 field), 1 KB answer',
		unit: 'µs/request',
		rounds: 3,
		answerBytes: SMALL_BODY,
		load: { url: '/json', seconds: 2 },
	},
	'64k': {
		title: '64 KB answer',
		unit: 'µs/request',
		rounds: 3,
		answerBytes: LARGE_ANSWER_BYTES,
		load: { url: '/64k', seconds: 2, headers: BROWSER_HEAD },
	},
	'10m': {
		title: '10 MB answer',
		unit: 's/GB',
		rounds: 3,
		answerBytes: HUGE_ANSWER_BYTES,
		load: { url: '/10m', seconds: 3, connections: 16, headers: BROWSER_HEAD },
	},
	upload: {
		title: '1 MB upload',
		unit: 's/GB',
		rounds: 3,
		bodyBytes: UPLOAD_BYTES,
		answerBytes: 0,
		load: { url: '/upload', seconds: 2, connections: 16, headers: BROWSER_HEAD, uploadBytes: UPLOAD_BYTES },
	},
	newconn: {
		title: 'A new connection for each request, 1 KB answer',
		unit: 'µs/request',
		rounds: 3,
		answerBytes: SMALL_BODY,
		load: { url: '/json', seconds: 2, headers: { ...BROWSER_HEAD, Connection: 'close' } },
	},
} as const satisfies Record<string, Kind>;

export type ThroughputName = keyof typeof KINDS;

/** Runs one of the kinds over all peers. */
export async function throughput(bench: Bench, name: ThroughputName): Promise<Outcome> {
	const kind: Kind = KINDS[name];
	const entrants: Entrant[] = bench.peers.map((peer) => ({ label: peer.name, peer, setup: { cores: PROXY_CORE } }));
	const plan: Plan = {
		name,
		rounds: bench.rounds ?? (bench.quick ? 2 : kind.rounds),
		warmUpSeconds: bench.quick ? 1 : 2,
		load: { ...kind.load, seconds: bench.seconds ?? (bench.quick ? 1 : kind.load.seconds) },
	};
	const { samples, notes } = await measureInterleaved(bench, entrants, plan);
	return {
		tables: [tableOf(kind, samples)],
		figures: figuresOf(name, kind, samples),
		notes: [...notes, ...shortAnswers(kind, samples)],
	};
}

/** CPU of one sample in the kind's unit; NaN when it had errors, no request or answers that are too short. */
export function costOf(kind: Pick<Kind, 'unit' | 'answerBytes' | 'bodyBytes'>, sample: Sample): number {
	if (sample.errors > 0 || sample.requests === 0) return Number.NaN;
	if (sample.bytes / sample.requests < kind.answerBytes) return Number.NaN;
	if (kind.unit === 'µs/request') return sample.cpuMicros / sample.requests;
	const bytes = kind.bodyBytes === undefined ? sample.bytes : sample.requests * kind.bodyBytes;
	return sample.cpuMicros / 1e6 / (bytes / 1e9);
}

function shortAnswers(kind: Kind, samples: ReadonlyMap<string, readonly Sample[]>): string[] {
	const isShort = (one: Sample) => one.errors === 0 && one.bytes / one.requests < kind.answerBytes;
	const short = [...samples].filter(([, all]) => all.some(isShort));
	return short.map(
		([label]) => `${label}: its answers were not the upstream's (too short); those rounds do not count.`,
	);
}

function tableOf(kind: Kind, samples: ReadonlyMap<string, readonly Sample[]>): Table {
	const costs = costsOf(kind, samples);
	const rows = [...samples].map(([label, rounds]) => [
		label,
		figure(median(costs.get(label) ?? [])),
		figure(medianRatio(costs.get(label) ?? [], costs.get(REFERENCE) ?? [])),
		figure(medianRatio(costs.get(label) ?? [], costs.get(BARE_REFERENCE) ?? [])),
		figure(median(rounds.map((round) => round.requests / round.seconds))),
		figure(median(rounds.map((round) => round.p50Ms))),
		figure(median(rounds.map((round) => round.p99Ms))),
		figure(median(rounds.map((round) => round.memoryBytes)) / 1e6),
	]);
	const columns = [
		'proxy',
		`CPU ${kind.unit}`,
		`× ${REFERENCE}`,
		`× ${BARE_REFERENCE}`,
		'requests/s',
		'p50 ms',
		'p99 ms',
		'memory MB',
	];
	return { title: kind.title, columns, rows };
}

function figuresOf(name: string, kind: Kind, samples: ReadonlyMap<string, readonly Sample[]>): Figures {
	const costs = costsOf(kind, samples);
	const own = costs.get('ballast') ?? [];
	const figures: Figures = {};
	for (const [label, rounds] of costs) {
		figures[`${name}.${label}`] = median(rounds);
		if (label !== 'ballast') figures[`${name}.ballast/${label}`] = medianRatio(own, rounds);
	}
	return figures;
}

function costsOf(kind: Kind, samples: ReadonlyMap<string, readonly Sample[]>): Map<string, number[]> {
	return new Map([...samples].map(([label, rounds]) => [label, rounds.map((round) => costOf(kind, round))]));
}
