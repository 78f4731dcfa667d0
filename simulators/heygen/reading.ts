/** Reads what a client sent: bodies of bounded size, fields of the right kind. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** Most bytes of a JSON body. */
export const JSON_BYTES: number = 2 * 1024 * 1024;

/** The whole body. Throws where it is larger; what comes behind that is not read. */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
	const tooLarge = new ApiError('invalid_parameter', `The body is larger than ${maxBytes} bytes.`, {
		status: 413,
		headers: { connection: 'close' },
	});
	if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
	const parts: Buffer[] = [];
	let length = 0;
	// The connection is still needed, for the refusal.
	for await (const part of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
		length += part.length;
		if (length > maxBytes) throw tooLarge;
		parts.push(part);
	}
	return Buffer.concat(parts);
}

export type Fields = Record<string, unknown>;

/** An object; an empty body is an empty one. */
export function parseJson(body: Buffer): Fields {
	if (body.length === 0) return {};
	let value: unknown;
	try {
		value = JSON.parse(body.toString());
	} catch {
		throw new ApiError('invalid_parameter', 'The body is not JSON.');
	}
	return asObject(value, 'body');
}

export function asObject(value: unknown, param: string): Fields {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
	throw new ApiError('invalid_parameter', `'${param}' takes an object.`, { param });
}

/** Text of 1 to `most` characters; null where it is not there. */
export function textOf(fields: Fields, param: string, most = 500): string | null {
	const value = fields[param];
	if (value === undefined || value === null || value === '') return null;
	if (typeof value === 'string' && value.length <= most) return value;
	throw new ApiError('invalid_parameter', `'${param}' takes a text of at most ${most} characters.`, { param });
}

export function neededText(fields: Fields, param: string, most = 500): string {
	const value = textOf(fields, param, most);
	if (value !== null) return value;
	throw new ApiError('invalid_parameter', `'${param}' is required.`, { param });
}

/** One of some words; null where it is not there. */
export function wordOf<T extends string>(fields: Fields, param: string, words: readonly T[]): T | null {
	const value = textOf(fields, param);
	const word = words.find((each) => each === value);
	if (value === null || word !== undefined) return word ?? null;
	throw new ApiError('invalid_parameter', `'${param}' takes ${words.join(', ')}.`, { param });
}

/** A list of 1 to `most` things. */
export function listOf(fields: Fields, param: string, most: number): unknown[] {
	const value = fields[param];
	if (Array.isArray(value) && value.length > 0 && value.length <= most) return value;
	throw new ApiError('invalid_parameter', `'${param}' takes a list of 1 to ${most}.`, { param });
}

/** An absolute http or https URL; null where it is not there. */
export function urlOf(fields: Fields, param: string, { tls = false }: { tls?: boolean } = {}): string | null {
	const value = textOf(fields, param, 2048);
	if (value === null) return null;
	const { protocol } = URL.canParse(value) ? new URL(value) : { protocol: '' };
	if (protocol === 'https:' || (protocol === 'http:' && !tls)) return value;
	throw new ApiError('invalid_parameter', `'${param}' takes an ${tls ? 'https ' : ''}URL.`, { param });
}

/** Ids of a query parameter, separated by commas. */
export function idsOf(query: URLSearchParams, param: string): string[] {
	return (query.get(param) ?? '').split(',').filter((id) => id !== '');
}
