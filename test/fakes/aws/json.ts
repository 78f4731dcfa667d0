/** Reads and writes the JSON 1.0 protocol (CloudWatch): as the values are, times in seconds since 1970. */
import type { Shape } from './model.ts';
import type { ReadRequest } from './query-request.ts';

export function readJson(body: string, shape: Shape): ReadRequest {
	try {
		const value = convert(JSON.parse(body), shape, (seconds) =>
			typeof seconds === 'number' ? new Date(seconds * 1000) : seconds,
		);
		return { value: value as Record<string, unknown>, faults: [] };
	} catch {
		return { value: {}, faults: ['the body is no JSON'] };
	}
}

export function writeJson(value: unknown, shape: Shape): string {
	return JSON.stringify(convert(value, shape, (time) => (time instanceof Date ? time.getTime() / 1000 : time)));
}

/** The same value with its times converted; what the model does not know stays, to be found by the check. */
function convert(value: unknown, shape: Shape, time: (value: unknown) => unknown): unknown {
	if (value === undefined || value === null) return value;
	if (shape.kind === 'time') return time(value);
	const element = shape.element?.shape();
	if (Array.isArray(value)) return element === undefined ? value : value.map((one) => convert(one, element, time));
	if (shape.kind !== 'structure' || typeof value !== 'object') return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, one]) => {
			const member = shape.members.get(name);
			return [name, member === undefined ? one : convert(one, member.shape(), time)];
		}),
	);
}
