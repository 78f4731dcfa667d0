import type { ClaimedJob, JobStore, ReportKind } from './job-store.ts';

/** While the store cannot be used, ms. */
const BACK_OFF_MS = 1000;

/** What became of an attempt. */
export interface AttemptReport {
	job: ClaimedJob;
	kind: ReportKind;
}

export interface AttemptReportsParts {
	store: Pick<JobStore, 'report'>;
	/** The store has it. `taken` false: the attempt was not the job's any more. `isFirst`: no try of it failed. */
	told(report: AttemptReport, of: { taken: boolean; isFirst: boolean }): void | Promise<void>;
	/** They are on their way: whoever claims now shares their commit, and has the places that they leave. */
	sent(reports: readonly AttemptReport[]): void;
	/** The store has them, and can be used. */
	done(reports: readonly AttemptReport[]): void;
	trouble(error: unknown): void;
	nowMs(): number;
}

/** Reports what became of attempts, until the store has it: what comes together with one call. */
export class AttemptReports {
	readonly #parts: AttemptReportsParts;
	#waiting: AttemptReport[] = [];

	constructor(parts: AttemptReportsParts) {
		this.#parts = parts;
	}

	add(report: AttemptReport): void {
		if (this.#waiting.push(report) === 1) queueMicrotask(() => void this.#send(this.#waiting.splice(0)));
	}

	async #send(reports: readonly AttemptReport[]): Promise<void> {
		let taken: boolean[];
		try {
			const stored = this.#store(reports);
			this.#parts.sent(reports);
			taken = await stored;
		} catch (error) {
			this.#parts.trouble(error);
			// One that cannot be stored must not keep the others from it.
			for (const report of reports) void this.#insist(report, reports.length > 1);
			return;
		}
		for (const [at, report] of reports.entries()) {
			try {
				const told = this.#parts.told(report, { taken: taken[at] === true, isFirst: true });
				if (told !== undefined)
					told.then(
						() => this.#parts.done([report]),
						() => this.#insist(report, true),
					);
			} catch (error) {
				this.#parts.trouble(error);
				void this.#insist(report, true);
			}
		}
		this.#parts.done(reports);
	}

	/** A call that failed may have been stored all the same: a lease that ran out meanwhile says so. */
	async #insist(report: AttemptReport, atOnce: boolean): Promise<void> {
		for (let waits = !atOnce; ; waits = true) {
			if (waits) await new Promise((resolve) => setTimeout(resolve, BACK_OFF_MS));
			try {
				const [taken] = await this.#store([report]);
				await this.#parts.told(report, { taken: taken === true, isFirst: false });
				this.#parts.done([report]);
				return;
			} catch (error) {
				this.#parts.trouble(error);
			}
		}
	}

	#store(reports: readonly AttemptReport[]): Promise<boolean[]> {
		const nowMs = this.#parts.nowMs();
		return this.#parts.store.report(reports.map(({ job: { id, token }, kind }) => ({ id, token, nowMs, ...kind })));
	}
}
