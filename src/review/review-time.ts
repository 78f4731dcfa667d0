/** What the time of routes is spent on. */
import type { Finding } from './finding.ts';
import type { Observed, RouteObserved } from './observed.ts';
import { LEAST_REQUESTS } from './review-load.ts';
import { percent, time } from './words.ts';

/** Routes that take most of the time of all: so many, and each at least this share of it. */
const MOST_ROUTES = 5;
const LEAST_SHARE = 0.05;
/** Quicker ones need no explanation: mean, seconds. */
const LEAST_MEAN_S = 0.005;
/** A part that is worth a word of its own. */
const PART = 0.2;
/** p99 of so many times p50: some requests are of another kind. */
const TAIL = 20;
const LEAST_TAIL_S = 0.2;

type Part = 'queue' | 'connect' | 'firstByte' | 'transfer' | 'own';

const PARTS: Record<Part, { figure: string; text: string; advice: string }> = {
	queue: {
		figure: 'latency.queue',
		text: 'waiting for an instance',
		advice: 'More instances, or more requests at once for each, would shorten it.',
	},
	connect: {
		figure: 'latency.connect',
		text: 'connecting to its instances',
		advice: 'Its instances close connections that could be kept, or are far away.',
	},
	firstByte: {
		figure: 'latency.first_byte',
		text: 'waiting for the first byte of the answer',
		advice: 'That is the work of its instances: `ballast profile` shows what they do.',
	},
	transfer: {
		figure: 'latency.transfer',
		text: 'sending the answer',
		advice: 'Large answers, or slow clients.',
	},
	own: { figure: 'latency.own', text: 'in Ballast itself', advice: '' },
};

export function whereTimeGoes({ services, fromMs, toMs }: Observed): Finding[] {
	const seconds = (toMs - fromMs) / 1000;
	const routes = services.flatMap(({ name, routes }) => routes.map((route) => ({ service: name, route })));
	const cost = ({ requests, mean }: RouteObserved) => requests * mean || 0;
	const whole = routes.reduce((sum, { route }) => sum + cost(route), 0);
	const found: Finding[] = [];
	const costly = routes
		.filter(({ route }) => cost(route) >= whole * LEAST_SHARE && route.mean >= LEAST_MEAN_S)
		.filter(({ route }) => route.requests * seconds >= LEAST_REQUESTS)
		.toSorted((a, b) => cost(b.route) - cost(a.route));
	for (const { service, route } of costly.slice(0, MOST_ROUTES)) {
		found.push(timeOf(service, route, cost(route) / whole));
		if (route.p99 >= LEAST_TAIL_S && route.p99 >= route.p50 * TAIL) found.push(tailOf(service, route));
	}
	return found;
}

function timeOf(service: string, route: RouteObserved, share: number): Finding {
	const parts = (Object.keys(PARTS) as Part[])
		.map((part) => ({ part, share: route[part] / route.mean }))
		.filter((each) => each.share > 0)
		.sort((a, b) => b.share - a.share);
	const told = parts.filter((each, at) => at === 0 || each.share >= PART);
	const list = told.map((each) => `${percent(Math.min(1, each.share))} of that ${PARTS[each.part].text}`).join(', ');
	const [largest] = told;
	const advice = largest === undefined ? '' : ` ${PARTS[largest.part].advice}`;
	const queued = route.queue / route.mean >= PART;
	const text = `${titleOf(service, route)} takes ${time(route.mean)} on average and ${percent(share)} of all the time spent on requests${list === '' ? '' : `: ${list}`}.${advice}`;
	return {
		kind: 'time',
		weight: queued ? 'advice' : 'note',
		about: { service, route: route.name },
		text: text.trimEnd(),
		figures: [
			{ name: 'latency.mean', value: route.mean, unit: 'seconds' },
			...told.map(({ part }) => ({ name: PARTS[part].figure, value: route[part], unit: 'seconds' as const })),
		],
	};
}

function tailOf(service: string, route: RouteObserved): Finding {
	const times = Math.round(route.p99 / route.p50);
	return {
		kind: 'time',
		weight: 'advice',
		about: { service, route: route.name },
		text: `One in a hundred requests of ${titleOf(service, route)} takes ${time(route.p99)} or longer, ${times} times the usual ${time(route.p50)}. \`ballast logs 'source:access route:"${route.name}"' --top path\` may show which they are.`,
		figures: [
			{ name: 'p50', value: route.p50, unit: 'seconds' },
			{ name: 'p99', value: route.p99, unit: 'seconds' },
		],
	};
}

/** A service whose only route is all of it has no name for that. */
const titleOf = (service: string, { name }: RouteObserved): string => (name === '*' ? service : `${service}, ${name}`);
