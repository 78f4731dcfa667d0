/** What clients of the video API send: a mix of its routes, and what must come back. */
import { createHash, randomBytes } from 'node:crypto';
import { randomFrom } from '../video-api/store/random.ts';

export interface Plan {
	/** Name for the counts: `GET /v1/avatars`. */
	name: string;
	method: string;
	path: string;
	headers: Record<string, string>;
	body: Buffer | null;
	/** Statuses that are right. */
	accept: number[];
	/** Takes seconds by design: kept out of the latencies, and only some at once. */
	slow: boolean;
	/** What is wrong with an accepted answer, if anything; may remember what it learns. */
	check(answer: Answer): string | null;
}

export interface Answer {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	body: Buffer;
}

export interface Traffic {
	/** The next request. `slowRunning`: how many slow ones run now. */
	next(slowRunning: number): Plan;
	/** Every instance that has named itself, by its latest time (ms since 1970). */
	instances: Map<string, number>;
}

interface Memory {
	avatars: string[];
	etag: string | null;
	videos: string[];
	doomed: string[];
	assets: { id: string; bytes: Buffer }[];
	instances: Map<string, number>;
}

type Maker = (memory: Memory, random: () => number) => Plan | null;

const remembered = 100;

/** Requests of that mix, the same ones for the same seed as long as the answers are the same. */
export function trafficOf({ seed, maxSlow }: { seed: number; maxSlow: number }): Traffic {
	const random = randomFrom(seed);
	const memory: Memory = { avatars: [], etag: null, videos: [], doomed: [], assets: [], instances: new Map() };
	const total = mix.reduce((sum, [weight]) => sum + weight, 0);
	const draw = (): Plan | null => {
		let left = random() * total;
		for (const [weight, make] of mix) if ((left -= weight) < 0) return make(memory, random);
		return null;
	};
	return {
		instances: memory.instances,
		next: (slowRunning) => {
			const plan = draw();
			return plan && !(plan.slow && slowRunning >= maxSlow) ? plan : whoami(memory);
		},
	};
}

/** Weights and makers; a maker that lacks something yet (an id) gives null. */
const mix: [number, Maker][] = [
	[30, listAvatars],
	[15, (memory, random) => withOne(memory.avatars, random, (id) => plan('GET', '/v1/avatars/:id', { id }))],
	[8, (_, random) => plan('GET', '/v1/voices', { query: `language=${random() < 0.5 ? 'en' : 'de'}` })],
	[8, whoami],
	[8, echo],
	[8, createVideo],
	[8, (memory, random) => withOne(memory.videos, random, (id) => plan('GET', '/v1/videos/:id', { id }))],
	[4, () => plan('GET', '/v1/videos', { query: 'limit=5' })],
	[2, ({ doomed }) => nullable(doomed.shift(), (id) => plan('DELETE', '/v1/videos/:id', { id, accept: [204] }))],
	[2, upload],
	[3, download],
	[1, ({ videos }) => nullable(videos.at(-1), watch)],
	[0.5, render],
];

interface PlanOptions extends Partial<Pick<Plan, 'headers' | 'body' | 'accept' | 'slow' | 'check'>> {
	id?: string;
	query?: string;
}

function plan(method: string, route: string, { id = '', query, ...rest }: PlanOptions = {}): Plan {
	const path = route.replace(':id', id) + (query ? `?${query}` : '');
	const fixed = { name: `${method} ${route}`, method, path };
	return { headers: {}, body: null, accept: [200], slow: false, check: () => null, ...rest, ...fixed };
}

function jsonPlan(route: string, value: object, options: PlanOptions): Plan {
	const body = Buffer.from(JSON.stringify(value));
	return plan('POST', route, { headers: { 'content-type': 'application/json' }, body, ...options });
}

function whoami({ instances }: Memory): Plan {
	const check = ({ body }: Answer) => {
		const instance = text(parse(body)['instance']);
		if (instance === '') return 'no name of an instance';
		instances.set(instance, Date.now());
		return null;
	};
	return plan('GET', '/v1/whoami', { check });
}

function listAvatars(memory: Memory, random: () => number): Plan {
	const { etag } = memory;
	const again = etag !== null && random() < 0.3;
	const check = ({ status, headers, body }: Answer) => {
		if (status === 304) return again ? null : 'a 304 that nobody asked for';
		const { data } = parse(body) as { data?: { id: string }[] };
		if (data?.length !== 20) return `${data?.length} avatars instead of 20`;
		memory.avatars = data.map(({ id }) => id);
		memory.etag = text(headers['etag']) || null;
		return null;
	};
	return plan('GET', '/v1/avatars', { headers: again ? { 'if-none-match': etag } : {}, accept: [200, 304], check });
}

function echo(_: Memory, random: () => number): Plan {
	const body = randomBytes(Math.floor(random() * 4000));
	const check = (answer: Answer) => {
		const got = parse(answer.body)['body'] as { sha256?: string } | undefined;
		return got?.sha256 === sha256(body) ? null : 'the body arrived changed';
	};
	return plan('POST', '/v1/echo', { headers: { 'content-type': 'application/octet-stream' }, body, check });
}

function createVideo(memory: Memory, random: () => number): Plan | null {
	const list = random() < 0.2 ? memory.doomed : memory.videos;
	const check = ({ body }: Answer) => {
		const { data } = parse(body) as { data?: { id: string } };
		if (!data) return 'no video in the answer';
		remember(list, data.id);
		return null;
	};
	return withOne(memory.avatars, random, (avatar_id) =>
		jsonPlan('/v1/videos', { avatar_id, script: `Take ${Math.floor(random() * 1000)}.` }, { accept: [201], check }),
	);
}

function upload({ assets }: Memory, random: () => number): Plan {
	const body = randomBytes(1000 + Math.floor(random() * 64_000));
	const check = (answer: Answer) => {
		const { data } = parse(answer.body) as { data?: { id: string; sha256: string } };
		if (data?.sha256 !== sha256(body)) return 'the upload arrived changed';
		remember(assets, { id: data.id, bytes: body });
		return null;
	};
	return plan('POST', '/v1/assets', { headers: { 'content-type': 'image/png' }, body, accept: [201], check });
}

function download({ assets }: Memory, random: () => number): Plan | null {
	return withOne(assets, random, ({ id, bytes }) => {
		const start = Math.floor(random() * bytes.length);
		const check = ({ body }: Answer) => (body.equals(bytes.subarray(start)) ? null : 'the range came back changed');
		return plan('GET', '/v1/assets/:id', { id, headers: { range: `bytes=${start}-` }, accept: [206], check });
	});
}

/** A stream of events; it may end early and in order, when its instance stops. */
function watch(id: string): Plan {
	const check = ({ body }: Answer) => (body.toString().startsWith('retry:') ? null : 'not a stream of events');
	return plan('GET', '/v1/videos/:id/events', { id, slow: true, check });
}

/** 429 is a right answer: only some may render at once. */
function render({ avatars }: Memory, random: () => number): Plan | null {
	return withOne(avatars, random, (avatar_id) =>
		jsonPlan('/v1/render', { avatar_id, script: `Take ${random()}.` }, { accept: [200, 429], slow: true }),
	);
}

function withOne<T>(items: T[], random: () => number, make: (item: T) => Plan): Plan | null {
	return nullable(items[Math.floor(random() * items.length)], make);
}

function nullable<T>(item: T | undefined, make: (item: T) => Plan): Plan | null {
	return item === undefined ? null : make(item);
}

function remember<T>(list: T[], item: T): void {
	list.push(item);
	if (list.length > remembered) list.shift();
}

/** An object, whatever came: what is missing in it is the check's business. */
function parse(body: Buffer): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(body.toString());
		return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}
