import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import { BallastError } from '../core/errors.ts';
import type { Span } from '../core/span.ts';
import type { MinuteFrames } from '../metrics/minute-frames.ts';
import { ROLLUP_STEPS, Rollups } from '../metrics/rollups.ts';
import type { DecisionRecord } from '../scaling/decision.ts';
import { DECISION_STEPS, DecisionStore } from '../scaling/decision-store.ts';
import { STATE_STEPS, StateTable } from '../store/state-table.ts';
import { TraceStore } from '../traces/trace-store.ts';
import type { StoreCalls, StoreSettings } from './store-messages.ts';

/** How often it is tried again to open what could not be opened, or written, ms. */
const RETRY_MS = 5000;
const PRUNE_MS = 60_000;
const DAY_MS = 86_400_000;

/** One of them: opened when it is first needed, and again some time after it failed. */
class Kept<T> {
	readonly #open: () => T;
	readonly #what: string;
	readonly #tell: (text: string) => void;
	#value: T | null = null;
	#retryAtMs = 0;
	failure = '';

	constructor(what: string, open: () => T, tell: (text: string) => void) {
		this.#what = what;
		this.#open = open;
		this.#tell = tell;
	}

	/** Works with it, if that is possible now; undefined: it is not. */
	use<R>(work: (value: T) => R): R | undefined {
		if (this.failure !== '' && Date.now() < this.#retryAtMs) return undefined;
		try {
			const result = work((this.#value ??= this.#open()));
			if (this.failure !== '') this.#tell(`${this.#what} are stored again`);
			this.failure = '';
			return result;
		} catch (error) {
			const why = diskFault(error) ?? (error as Error).message;
			if (this.failure === '')
				this.#tell(`${this.#what} are not stored: ${why}; they are dropped until it works again`);
			this.failure = why;
			this.#retryAtMs = Date.now() + RETRY_MS;
			return undefined;
		}
	}

	end(close: (value: T) => void): void {
		if (this.#value !== null) close(this.#value);
		this.#value = null;
	}
}

/** Roll-ups of figures, spans, and the state of alerts and the like: what lasts beside the logs. */
export class LastingStores {
	readonly #rollups: Kept<{ database: DatabaseSync; rollups: Rollups }>;
	readonly #state: Kept<{ database: DatabaseSync; table: StateTable }>;
	readonly #decisions: Kept<{ database: DatabaseSync; decisions: DecisionStore }>;
	readonly #traces: Kept<TraceStore> | null;
	#prunedMs = 0;
	#spansLost = 0;

	constructor(settings: StoreSettings, folder: string, tell: (text: string) => void) {
		this.#rollups = new Kept(
			'figures',
			() => {
				const database = openDatabase(join(folder, 'metrics.db'), ROLLUP_STEPS);
				const transact = <R>(work: () => R): R => inTransaction(database, work);
				return { database, rollups: new Rollups({ database, transact }, settings.rollups) };
			},
			tell,
		);
		this.#state = new Kept(
			'states of alerts',
			() => {
				const database = openDatabase(join(folder, 'state.db'), STATE_STEPS);
				return { database, table: new StateTable(database) };
			},
			tell,
		);
		this.#decisions = new Kept(
			'decisions on sizes',
			() => {
				const database = openDatabase(join(folder, 'scaling.db'), DECISION_STEPS);
				return { database, decisions: new DecisionStore(database) };
			},
			tell,
		);
		const { traces } = settings;
		const open = (): TraceStore =>
			new TraceStore(
				{ open: openDatabase, inTransaction },
				{
					folder: join(folder, 'traces'),
					keepDays: Math.max(1, Math.ceil((traces?.keepMs ?? DAY_MS) / DAY_MS)),
					maxBytesPerDay: traces?.maxBytesPerDay ?? 0,
				},
			);
		this.#traces = traces === null ? null : new Kept('spans', open, tell);
	}

	addSpans(spans: readonly Span[]): void {
		const kept = this.#traces?.use((store) => {
			store.add(spans, Date.now());
			return true;
		});
		if (kept !== true) this.#spansLost += spans.length;
	}

	addMinute(frames: MinuteFrames): void {
		this.#rollups.use(({ rollups }) => rollups.add(frames));
	}

	save(key: string, value: unknown): void {
		this.#state.use(({ table }) => table.set(key, value));
	}

	addDecision(id: string, record: DecisionRecord): void {
		this.#decisions.use(({ decisions }) => decisions.add(id, record));
	}

	endDecision(id: string, outcome: string): void {
		this.#decisions.use(({ decisions }) => decisions.ended(id, outcome));
	}

	/** Spans that were not kept. */
	get spansDropped(): number {
		return this.#spansLost + (this.#traces?.use((store) => store.dropped) ?? 0);
	}

	/** Why something is not stored; '': all is. */
	get failure(): string {
		return (
			[this.#rollups, this.#state, this.#decisions, this.#traces]
				.map((kept) => kept?.failure ?? '')
				.find((why) => why !== '') ?? ''
		);
	}

	readonly calls: Pick<StoreCalls, 'trace' | 'rollups' | 'rollupSpan' | 'load' | 'decisions' | 'decision'> = {
		trace: (id) => this.#spansOf(id),
		rollups: (requests) => this.#rollups.use(({ rollups }) => rollups.read(requests)) ?? [],
		rollupSpan: () => this.#rollups.use(({ rollups }) => rollups.span()) ?? null,
		decisions: (question) => this.#decisions.use(({ decisions }) => decisions.find(question)) ?? [],
		decision: (id) => this.#decisions.use(({ decisions }) => decisions.get(id)) ?? null,
		load: (key) => this.#state.use(({ table }) => table.get(key)) ?? null,
	};

	/** @throws BallastError `store_unusable` */
	#spansOf(id: string): Span[] {
		if (this.#traces === null) return [];
		const spans = this.#traces.use((store) => store.find(id));
		if (spans === undefined)
			throw new BallastError('store_unusable', `the traces cannot be read: ${this.#traces.failure}`);
		return spans;
	}

	/** Once a second. */
	tick(): void {
		const nowMs = Date.now();
		if (Math.abs(nowMs - this.#prunedMs) < PRUNE_MS) return;
		this.#prunedMs = nowMs;
		this.#traces?.use((store) => store.prune(nowMs));
		this.#decisions.use(({ decisions }) => decisions.prune(nowMs));
	}

	close(): void {
		this.#rollups.end(({ database }) => database.close());
		this.#state.end(({ database }) => database.close());
		this.#decisions.end(({ database }) => database.close());
		this.#traces?.end((store) => store.close());
	}
}
