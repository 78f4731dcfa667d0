import { createWriteStream } from 'node:fs';
import { mkdir, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { diskFault } from '../../core/database.ts';
import { type FoundMedia, MediaFault, type MediaPolicy, type MediaTarget, type OpenMedia } from './media-policy.ts';

/** What a copy is called, by its type; of all others nothing is told to clients but that it is bytes. */
const TYPES: Readonly<Record<string, string>> = {
	mp4: 'video/mp4',
	webm: 'video/webm',
	mov: 'video/quicktime',
	mp3: 'audio/mpeg',
	wav: 'audio/wav',
	gif: 'image/gif',
	png: 'image/png',
	jpg: 'image/jpeg',
	bin: 'application/octet-stream',
};
/** Being written; one that is older was left by a crash, ms. */
const PART = '.part';
const LEFT_MS = 3_600_000;
const NAME = /^[A-Za-z0-9_-]{22}-\d{1,3}$/;
/** Files that are looked at in one sweep. */
const LISTED_MOST = 200_000;

interface Kept {
	path: string;
	bytes: number;
	changedMs: number;
	part: boolean;
}

/** Copies in a folder, a file each. */
export class DiskTarget implements MediaTarget {
	readonly #folder: string;
	readonly #policy: Pick<MediaPolicy, 'keepMs' | 'roomBytes'>;

	constructor(folder: string, policy: Pick<MediaPolicy, 'keepMs' | 'roomBytes'>) {
		this.#folder = folder;
		this.#policy = policy;
	}

	async put(name: string, media: OpenMedia): Promise<void> {
		if (!NAME.test(name)) throw new MediaFault('that is no name of a copy', true);
		if ((media.length ?? 0) > this.#policy.roomBytes) throw new MediaFault('it is larger than the room for all', true);
		const path = join(this.#folder, `${name}.${endingOf(media.type)}`);
		try {
			await mkdir(this.#folder, { recursive: true, mode: 0o700 });
			await pipeline(media.bytes, createWriteStream(path + PART, { mode: 0o600, flush: true }));
			await rename(path + PART, path);
		} catch (error) {
			await rm(path + PART, { force: true }).catch(() => {});
			if (error instanceof MediaFault) throw error;
			const why = diskFault(error) ?? (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
			throw new MediaFault(`the folder of copies cannot be used: ${why}`);
		}
	}

	async find(name: string): Promise<FoundMedia | null> {
		if (!NAME.test(name)) return null;
		for (const [ending, type] of Object.entries(TYPES)) {
			const path = join(this.#folder, `${name}.${ending}`);
			const found = await stat(path).catch(() => null);
			if (found?.isFile() === true) return { kind: 'file', path, bytes: found.size, type };
		}
		return null;
	}

	async sweep(nowMs: number): Promise<void> {
		const { keepMs, roomBytes } = this.#policy;
		const kept = (await this.#listed()).sort((a, b) => b.changedMs - a.changedMs);
		let bytes = 0;
		for (const one of kept) {
			bytes += one.bytes;
			const over = one.part ? nowMs - one.changedMs > LEFT_MS : bytes > roomBytes || nowMs - one.changedMs > keepMs;
			// One that cannot be removed keeps neither the others, nor jobs whose time is over, from it.
			if (over) await rm(one.path, { force: true }).catch(() => {});
		}
	}

	/** Files of ours; others that lie there are let be. */
	async #listed(): Promise<Kept[]> {
		const kept: Kept[] = [];
		const folder = await opendir(this.#folder).catch(() => null);
		if (folder === null) return kept;
		for await (const { name } of folder) {
			const [, base = '', ending = '', part] = /^([^.]+)\.([a-z0-9]+)(\.part)?$/.exec(name) ?? [];
			if (!NAME.test(base) || !Object.hasOwn(TYPES, ending)) continue;
			const path = join(this.#folder, name);
			const found = await stat(path).catch(() => null);
			if (found !== null) kept.push({ path, bytes: found.size, changedMs: found.mtimeMs, part: part !== undefined });
			if (kept.length >= LISTED_MOST) break;
		}
		return kept;
	}
}

function endingOf(type: string): string {
	const plain = type.split(';')[0]?.trim().toLowerCase();
	return Object.entries(TYPES).find(([, known]) => known === plain)?.[0] ?? 'bin';
}
