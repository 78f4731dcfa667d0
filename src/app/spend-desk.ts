import { hashOf } from '../jobs/idempotency.ts';
import type { Job, NewJob } from '../jobs/job.ts';
import type { ClaimedJob, KnowsSums, ReportKind } from '../jobs/job-store.ts';
import { readSpendKey } from '../jobs/spend/job-spend.ts';
import { MICRO, type SpendPolicy, type SpendWindow } from '../jobs/spend/spend-policy.ts';
import { spendWindow } from '../jobs/spend/spend-window.ts';
import type { JobsSettings } from './jobs-messages.ts';
import type { SpendFigures } from './spend-figures.ts';

/** Tenants of a service that have figures of their own, beside those that are named. */
const LABELS_MOST = 50;
/** Sums are read so often, ms; of very many tenants more seldom, so that it takes no more than this share of the time. */
const READ_MS = 5000;
const READ_SHARE = 0.02;

const ALL = '*';
const OTHER = 'other';

/** Of one service. */
interface Books {
	policy: SpendPolicy;
	/** By tenant, as clients say it; null: the rest. */
	lines: Map<string | null, { spent: number; refused: number }>;
	sums: Map<string | null, number> | null;
}

/** Tells what tenants spend, and keeps the number of those that are told apart within bounds. */
export class SpendDesk {
	readonly #store: Partial<KnowsSums>;
	readonly #nowMs: () => number;
	#books = new Map<string, Books>();
	/** Not before. */
	#nextMs = 0;

	constructor(store: Partial<KnowsSums>, nowMs: () => number) {
		this.#store = store;
		this.#nowMs = nowMs;
	}

	configure(policies: JobsSettings['policies']): void {
		const before = this.#books;
		this.#books = new Map();
		for (const { service, policy } of policies) {
			if (policy.spend === null || this.#books.has(service)) continue;
			const known = before.get(service);
			const lines: Books['lines'] = known?.lines ?? new Map();
			for (const name of [...Object.keys(policy.spend.tenants)]) if (!lines.has(name)) lines.set(name, nothing());
			const sums = known?.policy.per === policy.spend.per ? known.sums : null;
			this.#books.set(service, { policy: policy.spend, lines, sums });
		}
		this.#nextMs = 0;
	}

	refused({ spend }: NewJob): void {
		const line = this.#line(spend?.of[0]?.key);
		if (line !== null) line.refused++;
	}

	/** A job costs when the upstream takes it, and had not before. */
	settled({ spent, externalId, state, lost }: ClaimedJob, { kind }: ReportKind): void {
		const taken = kind === 'submitted' && !(lost && state === 'submitted');
		if (!taken && !(kind === 'succeeded' && externalId === null)) return;
		const line = this.#line(spent?.keys[0]);
		if (line !== null) line.spent += (spent?.cost ?? 0) / MICRO;
	}

	#line(key: string | undefined): { spent: number; refused: number } | null {
		const of = key === undefined ? null : readSpendKey(key);
		const books = of === null ? undefined : this.#books.get(of.service);
		if (of === null || books === undefined) return null;
		return lineOf(books, of.tenant ?? '');
	}

	/** When the time began that is now, for a job that is driven again; undefined: it costs nothing. */
	sinceMs({ spent }: Pick<Job, 'spent'>): number | undefined {
		const of = spent?.keys[0] === undefined ? null : readSpendKey(spent.keys[0]);
		return of === null ? undefined : spendWindow(of.per as SpendWindow, this.#nowMs()).sinceMs;
	}

	/** To be called about each second. @throws BallastError `jobs_unavailable` */
	async look(): Promise<void> {
		const nowMs = this.#nowMs();
		if (this.#books.size === 0 || nowMs < this.#nextMs || this.#store.sums === undefined) return;
		this.#nextMs = nowMs + READ_MS;
		for (const [service, books] of this.#books) {
			const { per } = books.policy;
			const found = await this.#store.sums(spendWindow(per, nowMs).sinceMs);
			const sums = new Map<string | null, number>();
			for (const { key, sum } of found.toSorted((a, b) => b.sum - a.sum)) {
				const of = readSpendKey(key);
				if (of?.service !== service || of.per !== per) continue;
				sums.set(of.tenant, sum / MICRO);
				if (of.tenant !== null) lineOf(books, of.tenant);
			}
			books.sums = sums;
		}
		this.#nextMs = nowMs + Math.max(READ_MS, (this.#nowMs() - nowMs) / READ_SHARE);
	}

	figures(): SpendFigures[] {
		return [...this.#books].flatMap(([service, books]) => {
			const { policy, lines, sums } = books;
			const { untilMs } = spendWindow(policy.per, this.#nowMs());
			const named = [...lines].flatMap(([name, counts]) => (name === null ? [] : [[name, counts] as const]));
			const of = (tenant: string, name: string, used: number | undefined) => ({
				...{ service, tenant, name, untilMs },
				used: sums === null ? null : (used ?? 0),
			});
			const rest = [...(sums ?? [])].filter(([name]) => name !== null && !lines.has(name));
			const counts = [...lines.values()];
			const sum = (what: 'spent' | 'refused'): number => counts.reduce((all, one) => all + one[what], 0);
			return [
				...named.map(([name, own]) => ({
					...of(labelOf(policy, name), name, sums?.get(name)),
					limit: unitsOf(Object.hasOwn(policy.tenants, name) ? (policy.tenants[name] ?? null) : policy.perTenant),
					...own,
				})),
				...(lines.has(null)
					? [
							{
								...of(
									OTHER,
									'',
									rest.reduce((all, [, used]) => all + used, 0),
								),
								limit: null,
								...(lines.get(null) ?? nothing()),
							},
						]
					: []),
				{ ...of(ALL, '', sums?.get(null)), limit: unitsOf(policy.total), spent: sum('spent'), refused: sum('refused') },
			];
		});
	}
}

const nothing = (): { spent: number; refused: number } => ({ spent: 0, refused: 0 });

/** Of its own as long as there is room. */
function lineOf({ lines, policy }: Books, tenant: string): { spent: number; refused: number } {
	const known = lines.get(tenant);
	if (known !== undefined) return known;
	const full = lines.size - (lines.has(null) ? 1 : 0) >= LABELS_MOST + Object.keys(policy.tenants).length;
	const name = full ? null : tenant;
	const line = lines.get(name) ?? nothing();
	lines.set(name, line);
	return line;
}

/** What a client says is no label. */
function labelOf({ tenants }: SpendPolicy, name: string): string {
	if (Object.hasOwn(tenants, name)) return name;
	return name === '' ? 'none' : `~${hashOf(name).slice(0, 8)}`;
}

const unitsOf = (micro: number | null): number | null => (micro === null ? null : micro / MICRO);
