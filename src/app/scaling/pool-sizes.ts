/** What instances of each pool use over days, and what size would do: said, or given. */
import type { Config, PoolConfig, ServiceConfig } from '../../config/config.ts';
import { whyUnsized } from '../../instances/kinds.ts';
import type { InstanceSize } from '../../scaling/policy.ts';
import { adviseSize, PoolUsage, type SizeAdvice } from '../../scaling/vertical/size-advice.ts';
import type { InstanceUsage } from './instance-usage.ts';
import { scaledName } from './scaled-name.ts';
import type { ScaledPool } from './scaled-pool.ts';
import { sizeText } from './size-text.ts';

/** How often usage is taken, sizes are thought about, and what is known is kept, ms. */
const SAMPLE_MS = 10_000;
const ADVISE_MS = 600_000;
const KEEP_MS = 300_000;
/** Two sizes are given at least so far from each other in time: memory costs a replacement of all instances. */
const GIVE_MS = 6 * 3_600_000;
/** The same where instances run out of memory: the last size has to be theirs first. */
const GIVE_MORE_MS = 60_000;

export interface PoolSizesPort {
	/** Name in the fleet. */
	key(service: ServiceConfig, pool: PoolConfig): string;
	pool(key: string): ScaledPool | null;
	rollout(service: string): boolean;
	/** False: that is not Ballast's to do. */
	give(key: string, size: InstanceSize): boolean;
	event(service: string, text: string): void;
	load(): Promise<unknown>;
	save(state: unknown): void;
}

interface Sized {
	usage: PoolUsage;
	/** The advice that was said last; ''. */
	said: string;
	givenMs: number;
	/** When a size was thought about last; 0: it is to be at once. */
	advisedMs: number;
	/** Readings of a platform that were taken: times of measurement by instance. */
	read: Map<string, number>;
}

interface PoolEntry {
	name: string;
	service: ServiceConfig;
	pool: PoolConfig;
}

export interface InstanceOfPool {
	service: string;
	pool: string;
	instance: string;
}

export class PoolSizes {
	readonly #port: PoolSizesPort;
	readonly #pools = new Map<string, Sized>();
	#config: Config | null = null;
	#sampledMs = 0;
	#keptMs = 0;
	leads = false;

	constructor(port: PoolSizesPort) {
		this.#port = port;
	}

	configure(config: Config): void {
		this.#config = config;
		const names = new Set<string>();
		for (const { name, pool } of this.#each()) {
			names.add(name);
			if (pool.scale.vertical !== null && !this.#pools.has(name))
				this.#pools.set(name, { usage: new PoolUsage(), said: '', givenMs: 0, advisedMs: 0, read: new Map() });
		}
		for (const name of this.#pools.keys()) if (!names.has(name)) this.#pools.delete(name);
	}

	*#each(): Iterable<PoolEntry> {
		for (const service of this.#config?.services ?? []) {
			for (const pool of service.pools) yield { name: scaledName(service, pool), service, pool };
		}
	}

	/** What an earlier run of the program knew. */
	async recall(): Promise<void> {
		const kept = await this.#port.load().catch(() => null);
		for (const [name, saved] of Object.entries((kept ?? {}) as Record<string, unknown>)) {
			const sized = this.#pools.get(name);
			sized?.usage.load(saved);
			if (sized !== undefined) sized.advisedMs = 0;
		}
	}

	everySecond(usage: InstanceUsage, nowMs: number): void {
		if (this.#pools.size === 0 || nowMs - this.#sampledMs < SAMPLE_MS) return;
		this.#sampledMs = nowMs;
		for (const { name, service, pool } of this.#each()) {
			const sized = this.#pools.get(name);
			const there = this.#port.pool(this.#port.key(service, pool));
			if (sized !== undefined && there !== null) sample(sized, there, { of: usage, nowMs });
		}
		if (!this.leads) return;
		this.#advise(nowMs);
		if (nowMs - this.#keptMs < KEEP_MS) return;
		this.#keptMs = nowMs;
		this.#port.save(Object.fromEntries([...this.#pools].map(([name, sized]) => [name, sized.usage.save()])));
	}

	/** An instance was ended for want of memory. @param told what it could have, bytes; null: what instances are given */
	outOfMemory({ service, pool, instance }: InstanceOfPool, told: number | null, nowMs: number = Date.now()): void {
		for (const one of this.#each()) {
			if (one.service.name !== service || (one.service.pools.length > 1 && one.pool.name !== pool)) continue;
			const sized = this.#pools.get(one.name);
			const there = this.#port.pool(this.#port.key(one.service, one.pool));
			const bytes = told ?? (there === null ? null : presentSize(there).memoryBytes) ?? 0;
			if (sized === undefined || bytes <= 0) continue;
			sized.usage.outOfMemory(instance, bytes, nowMs);
			// At once: with the size that it has it ends again.
			sized.advisedMs = 0;
		}
	}

	#advise(nowMs: number): void {
		for (const { name, service, pool } of this.#each()) {
			const sized = this.#pools.get(name);
			const { vertical } = pool.scale;
			const there = this.#port.pool(this.#port.key(service, pool));
			if (sized === undefined || vertical === null || there === null) continue;
			if (nowMs - sized.advisedMs < ADVISE_MS) continue;
			const now = presentSize(there);
			const advice = sized.usage.advice(vertical);
			const next = adviseSize(now, advice, vertical);
			if (next === null) continue;
			sized.advisedMs = nowMs;
			const text = `${sizeText(now)} → ${sizeText(next)}`;
			if (vertical.mode === 'recommend') this.#recommend(sized, { name, service, pool }, text);
			else if (!this.#port.rollout(service.name)) {
				const waitMs = sized.givenMs + (advice.ranOut ? GIVE_MORE_MS : GIVE_MS) - nowMs;
				if (waitMs <= 0) this.#give(sized, { name, service, pool }, { next, text, nowMs });
				else if (advice.ranOut) sized.advisedMs = nowMs - ADVISE_MS + waitMs;
			}
		}
	}

	#recommend(sized: Sized, { name, service, pool }: PoolEntry, text: string): void {
		if (text === sized.said) return;
		sized.said = text;
		const why = whyUnsized(pool.instances);
		const then = why === null ? '`vertical: apply` gives it' : `it cannot be given here: ${why}`;
		this.#port.event(service.name, `${name}: ${text} for each instance would do; ${then}`);
	}

	#give(
		sized: Sized,
		{ name, service, pool }: PoolEntry,
		{ next, text, nowMs }: { next: InstanceSize; text: string; nowMs: number },
	): void {
		// Of a few machine types the nearest may be what there is: that is said once.
		const news = text !== sized.said;
		sized.said = text;
		sized.givenMs = nowMs;
		if (!this.#port.give(this.#port.key(service, pool), next)) return;
		sized.usage.given();
		if (news) this.#port.event(service.name, `${name}: each instance is to be given ${text}`);
	}

	/** What would do, in words; '': the size is right, or too little is known. */
	advice(name: string): string {
		for (const one of this.#each()) {
			if (one.name !== name || one.pool.scale.vertical === null) continue;
			const sized = this.#pools.get(name);
			const there = this.#port.pool(this.#port.key(one.service, one.pool));
			if (sized === undefined || there === null) return '';
			return adviceText(presentSize(there), sized.usage.advice(one.pool.scale.vertical));
		}
		return '';
	}
}

function sample(sized: Sized, pool: ScaledPool, { of, nowMs }: { of: InstanceUsage; nowMs: number }): void {
	const { usage, read } = sized;
	const cpu = of.cpu({ cpu: 1, memoryBytes: null });
	const memory = of.memory({ cpu: null, memoryBytes: 1 }, Number.NaN);
	const there = new Set<string>();
	for (const { id, state } of pool.instances) {
		there.add(id);
		if (state !== 'ready') continue;
		const told = pool.usage?.get(id);
		// The platform's figures are of what a size is for, and come less often than they are asked for.
		const known = told !== undefined && (told.cores !== null || told.memoryBytes !== null);
		if (known && read.get(id) === told.atMs) continue;
		if (known) read.set(id, told.atMs);
		const cores = told?.cores ?? cpu.get(id)?.value ?? Number.NaN;
		const memoryBytes = told?.memoryBytes ?? memory.get(id)?.value ?? Number.NaN;
		usage.add(id, { cores, memoryBytes }, nowMs);
	}
	usage.keep(there);
	for (const id of read.keys()) if (!there.has(id)) read.delete(id);
}

/** What instances are given, as their platform tells it: the least, while some have another size than others. */
function presentSize(pool: ScaledPool): InstanceSize {
	const ready = pool.instances.filter(({ state }) => state === 'ready');
	const told = ready.flatMap(({ id }) => pool.usage?.get(id)?.given ?? []);
	if (told.length === 0) return pool.size;
	const least = (values: (number | null)[]): number | null => {
		const known = values.filter((value) => value !== null);
		return known.length === 0 ? null : Math.min(...known);
	};
	return { cpu: least(told.map(({ cpu }) => cpu)), memoryBytes: least(told.map(({ memoryBytes }) => memoryBytes)) };
}

function adviceText(now: InstanceSize, { cpu, memoryBytes, hours }: SizeAdvice): string {
	if (hours < 1 || (cpu === null && memoryBytes === null)) return '';
	const parts = [
		...(cpu === null ? [] : [`${cpu.target.toFixed(2)} cores (${cpu.lower.toFixed(2)}…${cpu.upper.toFixed(2)})`]),
		...(memoryBytes === null
			? []
			: [`${mib(memoryBytes.target)} (${mib(memoryBytes.lower)}…${mib(memoryBytes.upper)})`]),
	];
	return `has ${sizeText(now)}; by ${hours.toFixed(0)} h of use an instance needs ${parts.join(' and ')}`;
}

const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;
