import type { Exchange } from '../../gateway/exchange.ts';
import type { OwnPages } from '../../gateway/offload.ts';
import { text } from '../../wire/head.ts';
import { JobPage } from './job-page.ts';
import type { OffloadParts } from './offload-parts.ts';

/** Longest that stands behind the path: `/`, an id, `/result`. */
const BEHIND_MOST = 1 + 22 + 10;
const BEHIND = /^\/([A-Za-z0-9_-]{22})(?:\/(result|events|media)(?:\/(\d{1,3}))?)?$/;

/** The pages on which clients ask about their jobs. What is none of them goes on to the routes. */
export class JobPages implements OwnPages<Exchange> {
	readonly #parts: OffloadParts;
	readonly #path: Buffer;
	/** Each list of fields that a credential may stand in. */
	readonly #owners: readonly (readonly string[])[];

	constructor(parts: OffloadParts, owners: readonly (readonly string[])[]) {
		this.#parts = parts;
		this.#path = Buffer.from(parts.path, 'latin1');
		this.#owners = owners;
	}

	pass(exchange: Exchange): boolean {
		const { buffer, pathStart, pathEnd } = exchange;
		const path = this.#path;
		const behind = pathEnd - pathStart - path.length;
		if (behind < 0 || behind > BEHIND_MOST) return true;
		for (let i = 0; i < path.length; i++) if (buffer[pathStart + i] !== path[i]) return true;
		const found = behind === 0 ? [] : BEHIND.exec(text(buffer, pathStart + path.length, pathEnd));
		if (found === null) return true;
		const [, id = '', part = '', file = '0'] = found;
		if (file !== '0' && part !== 'media') return true;
		new JobPage(exchange, this.#parts, this.#owners).answer(
			id,
			part as '' | 'result' | 'events' | 'media',
			Number(file),
		);
		return false;
	}
}
