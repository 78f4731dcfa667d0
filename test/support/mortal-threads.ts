/**
 * Threads of a Ballast that end when a test says so: `env` goes to `startBallast`, and `die` ends one. This same file is
 * loaded into each of its processes and threads first of all, and looks out for that there.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, workerData } from 'node:worker_threads';

const FOLDER = 'BALLAST_TEST_DEATHS';
const LOOK_MS = 20;
const DEAD_MS = 20_000;

export class MortalThreads {
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-deaths-'));

	get env(): Record<string, string> {
		return { [FOLDER]: this.#folder, NODE_OPTIONS: `--import=${import.meta.url}` };
	}

	/** `jobs`, `worker-0` … Resolves when it is ending. */
	async die(name: string): Promise<void> {
		const order = join(this.#folder, name);
		writeFileSync(order, '');
		for (let waitedMs = 0; existsSync(order); waitedMs += LOOK_MS) {
			if (waitedMs > DEAD_MS) throw new Error(`there is no thread ${name}`);
			await sleep(LOOK_MS);
		}
	}

	remove(): void {
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** What it is called, by what it was started with; '': none of those that die. */
function nameOf(start: unknown): string {
	if (isMainThread || typeof start !== 'object' || start === null) return '';
	if ('holder' in start) return 'jobs';
	return 'plan' in start && 'id' in start ? `worker-${start.id}` : '';
}

const folder = process.env[FOLDER];
const name = nameOf(workerData);
if (folder !== undefined && name !== '') {
	const order = join(folder, name);
	setInterval(() => {
		if (!existsSync(order)) return;
		rmSync(order);
		process.exit(1);
	}, LOOK_MS).unref();
}
