import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UntoldPurge } from '../cache/redis/purge-record.ts';
import type { PurgeConfig, PurgeTargetConfig } from '../cdn/config.ts';
import { type PurgeOutcome, PurgeQueue, type PurgeView } from '../cdn/purge-queue.ts';
import { readPurgeRequest } from '../cdn/purge-request.ts';
import type { PurgeAnswer, PurgedHere, PurgeRequest, Purger, PurgeTargetOutcome } from '../cdn/purger.ts';
import { targetOf } from '../cdn/targets/target-of.ts';
import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { stateFolder } from '../store/folder.ts';
import type { EventLog } from './event-log.ts';
import { forgetPurges, keepPurges, type LeftPurges, leftPurges } from './kept-purges.ts';

/** What waits at each target, by name: what another core goes on with. */
export type PurgesLeft = LeftPurges['targets'];

/** What another core leaves. */
export interface LeftByCore {
	purges?: PurgesLeft;
	/** What other nodes were not told yet. */
	untold?: readonly UntoldPurge[];
}

/** Other nodes that are to hear of purges. */
export interface TellingNodes {
	/** What waits to be told. */
	left(): UntoldPurge[];
	/** False: there are none. */
	adopt(untold: readonly UntoldPurge[]): boolean;
	/** Another core tells what waits here. */
	hand(): void;
	/** It is never told, and that is said. */
	lose(untold: number): void;
}

/** In the state folder. */
const FILE = 'purges.json';

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
	#nodes: TellingNodes | null = null;
	#name = '';
	#store: Config['store'] = null;

	constructor(log: EventLog, keep: () => void, purger: Purger | null = null) {
		this.#log = log;
		this.#keep = keep;
		this.purger = purger;
	}

	/** What holds from now on. A target that changed goes on with what waits at it; one that is gone loses it, and says so. */
	configure({ purge: { token, targets }, store }: Pick<Config, 'purge' | 'store'>): void {
		this.token = token;
		this.#store = store;
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

	/** Whose they are, by the name of the program, and who else is told. */
	begin(name: string, nodes: TellingNodes): void {
		this.#name = name;
		this.#nodes = nodes;
	}

	/** Goes on with what another core left; null: with what the last end of the program did. */
	async adopt(left: LeftByCore | null): Promise<void> {
		if (left === null) return await this.#takeUp();
		for (const [name, items] of Object.entries(left.purges ?? {})) this.#targets.get(name)?.queue.adopt(items);
		this.#nodes?.adopt(left.untold ?? []);
	}

	async #takeUp(): Promise<void> {
		const path = this.#path();
		if (path === null) return;
		const left = await leftPurges(path).catch((error: Error) => {
			this.#say('warn', `what waited at the last end is not sent, since ${path} cannot be used: ${error.message}`);
			return null;
		});
		if (left !== null) this.#goOn(left);
		// Another core would go on with it now.
		this.#keep();
		await forgetPurges(path);
	}

	#goOn({ targets, nodes }: LeftPurges): void {
		let count = nodes.length;
		for (const [name, items] of Object.entries(targets)) {
			const queue = this.#targets.get(name)?.queue;
			if (queue === undefined && items.length > 0)
				this.#say(
					'error',
					`${items.length} that waited for the target ${inert(name)} are lost: there is none any more`,
					1,
				);
			else queue?.adopt(items);
			count += queue === undefined ? 0 : items.length;
		}
		if (nodes.length > 0 && this.#nodes?.adopt(nodes) !== true) {
			this.#nodes?.lose(nodes.length);
			count -= nodes.length;
		}
		if (count > 0) this.#say('info', `${count} that waited at the last end are sent now`);
	}

	/** What waits, for the core that comes after. */
	left(): Required<LeftByCore> {
		const all = [...this.#targets].map(([name, { queue }]) => [name, queue.left()] as const);
		const purges = Object.fromEntries(all.filter(([, items]) => items.length > 0));
		return { purges, untold: this.#nodes?.left() ?? [] };
	}

	/** Another core goes on with what it was left: nothing is passed on here any more. */
	hand(purge: PurgeConfig): void {
		for (const { queue } of this.#targets.values()) queue.hand();
		this.#targets.clear();
		this.#nodes?.hand();
		this.configure({ purge, store: this.#store });
	}

	views(): PurgeView[] {
		return [...this.#targets.values()].map((target) => ({ ...target.queue.view(), ...totals(target) }));
	}

	/** What can be sent soon is sent; the rest is kept for the next start, or is lost, and said. */
	async end(): Promise<void> {
		await Promise.all([...this.#targets.values()].map(({ queue }) => queue.finish()));
		await this.keepRest([]);
	}

	/** The end, a second time: what other nodes were not told either. */
	async keepRest(nodes: readonly UntoldPurge[]): Promise<void> {
		const targets = this.left().purges;
		const waiting = Object.values(targets).reduce((sum, { length }) => sum + length, nodes.length);
		if (waiting === 0) return;
		const path = this.#path();
		const why = path === null ? 'this Ballast ends, and has no `store`' : 'this Ballast ends';
		const left = { targets, nodes };
		const kept = path === null ? null : await keepPurges(path, left).catch((error: Error) => this.#unkept(path, error));
		for (const [name, { queue }] of this.#targets)
			if (kept?.targets[name] !== undefined || kept === null) queue.abandon(why, kept?.targets[name]);
		if (kept === null) this.#nodes?.lose(nodes.length);
		else this.#say('warn', `${waiting} are not taken yet: they are sent at the next start`);
	}

	#unkept(path: string, error: Error): null {
		this.#say('error', `what waits cannot be kept in ${path}: ${error.message}`);
		return null;
	}

	/** null: nothing lasts. */
	#path(): string | null {
		return this.#store === null ? null : join(this.#store.folder ?? stateFolder(this.#name, process.env), FILE);
	}

	#say(level: 'info' | 'warn' | 'error', text: string, lost = 0): void {
		this.#log.add({ level, subject: 'purge', text: `purges: ${text}`, ...(lost > 0 ? { kind: 'purge_lost' } : {}) });
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
		if (told.length > 0 || cache?.nodes === 'waiting') this.#keep();
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
