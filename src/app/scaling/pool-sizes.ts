/** What instances of each pool use over days, and what size would do: said, or given. */
import type { Config, PoolConfig, ServiceConfig } from '../../config/config.ts';
import { formatSize } from '../../core/units.ts';
import type { InstanceSize } from '../../scaling/policy.ts';
import { adviseSize, PoolUsage, type SizeAdvice } from '../../scaling/vertical/size-advice.ts';
import type { InstanceUsage } from './instance-usage.ts';
import { scaledName } from './scaled-name.ts';
import type { ScaledPool } from './scaled-pool.ts';

/** How often usage is taken, sizes are thought about, and what is known is kept, ms. */
const SAMPLE_MS = 10_000;
const ADVISE_MS = 600_000;
const KEEP_MS = 300_000;
/** Two sizes are given at least so far from each other in time: memory costs a replacement of all instances. */
const GIVE_MS = 6 * 3_600_000;

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
}

export class PoolSizes {
	readonly #port: PoolSizesPort;
	readonly #pools = new Map<string, Sized>();
	#config: Config | null = null;
	#sampledMs = 0;
	#advisedMs = 0;
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
				this.#pools.set(name, { usage: new PoolUsage(), said: '', givenMs: 0 });
		}
		for (const name of this.#pools.keys()) if (!names.has(name)) this.#pools.delete(name);
	}

	*#each(): Iterable<{ name: string; service: ServiceConfig; pool: PoolConfig }> {
		for (const service of this.#config?.services ?? []) {
			for (const pool of service.pools) yield { name: scaledName(service, pool), service, pool };
		}
	}

	/** What an earlier run of the program knew. */
	async recall(): Promise<void> {
		const kept = await this.#port.load().catch(() => null);
		for (const [name, saved] of Object.entries((kept ?? {}) as Record<string, unknown>))
			this.#pools.get(name)?.usage.load(saved);
	}

	everySecond(usage: InstanceUsage, nowMs: number): void {
		if (this.#pools.size === 0 || nowMs - this.#sampledMs < SAMPLE_MS) return;
		this.#sampledMs = nowMs;
		for (const { name, service, pool } of this.#each()) {
			const sized = this.#pools.get(name);
			const there = this.#port.pool(this.#port.key(service, pool));
			if (sized !== undefined && there !== null) sample(sized.usage, there, usage, nowMs);
		}
		if (!this.leads) return;
		if (nowMs - this.#advisedMs >= ADVISE_MS) {
			this.#advisedMs = nowMs;
			this.#advise(nowMs);
		}
		if (nowMs - this.#keptMs < KEEP_MS) return;
		this.#keptMs = nowMs;
		this.#port.save(Object.fromEntries([...this.#pools].map(([name, sized]) => [name, sized.usage.save()])));
	}

	/** An instance was ended for want of memory. `bytes`: what it was given. */
	outOfMemory(service: string, pool: string, instance: string): void {
		for (const one of this.#each()) {
			if (one.service.name !== service || (one.service.pools.length > 1 && one.pool.name !== pool)) continue;
			const bytes = this.#port.pool(this.#port.key(one.service, one.pool))?.size.memoryBytes ?? 0;
			if (bytes > 0) this.#pools.get(one.name)?.usage.outOfMemory(instance, bytes, Date.now());
		}
		// At once: with the size that it has it ends again.
		this.#advisedMs = 0;
	}

	#advise(nowMs: number): void {
		for (const { name, service, pool } of this.#each()) {
			const sized = this.#pools.get(name);
			const { vertical } = pool.scale;
			const key = this.#port.key(service, pool);
			const there = this.#port.pool(key);
			if (sized === undefined || vertical === null || there === null) continue;
			const next = adviseSize(there.size, sized.usage.advice(vertical), vertical);
			const text = next === null ? '' : `${sizeText(there.size)} → ${sizeText(next)}`;
			if (next === null || (text === sized.said && vertical.mode === 'recommend')) continue;
			sized.said = text;
			if (vertical.mode === 'recommend') {
				this.#port.event(service.name, `${name}: ${text} for each instance would do; \`vertical: apply\` gives it`);
				continue;
			}
			if (nowMs - sized.givenMs < GIVE_MS || this.#port.rollout(service.name)) continue;
			sized.givenMs = nowMs;
			if (this.#port.give(key, next)) this.#port.event(service.name, `${name}: each instance is given ${text}`);
		}
	}

	/** What would do, in words; '': the size is right, or too little is known. */
	advice(name: string): string {
		for (const one of this.#each()) {
			if (one.name !== name || one.pool.scale.vertical === null) continue;
			const sized = this.#pools.get(name);
			const there = this.#port.pool(this.#port.key(one.service, one.pool));
			if (sized === undefined || there === null) return '';
			return adviceText(there.size, sized.usage.advice(one.pool.scale.vertical));
		}
		return '';
	}
}

function sample(usage: PoolUsage, pool: ScaledPool, of: InstanceUsage, nowMs: number): void {
	const cpu = of.cpu({ cpu: 1, memoryBytes: null });
	const memory = of.memory({ cpu: null, memoryBytes: 1 }, Number.NaN);
	const there = new Set<string>();
	for (const { id, state } of pool.instances) {
		there.add(id);
		if (state !== 'ready') continue;
		const [cores, bytes] = [cpu.get(id)?.value ?? Number.NaN, memory.get(id)?.value ?? Number.NaN];
		usage.add(id, { cores, memoryBytes: bytes }, nowMs);
	}
	usage.keep(there);
}

export function sizeText({ cpu, memoryBytes }: InstanceSize): string {
	const cores = cpu === null ? 'CPU unbounded' : `${cpu} ${cpu === 1 ? 'core' : 'cores'}`;
	return `${cores}, ${memoryBytes === null ? 'memory unbounded' : formatSize(memoryBytes)}`;
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
