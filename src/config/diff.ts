/** What a reload would change, and what each change means. */
import { type Change, changeEffect } from './change.ts';
import { type Config, MAIN_POOL } from './config.ts';
import { maskedUrl } from './masked-url.ts';
import { formatPath, MASK } from './problem.ts';
import { type Form, userForm } from './user-form.ts';

/** Compared by value, shown masked. */
class Hidden {
	readonly #value: string;
	readonly shown: string;
	constructor(value: string, shown: string = MASK) {
		this.#value = value;
		this.shown = shown;
	}
	equals(other: unknown): boolean {
		return other instanceof Hidden && other.#value === this.#value;
	}
	toJSON(): string {
		return this.shown;
	}
}

const hostOnly = (url: string): Hidden => new Hidden(url, maskedUrl(url));

/** From the first to the second; empty when a reload would change nothing. */
export function diffConfig(before: Config, after: Config): Change[] {
	const options = { secret: (value: string) => new Hidden(value), address: hostOnly, fullRoutes: true };
	const a = userForm(before, options);
	const b = userForm(after, options);
	const changes: Change[] = [];
	compareNamed(
		{ a: byAddress(a['listen'] as Form[]), b: byAddress(b['listen'] as Form[]), path: ['listen'], what: 'listener' },
		changes,
	);
	const services = { a: a['services'] as Form, b: b['services'] as Form };
	// What a file of ranges holds is no part of the form, and counts.
	a['trust'] = trusted(before);
	b['trust'] = trusted(after);
	for (const form of [a, b]) {
		delete form['listen'];
		delete form['services'];
	}
	compare({ a, b, path: [], what: 'node' }, changes);
	compareNamed({ ...services, path: ['services'], what: 'service' }, changes);
	return changes;
}

function trusted({ trust }: Config): Hidden | undefined {
	if (trust.length === 0) return undefined;
	const shown = trust.map((one) => {
		if (typeof one === 'string') return one;
		const { ranges, file, header } = one;
		const what = file === null ? ranges.join(' ') : `${file} (${ranges.length} ranges)`;
		return header === null ? what : `${what} by ${header}`;
	});
	return new Hidden(JSON.stringify(trust), shown.join(', '));
}

interface Pair {
	a: unknown;
	b: unknown;
	path: string[];
	what: Change['what'];
}

function byAddress(listen: Form[]): Form {
	return Object.fromEntries(listen.map((one) => [`${one['host']}:${one['port']}`, one]));
}

/** Things that come and go as wholes: listeners, services, pools, routes, instances. */
function compareNamed({ a, b, path, what }: Pair, changes: Change[]): void {
	const [before, after] = [(a ?? {}) as Form, (b ?? {}) as Form];
	for (const name of Object.keys(before)) {
		if (!Object.hasOwn(after, name)) changes.push(whole('removed', what, [...path, name], before[name] as Form));
		else if (what === 'service') compareService(before[name] as Form, after[name] as Form, [...path, name], changes);
		else if (what === 'pool') comparePool({ a: before[name], b: after[name], path: [...path, name], what }, changes);
		else compare({ a: before[name], b: after[name], path: [...path, name], what }, changes);
	}
	for (const name of Object.keys(after)) {
		if (!Object.hasOwn(before, name)) changes.push(whole('added', what, [...path, name], after[name] as Form));
	}
}

function compareService(before: Form, after: Form, path: string[], changes: Change[]): void {
	const [a, b] = [{ ...before }, { ...after }];
	for (const form of [a, b]) delete form['routes'];
	if (a['pools'] === undefined && b['pools'] === undefined) compareUrls({ a, b, path, what: 'service' }, changes);
	else comparePools({ a, b, path, what: 'service' }, changes);
	const own: Change[] = [];
	compare({ a, b, path, what: 'service' }, own);
	changes.push(...own);
	const ofRoutes: Change[] = [];
	compareNamed({ a: before['routes'], b: after['routes'], path: [...path, 'routes'], what: 'route' }, ofRoutes);
	const inherited = new Set<string>();
	for (const name of Object.keys((before['routes'] ?? {}) as Form)) {
		const route = formatPath([...path, 'routes', name]);
		for (const one of own) inherited.add(sameChange(route + one.path.slice(formatPath(path).length), one));
	}
	// What only follows its service is not told again for each route.
	changes.push(...ofRoutes.filter((one) => one.kind !== 'changed' || !inherited.has(sameChange(one.path, one))));
}

/** What is compared of the pools is taken out of both. */
function comparePools({ a, b, path }: Pair, changes: Change[]): void {
	// It comes and goes with the second pool.
	if ((a as Form)['failover'] === undefined || (b as Form)['failover'] === undefined)
		for (const form of [a, b]) delete (form as Form)['failover'];
	compareNamed({ a: takePools(a as Form), b: takePools(b as Form), path: [...path, 'pools'], what: 'pool' }, changes);
}

/** A service's own `instances` are its pool `main`. */
function takePools(service: Form): Form {
	const { instances, scale, pools } = service;
	for (const key of ['instances', 'scale', 'pools']) delete service[key];
	if (pools !== undefined) return pools as Form;
	if (instances === undefined) return {};
	return { [MAIN_POOL]: { instances, ...(scale === undefined ? {} : { scale }), priority: 1, weight: 1 } };
}

function comparePool(pair: Pair, changes: Change[]): void {
	const [a, b] = [{ ...(pair.a as Form) }, { ...(pair.b as Form) }];
	compareUrls({ ...pair, a, b }, changes);
	compare({ ...pair, a, b }, changes);
}

/** Addresses come and go one by one. What is compared is taken out of both. */
function compareUrls({ a, b, path }: Pair, changes: Change[]): void {
	const urls = [urlsOf(a as Form), urlsOf(b as Form)];
	if (urls[0] === undefined || urls[1] === undefined) return;
	compareNamed({ a: urls[0], b: urls[1], path: [...path, 'instances', 'urls'], what: 'instance' }, changes);
	for (const form of [a, b]) delete (form as Form)['instances'];
}

const sameChange = (path: string, { before, after }: Change) => JSON.stringify([path, before, after]);

function urlsOf(service: Form): Form | undefined {
	const urls = (service['instances'] as Form | undefined)?.['urls'] as (string | Form)[] | undefined;
	if (urls === undefined) return undefined;
	return Object.fromEntries(
		urls.map((one) => (typeof one === 'string' ? [one, { weight: 1 }] : [one['url'], { weight: one['weight'] }])),
	);
}

function compare({ a, b, path, what }: Pair, changes: Change[]): void {
	if (same(a, b)) return;
	if (isMap(a) && isMap(b) && !(path.at(-1) === 'instances' && isOfAnotherKind(a, b))) {
		for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
			compare({ a: a[key], b: b[key], path: [...path, key], what }, changes);
		}
		return;
	}
	changes.push(change(what, path, [show(a), show(b)]));
}

const isMap = (value: unknown): value is Form =>
	value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Hidden);

/** `{ run }` against `{ dns }`: not a change of keys but of the whole. */
function isOfAnotherKind(a: Form, b: Form): boolean {
	return ['run', 'dns', 'urls', 'exec', 'kubernetes', 'aws', 'azure', 'gcp'].some(
		(kind) => Object.hasOwn(a, kind) !== Object.hasOwn(b, kind),
	);
}

function same(a: unknown, b: unknown): boolean {
	if (a instanceof Hidden || b instanceof Hidden) return a instanceof Hidden && a.equals(b);
	if (isMap(a) && isMap(b)) {
		const keys = Object.keys(a);
		return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
	}
	return JSON.stringify(a) === JSON.stringify(b);
}

function show(value: unknown): string | null {
	if (value === undefined) return null;
	const text = typeof value === 'string' ? value : value instanceof Hidden ? value.shown : JSON.stringify(value);
	return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function change(what: Change['what'], path: string[], [before, after]: [string | null, string | null]): Change {
	return { kind: 'changed', what, path: formatPath(path), before, after, effect: changeEffect('changed', what, path) };
}

/** Something that comes or goes. A service without instances comes and goes as a route does. */
function whole(kind: 'added' | 'removed', what: Change['what'], path: string[], form: Form): Change {
	const fixed = what === 'service' && form['instances'] === undefined && form['pools'] === undefined;
	const effect = changeEffect(kind, fixed ? 'route' : what, path);
	return { kind, what, path: formatPath(path), before: null, after: null, effect };
}

/** One line a change; `nothing changes` for none. */
export function formatDiff(changes: readonly Change[]): string {
	if (changes.length === 0) return 'nothing changes';
	return changes.map((change) => `${changeLine(change)}\n    ${change.effect}`).join('\n');
}

const SIGN = { added: '+', removed: '-', changed: '~' };
/** Changes that a brief text names, and the most characters of each. */
const MOST_NAMED = 5;
const MOST_OF_EACH = 120;

/** One line of at most some 700 characters: `2 changes: ~ services.api.timeouts.firstByte: 1m → 5s; - services.old`. */
export function briefDiff(changes: readonly Change[]): string {
	const named = changes.slice(0, MOST_NAMED).map((change) => {
		const line = changeLine(change).replaceAll(/\s+/g, ' ');
		return line.length > MOST_OF_EACH ? `${line.slice(0, MOST_OF_EACH)}…` : line;
	});
	const more = changes.length - named.length;
	const count = `${changes.length} change${changes.length === 1 ? '' : 's'}`;
	return `${count}: ${named.join('; ')}${more > 0 ? ` … and ${more} more` : ''}`;
}

function changeLine({ kind, path, before, after }: Change): string {
	const values = kind === 'changed' ? `: ${before ?? '(not set)'} → ${after ?? '(not set)'}` : '';
	return `${SIGN[kind]} ${path}${values}`;
}
