/** Purges that nobody has taken at the end of the program, in a file of the state folder until the next start. */
import { constants } from 'node:fs';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatRecord, parseRecord, type UntoldPurge } from '../cache/redis/purge-record.ts';
import type { WaitingItem } from '../cdn/purge-queue.ts';
import { readPurgeRequest } from '../cdn/purge-request.ts';

/** What waits, for whoever goes on with it. */
export interface LeftPurges {
	/** At targets, by name. */
	readonly targets: Record<string, WaitingItem[]>;
	/** To be told to other nodes. */
	readonly nodes: readonly UntoldPurge[];
}

/** Most bytes of the file: half for targets, half for other nodes. */
const FILE_MOST = 8 * 1024 * 1024;
const NAME_MOST = 200;
const EVERYTHING: UntoldPurge = { purge: { everything: true }, soft: false };

/**
 * Writes what waits, for the user alone, as far as there is room; what is written. Of other nodes' purges that are too
 * many all are one of everything. @throws Error when it cannot be written
 */
export async function keepPurges(path: string, { targets, nodes }: LeftPurges): Promise<LeftPurges> {
	const kept = { targets: fitting(targets), nodes };
	const records = nodes.map((one, serial) => formatRecord({ node: '', serial, ...one }));
	if (records.reduce((sum, { length }) => sum + 2 * length + 4, 0) > FILE_MOST / 2) {
		kept.nodes = [EVERYTHING];
		records.splice(0, records.length, formatRecord({ node: '', serial: 0, ...EVERYTHING }));
	}
	const part = `${path}.part`;
	await mkdir(dirname(path), { recursive: true, mode: 0o700 });
	await unlink(part).catch(() => {});
	const file = await open(part, 'wx', 0o600);
	try {
		await file.writeFile(JSON.stringify({ v: 1, targets: kept.targets, nodes: records }));
		await file.sync();
		await rename(part, path);
	} finally {
		await file.close();
	}
	return kept;
}

/** The latest first: those of before may have been taken by now. */
function fitting(targets: LeftPurges['targets']): Record<string, WaitingItem[]> {
	let room = FILE_MOST / 2;
	const kept: Record<string, WaitingItem[]> = {};
	for (const [name, items] of Object.entries(targets)) {
		const from = items.findLastIndex((item) => {
			room -= JSON.stringify(item).length + 1;
			return room < 0;
		});
		kept[name] = items.slice(from + 1);
	}
	return kept;
}

/** What the last end left; whatever it is, it is read once more only if this start ends before `forgetPurges`. null: nothing. @throws Error what is there is none */
export async function leftPurges(path: string): Promise<LeftPurges | null> {
	let text: string;
	try {
		text = await readOwn(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
		throw error;
	}
	const value: unknown = JSON.parse(text);
	const { v, targets, nodes } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
	if (v !== 1 || typeof targets !== 'object' || targets === null || !Array.isArray(nodes))
		throw new Error('it is damaged, or of another version');
	return {
		targets: Object.fromEntries(
			Object.entries(targets)
				.filter(([name]) => name.length <= NAME_MOST)
				.map(([name, items]) => [name, Array.isArray(items) ? items.flatMap(itemOf) : []]),
		),
		nodes: nodes.flatMap((record: unknown) => {
			const read = typeof record === 'string' ? parseRecord(record) : null;
			return read === null ? [] : [{ purge: read.purge, soft: read.soft }];
		}),
	};
}

export async function forgetPurges(path: string): Promise<void> {
	await unlink(path).catch(() => {});
}

/** What somebody else put there is none: neither a link, nor what is another's or too long. */
async function readOwn(path: string): Promise<string> {
	const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		const about = await file.stat();
		const isOwn = about.uid === process.getuid?.() && (about.mode & 0o022) === 0;
		if (!about.isFile() || !isOwn) throw new Error('it is not a file of this user alone');
		if (about.size > FILE_MOST) throw new Error(`it has more than ${FILE_MOST} bytes`);
		return await file.readFile('utf8');
	} finally {
		await file.close();
	}
}

/** As a request for it would be read; none: it is no purge. */
function itemOf(value: unknown): WaitingItem[] {
	const { kind, item, soft, sinceMs } = (typeof value === 'object' && value !== null ? value : {}) as WaitingItem;
	if (typeof item !== 'string' || typeof soft !== 'boolean' || !Number.isFinite(sinceMs)) return [];
	const one = { kind, item, soft, sinceMs: Math.min(sinceMs, Date.now()) };
	if (kind === 'everything') return [{ ...one, item: '*' }];
	if (kind !== 'urls' && kind !== 'prefixes' && kind !== 'tags') return [];
	try {
		readPurgeRequest({ [kind]: [item] });
		return [one];
	} catch {
		return [];
	}
}
