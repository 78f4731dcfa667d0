import { statSync } from 'node:fs';
import { BallastError } from '../../core/errors.ts';

/** Looked at no more often, ms: it would cost a small commit a twentieth. */
const EVERY_MS = 100;

/**
 * Whether the open files of a database are still the ones at its path. SQLite goes on writing to files that somebody
 * has removed, or moved away: what it says is stored would be gone with the process.
 */
export class FileWatch {
	readonly #path: string;
	readonly #files: ReadonlyMap<string, string>;
	#nextMs = 0;

	/** Of a database that is open, with its write-ahead log. */
	constructor(path: string) {
		this.#path = path;
		const paths = path === ':memory:' ? [] : [path, `${path}-wal`];
		this.#files = new Map(paths.flatMap((one) => withIdentity(one)));
	}

	/**
	 * Before each commit.
	 * @throws BallastError `jobs_unavailable`
	 */
	check(): void {
		const nowMs = performance.now();
		if (nowMs < this.#nextMs) return;
		for (const [path, was] of this.#files) {
			const is = identity(path);
			if (is === was) continue;
			const what = is === null ? `${path} was removed` : `another file is at ${path}`;
			throw new BallastError(
				'jobs_unavailable',
				`jobs cannot be stored: ${what} while it was in use; put back what belongs to ${this.#path}, or start Ballast again`,
			);
		}
		// Where something is wrong it is looked again at once: it may have been put back.
		this.#nextMs = nowMs + EVERY_MS;
	}
}

function withIdentity(path: string): [string, string][] {
	const is = identity(path);
	return is === null ? [] : [[path, is]];
}

/** null: there is none. */
function identity(path: string): string | null {
	const found = statSync(path, { throwIfNoEntry: false });
	return found === undefined ? null : `${found.dev}:${found.ino}`;
}
