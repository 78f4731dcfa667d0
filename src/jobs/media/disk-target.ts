import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { diskFault } from '../../core/database.ts';
import { FileSealer, plainBytes, SEALED } from '../sealing/sealed-file.ts';
import type { StoreKey } from '../sealing/store-keys.ts';
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
/** Copies, and parts of them. */
const LISTED = /^([^.]+)\.([a-z0-9]+)(?:\.sealed)?(?:(?:\.[A-Za-z0-9_-]{8})?(\.part))?$/;
/** Files that are looked at in one sweep. */
const LISTED_MOST = 200_000;

/** What a sealed copy is of. */
const aboutOf = (name: string): string => `media ${name}`;

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
	readonly #keys: () => readonly StoreKey[];

	/** `keys`: the first seals what comes; none: copies lie in the clear. */
	constructor(folder: string, policy: Pick<MediaPolicy, 'keepMs' | 'roomBytes'>, keys = (): readonly StoreKey[] => []) {
		this.#folder = folder;
		this.#policy = policy;
		this.#keys = keys;
	}

	async put(name: string, media: OpenMedia): Promise<void> {
		if (!NAME.test(name)) throw new MediaFault('that is no name of a copy', true);
		if ((media.length ?? 0) > this.#policy.roomBytes) throw new MediaFault('it is larger than the room for all', true);
		const [key] = this.#keys();
		const path = join(this.#folder, `${name}.${endingOf(media.type)}${key === undefined ? '' : SEALED}`);
		const bytes = key === undefined ? media.bytes : sealed(new FileSealer(key, aboutOf(name)), media.bytes);
		// Another node may copy the same.
		const part = `${path}.${randomBytes(6).toString('base64url')}${PART}`;
		try {
			await mkdir(this.#folder, { recursive: true, mode: 0o700 });
			await pipeline(bytes, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }));
			await rename(part, path);
		} catch (error) {
			await rm(part, { force: true }).catch(() => {});
			if (error instanceof MediaFault) throw error;
			const why = diskFault(error) ?? (error as NodeJS.ErrnoException).code ?? 'it cannot be written';
			throw new MediaFault(`the folder of copies cannot be used: ${why}`);
		}
	}

	async find(name: string): Promise<FoundMedia | null> {
		if (!NAME.test(name)) return null;
		for (const [ending, type] of Object.entries(TYPES)) {
			for (const seal of ['', SEALED]) {
				const path = join(this.#folder, `${name}.${ending}${seal}`);
				const found = await stat(path).catch(() => null);
				const bytes = seal === '' ? found?.size : plainBytes(found?.size ?? 0);
				if (found?.isFile() !== true || bytes == null) continue;
				const sealedAs = seal === '' ? null : aboutOf(name);
				return { kind: 'file', path, bytes, type, changedMs: found.mtimeMs, sealedAs };
			}
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
			const [, base = '', ending = '', part] = LISTED.exec(name) ?? [];
			if (!NAME.test(base) || !Object.hasOwn(TYPES, ending)) continue;
			const path = join(this.#folder, name);
			const found = await stat(path).catch(() => null);
			if (found !== null) kept.push({ path, bytes: found.size, changedMs: found.mtimeMs, part: part !== undefined });
			if (kept.length >= LISTED_MOST) break;
		}
		return kept;
	}
}

async function* sealed(sealer: FileSealer, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	yield sealer.head;
	for await (const piece of bytes) yield sealer.add(piece);
	yield sealer.end();
}

function endingOf(type: string): string {
	const plain = type.split(';')[0]?.trim().toLowerCase();
	return Object.entries(TYPES).find(([, known]) => known === plain)?.[0] ?? 'bin';
}
