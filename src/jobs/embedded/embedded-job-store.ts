import type { DatabaseSync } from 'node:sqlite';
import { BallastError } from '../../core/errors.ts';
import type { Job, JobState, NewJob } from '../job.ts';
import type {
	AddOutcome,
	Claim,
	ClaimedJob,
	JobChange,
	JobChanged,
	JobPage,
	JobQuery,
	KnowsQueues,
	KnowsSums,
	QueueView,
	Report,
} from '../job-store.ts';
import type { Notice, NoticeClaim, NoticeSettled } from '../notice-store.ts';
import type { GoneReceiver } from '../receiver-store.ts';
import type { OwnerStore, TellingStore } from '../telling-store.ts';
import { Adding } from './adding.ts';
import { change } from './changing.ts';
import { Claiming } from './claiming.ts';
import { CommitGroup } from './commit-group.ts';
import { FileWatch } from './file-watch.ts';
import { GoneReceivers } from './gone-receivers.ts';
import { IdempotencyRecords } from './idempotency-records.ts';
import { JobBook } from './job-book.ts';
import { isCorrupt, isOfFile, type JobFile, openJobFile, quarantine, unavailable } from './job-file.ts';
import { STATE_NUMBERS, STATES } from './job-tables.ts';
import { Ledger } from './ledger.ts';
import { listJobs } from './listing.ts';
import { LOOK_EVERY_MS, Neighbours } from './neighbours.ts';
import { Noticing } from './noticing.ts';
import { Owners } from './owners.ts';
import { report } from './reporting.ts';
import { Sweeping } from './sweeping.ts';

export interface EmbeddedJobStoreOptions extends JobFile {
	/** Called behind the commit, before the call that made the change is answered; of others' changes soon after. */
	changed?: JobChanged;
	/**
	 * Whether a holder whose lease is over is known to be there all the same: two processes of one machine need not
	 * agree on the time, as behind a suspension. Default: nobody is.
	 */
	isAlive?: (holder: string) => boolean;
}

/** Jobs in a SQLite file: with nothing installed, on one machine. What is promised is on its disk. */
export function openEmbeddedJobStore(
	options: EmbeddedJobStoreOptions,
): TellingStore & OwnerStore & KnowsQueues & KnowsSums {
	return new EmbeddedJobStore(options);
}

/** What works on one open file. */
interface Parts {
	database: DatabaseSync;
	ledger: Ledger;
	book: JobBook;
	adding: Adding;
	claiming: Claiming;
	sweeping: Sweeping;
	noticing: Noticing;
	receivers: GoneReceivers;
	owners: Owners;
	neighbours: Neighbours;
	group: CommitGroup;
}

class EmbeddedJobStore implements TellingStore, OwnerStore, KnowsQueues, KnowsSums {
	readonly #options: EmbeddedJobStoreOptions;
	readonly #look: NodeJS.Timeout | undefined;
	#parts: Parts;
	#closed = false;

	constructor(options: EmbeddedJobStoreOptions) {
		this.#options = options;
		this.#parts = this.#open();
		const { changed } = options;
		if (changed !== undefined) this.#look = setInterval(() => this.#hear(changed), LOOK_EVERY_MS).unref();
	}

	add(jobs: readonly NewJob[]): Promise<AddOutcome[]> {
		return this.#runNow(({ adding }) => jobs.map((job) => adding.add(job)));
	}

	claim(claim: Claim): Promise<ClaimedJob[]> {
		// What is taken in, or lets go of a place, by the same commit has its turn by it, too.
		return this.#runNow(({ claiming }) => claiming.claim(claim), 'runLast');
	}

	report(reports: readonly Report[]): Promise<boolean[]> {
		return this.#runNow(({ book }) => reports.map((one) => report(book, one)));
	}

	async get(id: string): Promise<Job | null> {
		return this.#read(({ book }) => book.job(id));
	}

	async list(query: JobQuery): Promise<JobPage> {
		return this.#read(({ database }) => listJobs(database, query));
	}

	change(id: string, wanted: JobChange): Promise<{ job: Job; changed: boolean } | null> {
		return this.#run(({ book }) => change(book, id, wanted));
	}

	queue(name: string, wanted?: { paused: boolean }): Promise<QueueView> {
		return this.#run((parts) => {
			if (wanted !== undefined) {
				const row = parts.ledger.madeQueue(name);
				row.paused = wanted.paused;
				row.dirty = true;
			}
			return viewOf(parts, name);
		});
	}

	async queueNames(): Promise<string[]> {
		return this.#read(({ sweeping }) => sweeping.queues());
	}

	async sweep(nowMs: number, present: readonly string[] = []): Promise<{ files: string[] }> {
		while (!(await this.#run(({ sweeping }) => sweeping.step(nowMs))));
		for (const name of await this.#run(({ sweeping }) => sweeping.queues())) {
			while (!(await this.#run(({ claiming }) => claiming.promote(name, nowMs))));
		}
		return { files: await this.#run(({ sweeping }) => sweeping.end(nowMs, present)) };
	}

	async dueNotices(claim: NoticeClaim): Promise<Notice[]> {
		if (claim.gone.length === 0 && !this.#read(({ noticing }) => noticing.isDue(claim.nowMs))) return [];
		return this.#run(({ noticing }) => noticing.due(claim));
	}

	async settleNotices(settled: readonly NoticeSettled[]): Promise<void> {
		await this.#run(({ noticing, book }) => {
			for (const one of settled) {
				noticing.settle(one);
				book.forgetRow(one.id);
			}
		});
	}

	async sums(sinceMs: number): Promise<{ key: string; sum: number }[]> {
		return this.#read(({ book }) => book.spending.sums(sinceMs));
	}

	async noticesWaiting(): Promise<number> {
		return this.#read(({ noticing }) => noticing.waiting());
	}

	async areGone(keys: readonly string[]): Promise<ReadonlySet<string>> {
		return this.#read(({ receivers }) => receivers.among(keys));
	}

	addGone(receiver: GoneReceiver): Promise<void> {
		return this.#run(({ receivers }) => receivers.add(receiver));
	}

	async gone(most: number): Promise<GoneReceiver[]> {
		return this.#read(({ receivers }) => receivers.list(most));
	}

	removeGone(keys: readonly string[]): Promise<number> {
		return this.#run(({ receivers }) => receivers.remove(keys));
	}

	async ownerOf(id: string): Promise<string | null> {
		return this.#read(({ owners }) => owners.ownerOf(id));
	}

	async secret(): Promise<Uint8Array | null> {
		return this.#read(({ owners }) => owners.secret());
	}

	setSecret(value: Uint8Array, was: Uint8Array | null): Promise<boolean> {
		return this.#run(({ owners }) => owners.setSecret(value, was));
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		clearInterval(this.#look);
		const { group, neighbours, database } = this.#parts;
		// Who cannot say goodbye is taken for gone after a while.
		group.run(() => neighbours.leave()).catch(() => {});
		group.flush();
		this.#closed = true;
		database.close();
	}

	/** Work that finds all jobs in the file. */
	#run<T>(work: (parts: Parts) => T): Promise<T> {
		return this.#runNow((parts) => {
			parts.book.fresh.writeAll();
			return work(parts);
		});
	}

	/** Work that knows of those that are not in it yet. */
	async #runNow<T>(work: (parts: Parts) => T, how: 'run' | 'runLast' = 'run'): Promise<T> {
		const parts = this.#usable();
		return parts.group[how](() => work(parts));
	}

	#read<T>(work: (parts: Parts) => T): T {
		const parts = this.#usable();
		try {
			return work(parts);
		} catch (error) {
			throw this.#translate(error, parts);
		}
	}

	#usable(): Parts {
		if (this.#closed) throw new BallastError('jobs_unavailable', 'the store of jobs is closed');
		if (this.#parts.database.isOpen) return this.#parts;
		// There was no room for another file when the one of before was put aside.
		try {
			this.#parts = this.#open();
		} catch (error) {
			throw new BallastError('jobs_unavailable', (error as Error).message, {}, error);
		}
		return this.#parts;
	}

	#open(): Parts {
		const database = openJobFile(this.#options);
		const ledger = new Ledger(database);
		const book = new JobBook(database, ledger);
		const records = new IdempotencyRecords(database);
		const watch = new FileWatch(this.#options.path);
		const parts: Parts = {
			database,
			ledger,
			book,
			adding: new Adding(database, book, records),
			claiming: new Claiming(database, book, this.#options.isAlive ?? (() => false)),
			sweeping: new Sweeping(database, book, records),
			noticing: new Noticing(database),
			receivers: new GoneReceivers(database),
			owners: new Owners(database),
			neighbours: new Neighbours(database, this.#options.changed !== undefined),
			group: new CommitGroup(database, {
				begin() {
					const others = ledger.begin();
					if (others) {
						book.forget();
						parts.neighbours.look();
					}
					records.begin(others);
				},
				end() {
					watch.check();
					book.fresh.writeAll();
					ledger.flush();
					records.end();
					parts.neighbours.write(book.told);
				},
				committed: () => {
					records.committed();
					this.#tell(book);
				},
				rolledBack() {
					ledger.forget();
					book.forget();
					book.fresh.forget();
					records.rolledBack();
					book.told.length = 0;
				},
				translate: (error) => this.#translate(error, parts),
				ofAll: (error) => error instanceof BallastError || isOfFile(error),
			}),
		};
		return parts;
	}

	#tell(book: JobBook): void {
		const told = book.told.splice(0);
		const { changed } = this.#options;
		if (changed !== undefined) for (const one of told) changed(one);
	}

	/** What others changed. */
	#hear(changed: JobChanged): void {
		const { neighbours, group } = this.#parts;
		try {
			for (const one of neighbours.news()) changed(one);
		} catch {
			// A file that cannot be read now fails the calls, which say so.
		}
		if (neighbours.isDue) group.run(() => neighbours.tell()).catch(() => {});
	}

	/** The one place where faults of the file become errors of ours. */
	#translate(error: unknown, parts: Parts): BallastError {
		if (isCorrupt(error) && parts === this.#parts) {
			try {
				parts.database.close();
				quarantine(this.#options, error as Error);
				this.#parts = this.#open();
			} catch (fault) {
				return unavailable(fault);
			}
		}
		return unavailable(error);
	}
}

function viewOf({ ledger, sweeping }: Parts, name: string): QueueView {
	const row = ledger.queue(name);
	const counts = Object.fromEntries(STATES.map((state) => [state, row?.counts[STATE_NUMBERS[state]] ?? 0]));
	return {
		paused: row?.paused ?? false,
		counts: counts as Record<JobState, number>,
		oldestMs: row === null ? null : sweeping.oldestMs(row.qid),
	};
}
