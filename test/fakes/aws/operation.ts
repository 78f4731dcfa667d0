/** What an operation of the fake is given, and how it refuses. */
import type { Cloud } from './cloud.ts';

export interface Act {
	readonly cloud: Cloud;
	readonly region: string;
}

/** Takes the values that the model names and gives such values back; both are checked around it. */
export type Operation = (input: never, act: Act) => object | undefined;

/** A refusal, as the service words it. */
export class Refusal extends Error {
	override readonly name = 'Refusal';
	readonly code: string;
	readonly status: number;

	constructor(code: string, message: string, status = 400) {
		super(message);
		this.code = code;
		this.status = status;
	}
}

export const ACCOUNT = '123456789012';

/** One page of a list: tokens are plain offsets. */
export function page<T>(all: readonly T[], token: string | undefined, most: number): { items: T[]; next?: string } {
	const from = token === undefined ? 0 : Number(token);
	if (!Number.isSafeInteger(from)) throw new Refusal('InvalidNextToken', `The token '${token}' is invalid.`);
	const items = all.slice(from, from + most);
	return from + most < all.length ? { items, next: String(from + most) } : { items };
}
