import type { AttemptOutcome } from '../jobs/attempt.ts';
import { type CreditPlace, CreditWatch } from '../jobs/external/credit-watch.ts';
import { LaneCaps } from '../jobs/external/lane-caps.ts';
import type { Job } from '../jobs/job.ts';
import type { QueueRoom, ReportKind } from '../jobs/job-store.ts';
import type { JobsSettings } from './jobs-messages.ts';
import type { LaneFigures } from './lane-figures.ts';

export interface LaneDeskParts {
	/** GET of this path at a place. */
	ask(place: CreditPlace, target: string): Promise<AttemptOutcome>;
	text(outcome: AttemptOutcome): Promise<string | null>;
	tell(level: 'info' | 'warn', kind: string, subject: string, text: string): void;
	/** Jobs of this node in a place; `ending`: only those that have ended here, and not there. */
	inLane(queue: string, lane: string, ending?: boolean): number;
	nowMs(): number;
}

type Counts = Pick<LaneFigures, 'started' | 'waitedS' | 'done' | 'ranS'>;

/** What is known of the places upstream: what they take, how fast they are, what is left there. */
export class LaneDesk {
	readonly #parts: LaneDeskParts;
	readonly #caps = new LaneCaps();
	readonly #counts = new Map<string, Counts>();
	readonly #credit: CreditWatch;

	constructor(parts: LaneDeskParts) {
		this.#parts = parts;
		this.#credit = new CreditWatch({
			ask: parts.ask,
			text: parts.text,
			unread: ({ queue, lane }, why) => {
				const [level, kind, what] = why === '' ? (['info', 'credit_read', 'is known again'] as const) : UNREAD;
				parts.tell(level, kind, queue, `the credit of ${lane} ${what}${why === '' ? '' : `: ${why}`}`);
			},
			nowMs: parts.nowMs,
		});
	}

	configure(policies: JobsSettings['policies']): void {
		const places = new Map<string, CreditPlace>();
		for (const { service, route, policy } of policies) {
			const { queue, credit, lanes } = policy;
			if (credit === null) continue;
			for (const { name: lane } of lanes) {
				const key = keyOf(queue, lane);
				if (!places.has(key)) places.set(key, { queue, lane, service, route, policy: credit });
			}
		}
		this.#credit.configure([...places.values()]);
	}

	/** About each second, where jobs are carried out. */
	look(): void {
		this.#credit.look();
	}

	/** By what is free in the places, as far as it is known. */
	rooms(rooms: readonly QueueRoom[]): readonly QueueRoom[] {
		return rooms.map((room) =>
			room.lanes.length === 0
				? room
				: {
						...room,
						lanes: room.lanes.map(({ name, concurrency }) => ({
							name,
							concurrency: this.#slots(room, name, concurrency),
						})),
					},
		);
	}

	#slots({ name: queue }: QueueRoom, lane: string, concurrency: number): number {
		return this.#caps.of(keyOf(queue, lane), concurrency, this.#parts.nowMs());
	}

	began({ queue, lane, attempts, runAtMs }: Job): void {
		if (lane === '' || attempts !== 1) return;
		const counts = this.#of(queue, lane);
		counts.started++;
		counts.waitedS += Math.max(0, this.#parts.nowMs() - runAtMs) / 1000;
	}

	settled({ queue, lane, startedMs }: Job, kind: ReportKind): void {
		if (lane === '') return;
		const nowMs = this.#parts.nowMs();
		if (kind.kind === 'succeeded') {
			const counts = this.#of(queue, lane);
			counts.done++;
			counts.ranS += Math.max(0, nowMs - (startedMs ?? nowMs)) / 1000;
		}
		if (kind.kind !== 'retry' || kind.error.status !== 429) return;
		// It is full with fewer of our jobs than it should take: others use it, too.
		this.#caps.lower(keyOf(queue, lane), this.#parts.inLane(queue, lane), { nowMs, forMs: kind.atMs - nowMs });
	}

	#of(queue: string, lane: string): Counts {
		const key = keyOf(queue, lane);
		let counts = this.#counts.get(key);
		if (counts === undefined) this.#counts.set(key, (counts = { started: 0, waitedS: 0, done: 0, ranS: 0 }));
		return counts;
	}

	/** Of the places that are configured. */
	figures(rooms: readonly QueueRoom[]): LaneFigures[] {
		return rooms.flatMap((room) =>
			room.lanes.map(({ name: lane, concurrency }) => ({
				queue: room.name,
				lane,
				running: this.#parts.inLane(room.name, lane),
				ending: this.#parts.inLane(room.name, lane, true),
				slots: this.#slots(room, lane, concurrency),
				...this.#of(room.name, lane),
				credit: this.#credit.of(room.name, lane),
			})),
		);
	}
}

const UNREAD = ['warn', 'credit_unread', 'cannot be read'] as const;

const keyOf = (queue: string, lane: string): string => `${queue} ${lane}`;
