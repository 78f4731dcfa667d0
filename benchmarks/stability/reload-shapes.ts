/** What the reloads change: workers, listeners, header fields, time-outs, routes; and texts that no version takes. */
import type { Shape } from './running-ballast.ts';

/** Texts that no version may take: broken YAML, an unknown key, a value of the wrong kind, an empty file. */
export const INVALID = [
	'listen: [{ port: 1\n',
	'listn: [{ port: 8080 }]\nservices: {}\n',
	'listen: [{ port: eighty }]\nservices: { api: { instances: { urls: [7] } } }\n',
	'',
];

/** Whether reload `turn` is an invalid one. */
export function isInvalid(turn: number): boolean {
	return turn % 10 === 9;
}

/** The shape of reload `turn`: every tenth changes the workers, another tenth the listeners, the others the service. */
export function shapeOf(port: number, otherPort: number, turn: number): Shape {
	const tens = Math.floor(turn / 10);
	const second = turn % 10 >= 6;
	return {
		workers: turn % 10 >= 3 && tens % 2 === 0 ? 1 : 2,
		ports: second ? [port, otherPort] : [port],
		service: {
			headers: { response: { set: { 'x-revision': String(turn) } } },
			timeouts: { firstByte: `${30 + (turn % 7)}s` },
			...(turn % 4 === 1 ? { routes: { 'GET /fixed': { respond: { status: 200, body: 'fixed' } } } } : {}),
		},
	};
}
