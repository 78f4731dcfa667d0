import { setTimeout as sleep } from 'node:timers/promises';
import type { PurgeConfig, PurgeTargetConfig } from '../cdn/config.ts';
import { type PurgeOutcome, PurgeQueue, type PurgeView, type WaitingItem } from '../cdn/purge-queue.ts';
import { readPurgeRequest } from '../cdn/purge-request.ts';
import type { PurgeAnswer, PurgedHere, PurgeRequest, Purger, PurgeTargetOutcome } from '../cdn/purger.ts';
import { targetOf } from '../cdn/targets/target-of.ts';
import { BallastError } from '../core/errors.ts';
import type { EventLog } from './event-log.ts';

/** What waits at each target, by name: what another core goes on with. */
export type PurgesLeft = Record<string, WaitingItem[]>;

/** How long whoever asks for a purge waits for the targets, ms; after that it goes on without them. */
const ANSWER_MS = 5000;

interface Target {
	/** Its configuration, to tell whether it changed. */
	text: string;
	queue: PurgeQueue;
	/** Totals of queues before it under the same name. */
	before: { purged: number; lost: number };
}

/** Purges: of this node's own cache, and passed on to the CDNs in front. Only the core that leads passes them on. */
export class Purging {
	/** Whoever has the cache; null, or not active: none is configured. */
	purger: Purger | null;
	/** Who may purge by HTTP; null: nobody. */
	token: string | null = null;
	readonly #log: EventLog;
	/** What waits was changed. */
	readonly #keep: () => void;
	readonly #targets = new Map<string, Target>();

	constructor(log: EventLog, keep: () => void, purger: Purger | null = null) {
		this.#log = log;
		this.#keep = keep;
		this.purger = purger;
	}

	/** What holds from now on. A target that changed goes on with what waits at it; one that is gone loses it, and says so. */
	configure({ token, targets }: PurgeConfig): void {
		this.token = token;
		for (const [name, { queue }] of this.#targets) {
			if (targets.some((one) => one.name === name)) continue;
			this.#targets.delete(name);
			void queue.close();
		}
		for (const config of targets) {
			const text = JSON.stringify(config);
			const known = this.#targets.get(config.name);
			if (known?.text === text) continue;
			const left = known?.queue.hand() ?? [];
			const counts = known === undefined ? { purged: 0, lost: 0 } : totals(known);
			const queue = this.#queueOf(config);
			this.#targets.set(config.name, { text, queue, before: counts });
			queue.adopt(left);
		}
	}

	#queueOf(config: PurgeTargetConfig): PurgeQueue {
		const { name, perMinute } = config;
		return new PurgeQueue({
			name,
			target: targetOf(config),
			perMinute,
			say: ({ severity, text, lost }) =>
				this.#log.add({
					level: severity,
					subject: 'purge',
					text,
					...(lost === undefined ? {} : { kind: 'purge_lost' }),
				}),
		});
	}

	/** Goes on with what another core left. */
	adopt(left: PurgesLeft | undefined): void {
		for (const [name, items] of Object.entries(left ?? {})) this.#targets.get(name)?.queue.adopt(items);
	}

	/** What waits, for the core that comes after. */
	left(): PurgesLeft {
		const all = [...this.#targets].map(([name, { queue }]) => [name, queue.left()] as const);
		return Object.fromEntries(all.filter(([, items]) => items.length > 0));
	}

	/** Another core goes on: nothing is passed on here any more. */
	hand(config: PurgeConfig): PurgesLeft {
		const left = this.left();
		for (const { queue } of this.#targets.values()) queue.hand();
		this.#targets.clear();
		this.configure(config);
		return left;
	}

	views(): PurgeView[] {
		return [...this.#targets.values()].map((target) => ({ ...target.queue.view(), ...totals(target) }));
	}

	/** What can be sent soon is sent; the rest is lost, and said. */
	async end(): Promise<void> {
		await Promise.all([...this.#targets.values()].map(({ queue }) => queue.close()));
	}

	/**
	 * Purges what somebody outside asks for. @throws BallastError `bad_command`; `command_failed` where there is neither
	 * a cache nor a target
	 */
	async purge(input: unknown): Promise<PurgeAnswer> {
		const request = readPurgeRequest(input);
		const targets = this.#chosen(request);
		if (this.purger?.active !== true && this.#targets.size === 0)
			throw new BallastError(
				'command_failed',
				'no cache is configured, and no target in `purge`: there is nothing to purge',
			);
		// The own cache first: a CDN that asks anew at once must not get what is purged.
		const cache = await this.#own(request);
		const told = targets.map(([name, { queue }]) => this.#tell(name, queue, request));
		if (told.length > 0) this.#keep();
		const answer = { cache, targets: await Promise.all(told) };
		this.#log.add({ level: 'info', subject: 'purge', text: sentence(request, answer) });
		return answer;
	}

	#chosen({ targets }: PurgeRequest): [string, Target][] {
		if (targets === 'all') return [...this.#targets];
		const unknown = targets.find((name) => !this.#targets.has(name));
		if (unknown === undefined) return [...this.#targets].filter(([name]) => targets.includes(name));
		const known = [...this.#targets.keys()].join(', ') || 'none';
		throw new BallastError('bad_command', `purge: there is no target ${unknown.slice(0, 64)}; configured: ${known}`);
	}

	async #own({ selects, soft }: PurgeRequest): Promise<PurgeAnswer['cache']> {
		const { purger } = this;
		if (purger?.active !== true) return null;
		const all: PurgedHere[] = [];
		for (const select of selects) all.push(await purger.purge(select, soft));
		const removed = all.reduce((sum, one) => sum + one.removed, 0);
		if (all.every(({ nodes }) => nodes === undefined)) return { removed };
		return { removed, nodes: all.some(({ nodes }) => nodes === 'waiting') ? 'waiting' : 'told' };
	}

	async #tell(name: string, queue: PurgeQueue, { selects, soft }: PurgeRequest): Promise<PurgeTargetOutcome> {
		const outcomes = Promise.all(selects.map((select) => queue.push(select, soft)));
		const late = new AbortController();
		const limit = sleep(ANSWER_MS, null, { signal: late.signal, ref: false }).catch(() => null);
		const found = await Promise.race([outcomes, limit]);
		late.abort();
		if (found === null) return { name, state: 'waiting', why: queue.view().lastError };
		const lost = found.find((one): one is PurgeOutcome & { state: 'lost' } => one.state === 'lost');
		return lost === undefined ? { name, state: 'done', why: '' } : { name, state: 'lost', why: lost.why };
	}
}

function totals({ queue, before }: Target): { purged: number; lost: number } {
	const { purged, lost } = queue.view();
	return { purged: before.purged + purged, lost: before.lost + lost };
}

function sentence({ selects, soft }: PurgeRequest, { cache, targets }: PurgeAnswer): string {
	const what = selects.map((select) => {
		if ('everything' in select) return 'everything';
		if ('urls' in select) return `${select.urls.length} by URL`;
		return 'tags' in select ? `${select.tags.length} by tag` : `${select.prefixes.length} by prefix`;
	});
	const here = cache === null ? [] : [`${cache.removed} here`];
	if (cache?.nodes !== undefined) here.push(`other nodes ${cache.nodes === 'told' ? 'told' : 'not told yet'}`);
	const there = targets.map(({ name, state }) => `${name} ${state}`);
	return `purged ${soft ? 'softly ' : ''}${what.join(', ')}: ${[...here, ...there].join(', ') || 'nobody is told'}`;
}
