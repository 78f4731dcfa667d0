import type { SharedPurge } from '../purges/purge-times.ts';

/** A purge as nodes tell it to each other. */
export interface PurgeRecord {
	/** Who tells it, and a number that is never used again there: one that comes twice is applied once. */
	readonly node: string;
	readonly serial: number;
	readonly soft: boolean;
	readonly purge: SharedPurge;
}

/** One that Redis does not have yet; plain data, so that another core, or another start, can tell it. */
export interface UntoldPurge {
	readonly purge: SharedPurge;
	readonly soft: boolean;
}

/** Items of one record; more make several. */
export const ITEMS_MOST = 200;
/** Characters of an item at most; keys of the cache have no more. */
const ITEM_MOST = 33_000;
const TEXT_MOST = 4 * 1024 * 1024;
const KINDS = ['urls', 'prefixes', 'tags', 'changed'] as const;

export function formatRecord({ node, serial, soft, purge }: PurgeRecord): string {
	return JSON.stringify({ v: 1, node, serial, soft, ...purge });
}

/** null: it is none; whoever can write there may write anything. */
export function parseRecord(text: string): PurgeRecord | null {
	if (text.length > TEXT_MOST) return null;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null;
	}
	if (typeof value !== 'object' || value === null) return null;
	const { v, node, serial, soft, ...rest } = value as Record<string, unknown>;
	if (v !== 1 || typeof node !== 'string' || node.length > 64 || typeof soft !== 'boolean') return null;
	const purge = purgeOf(rest);
	return purge === null || !Number.isSafeInteger(serial) ? null : { node, serial: serial as number, soft, purge };
}

function purgeOf(rest: Record<string, unknown>): SharedPurge | null {
	if (rest['everything'] === true) return { everything: true };
	const kind = KINDS.find((one) => rest[one] !== undefined);
	const items = kind === undefined ? undefined : rest[kind];
	if (kind === undefined || !Array.isArray(items) || items.length > ITEMS_MOST) return null;
	if (!items.every((item): item is string => typeof item === 'string' && item.length <= ITEM_MOST)) return null;
	if (kind === 'urls' && !items.every((item) => URL.canParse(item))) return null;
	return { [kind]: items } as unknown as SharedPurge;
}

/** In records of their own, where there are many items. */
export function piecesOf(purge: SharedPurge): SharedPurge[] {
	if ('everything' in purge) return [purge];
	const [[kind, items]] = Object.entries(purge) as [[string, readonly string[]]];
	const pieces: SharedPurge[] = [];
	for (let at = 0; at < items.length; at += ITEMS_MOST)
		pieces.push({ [kind]: items.slice(at, at + ITEMS_MOST) } as unknown as SharedPurge);
	return pieces;
}
