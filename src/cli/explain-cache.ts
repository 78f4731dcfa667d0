/** What a route's cache does, in words for a terminal. */
import { type CachePolicy, PLAIN_CACHE } from '../cache/cache-policy.ts';
import { cacheForm } from '../config/cache-form.ts';
import type { ServiceConfig } from '../config/config.ts';
import { REST } from '../gateway/route-table.ts';

/** `route`: its name, or that of all the rest of the service. null: nothing is stored. */
export function cacheOf({ cache, routeCaches }: ServiceConfig, route: string): CachePolicy | null {
	return (route === REST ? cache : routeCaches[route]) ?? null;
}

/** What it says beyond RFC 9111, as it is written: `ttl 60s, key.query sorted`. */
export function cacheText(policy: CachePolicy): string {
	const plain = new Map(written(PLAIN_CACHE));
	const said = written(policy).filter(([name, value]) => plain.get(name) !== value);
	const word = policy.override === null ? 'as the origin says' : "against the origin's word";
	return [word, ...said.map(([name, value]) => `${name} ${value}`)].join(', ');
}

function written(policy: CachePolicy): [name: string, value: string][] {
	return Object.entries(cacheForm(policy) as object).flatMap(([name, value]): [string, string][] =>
		name === 'key' || name === 'tags'
			? Object.entries(value as object).map(([inner, text]) => [`${name}.${inner}`, flow(text)])
			: [[name, flow(value)]],
	);
}

/** `{ 200: 60s }`, `[a, b]`. */
function flow(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
	if (typeof value !== 'object' || value === null) return String(value);
	const members = Object.entries(value).map(([name, inner]) => `${name}: ${flow(inner)}`);
	return `{ ${members.join(', ')} }`;
}
