import { STATES } from '../embedded/job-tables.ts';
import type { JobState } from '../job.ts';
import type { JobChanged } from '../job-store.ts';
import type { JobScripts } from './job-scripts.ts';

/** How often it is looked whether others have changed something, ms. */
const LOOK_EVERY_MS = 100;

/** Each change in the text of a call or of the stream: `id state version`, by commas. */
export function tellAll(text: string, changed: JobChanged | undefined): void {
	if (changed === undefined) return;
	for (const one of text.split(',')) {
		const [id, state, version] = one.split(' ');
		const name = STATES[Number(state)] as JobState | undefined;
		if (id !== undefined && name !== undefined) changed({ id, state: name, version: Number(version) });
	}
}

/**
 * What other nodes changed, read from a stream in Redis: what came while the connection was away is there afterwards, as
 * it would not be by pub/sub. Of a node that was away for longer than the stream holds (20,000 calls) some is missed.
 */
export class ChangeFeed {
	readonly #scripts: JobScripts;
	readonly #changed: JobChanged;
	#last: string | null = null;
	#timer: NodeJS.Timeout | undefined;
	#stopped = false;

	constructor(scripts: JobScripts, changed: JobChanged) {
		this.#scripts = scripts;
		this.#changed = changed;
	}

	/** Resolves when what happens from now on is heard. */
	async start(): Promise<void> {
		await this.#look();
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	async #look(): Promise<void> {
		if (this.#last === null) this.#last = await this.#scripts.end();
		else await this.#read(this.#last);
		if (this.#stopped) return;
		this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
		this.#timer.unref();
	}

	async #read(after: string): Promise<void> {
		const news = await this.#scripts.news(after);
		if (news === null || this.#stopped) return;
		this.#last = news.last;
		for (const text of news.texts) tellAll(text, this.#changed);
	}
}
