import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const LOOK_MS = 500;

/**
 * Looks after the files of the configuration. Polls: editors replace files, and notices of the
 * system get lost over network and container file systems. The folders are looked at too, so that
 * a new file that `include` finds is noticed.
 */
export class ConfigWatch {
	readonly #changed: () => void;
	#files: readonly string[] = [];
	#stamp = '';
	#timer: NodeJS.Timeout | undefined;

	constructor(changed: () => void) {
		this.#changed = changed;
	}

	/** From now on these files; their present state is the one to compare with. */
	async follow(files: readonly string[]): Promise<void> {
		this.#files = [...new Set(files.flatMap((file) => [file, dirname(file)]))];
		this.#stamp = await this.#stampNow();
		this.#timer ??= setInterval(() => void this.#look(), LOOK_MS);
	}

	async #look(): Promise<void> {
		const stamp = await this.#stampNow();
		if (stamp === this.#stamp) return;
		this.#stamp = stamp;
		this.#changed();
	}

	async #stampNow(): Promise<string> {
		const stamps = await Promise.all(
			this.#files.map((file) =>
				stat(file).then(
					({ mtimeMs, size, ino }) => `${ino}:${mtimeMs}:${size}`,
					() => 'missing',
				),
			),
		);
		return stamps.join(' ');
	}

	stop(): void {
		clearInterval(this.#timer);
	}
}
