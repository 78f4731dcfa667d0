/** What `ballast deploy` has changed beside the configuration, and what it is about to. */
import { isDeepStrictEqual } from 'node:util';
import { type Config, MAIN_POOL, type PoolConfig, type ServiceConfig } from '../config/config.ts';
import type { DeployConfig } from '../deploy/config.ts';
import type { InstancesConfig, RunConfig } from '../instances/config.ts';

/** A version that is being rolled out: a pool of its service for as long as that takes. */
export interface Release {
	readonly pool: string;
	readonly instances: RunConfig;
	/** The steps. */
	readonly deploy: DeployConfig;
	/** A command of the operator's, not what the configuration says. */
	readonly byHand: boolean;
}

/** What became of earlier roll-outs. */
interface Standing {
	/** The name of the service's only pool, which changes with each. */
	readonly pool: string;
	/** A command of the operator's; it holds as long as the configuration's instances are `beside`. */
	readonly byHand: { readonly command: readonly string[]; readonly beside: InstancesConfig } | null;
}

/** Names of a pool that take turns, so that old and new never have one name. */
const NEXT_POOL = 'next';

export class Deployments {
	readonly #releases = new Map<string, Release>();
	readonly #standing = new Map<string, Standing>();

	/** What is to run: the configuration with the pools of releases, and with commands that were deployed by hand. */
	effective(config: Config): Config {
		return { ...config, services: config.services.map((service) => this.#effective(service)) };
	}

	#effective(service: ServiceConfig): ServiceConfig {
		const [only] = service.pools;
		const release = this.#releases.get(service.name);
		const standing = this.#standing.get(service.name);
		if (only === undefined || service.pools.length > 1 || (!release && !standing)) return service;
		const current = { ...only, name: standing?.pool ?? only.name, instances: this.#instances(service.name, only) };
		if (!release) return { ...service, pools: [current] };
		const fresh = { ...only, name: release.pool, instances: release.instances };
		return { ...service, deploy: release.deploy, pools: [current, fresh] };
	}

	#instances(service: string, { instances }: PoolConfig): InstancesConfig {
		const byHand = this.#standing.get(service)?.byHand ?? null;
		if (byHand === null || instances.kind !== 'run') return instances;
		return { ...instances, command: [...byHand.command] };
	}

	release(service: string): Release | undefined {
		return this.#releases.get(service);
	}

	/** Services with a release. */
	get releasing(): string[] {
		return [...this.#releases.keys()];
	}

	/** The pool that has the requests of a service with one pool. */
	poolOf({ name, pools }: ServiceConfig): string {
		return this.#standing.get(name)?.pool ?? pools[0]?.name ?? MAIN_POOL;
	}

	/** The command that was deployed by hand; null: none. */
	commandOf(service: string): readonly string[] | null {
		return this.#standing.get(service)?.byHand?.command ?? null;
	}

	begin(service: ServiceConfig, version: Omit<Release, 'pool'>): Release {
		const now = this.poolOf(service);
		const first = service.pools[0]?.name ?? MAIN_POOL;
		const pool = now !== NEXT_POOL ? NEXT_POOL : first === NEXT_POOL ? MAIN_POOL : first;
		const release = { ...version, pool };
		this.#releases.set(service.name, release);
		return release;
	}

	/** The release is no more: the old version goes on. */
	drop(service: string): void {
		this.#releases.delete(service);
	}

	/**
	 * The release takes the place of the old version. Gives the configuration that goes with it: what
	 * was not deployed by hand stands in the file already.
	 */
	promote(config: Config, name: string): Config {
		const release = this.#releases.get(name);
		const service = config.services.find((each) => each.name === name);
		const [only] = service?.pools ?? [];
		if (release === undefined || service === undefined || only === undefined) return config;
		this.#releases.delete(name);
		const { pool, instances, byHand } = release;
		const kept = byHand ? { command: instances.command, beside: only.instances } : null;
		this.#standing.set(name, { pool, byHand: kept });
		return byHand ? config : withInstances(config, name, instances);
	}

	/** Forgets what a new configuration makes void; gives a sentence for each command that no longer holds. */
	settle(config: Config): string[] {
		const told: string[] = [];
		for (const [name, { pool, byHand }] of this.#standing) {
			const service = config.services.find((each) => each.name === name);
			if (service?.pools.length !== 1) this.#standing.delete(name);
			else if (byHand !== null && !isDeepStrictEqual(byHand.beside, service.pools[0]?.instances)) {
				this.#standing.set(name, { pool, byHand: null });
				told.push(
					`${name}: its instances changed in the configuration, so \`${byHand.command.join(' ')}\`, which was deployed by hand, no longer holds`,
				);
			}
		}
		return told;
	}

	/**
	 * A new configuration, without what is being rolled out: that comes by the roll-out, or not at all.
	 * Gives what cannot be taken up meanwhile, or ''.
	 */
	withhold(before: Config, next: Config): { config: Config; refused: string } {
		let config = next;
		for (const [name, release] of this.#releases) {
			const [had] = before.services.find((each) => each.name === name)?.pools ?? [];
			const pools = next.services.find((each) => each.name === name)?.pools;
			if (had === undefined) continue;
			const refused = `${name} is being rolled out and its instances change here: wait for the end, or \`ballast deploy ${name} --abort\` first`;
			if (pools?.length !== 1) return { config: before, refused };
			const { instances } = pools[0] as PoolConfig;
			if (isDeepStrictEqual(instances, had.instances)) continue;
			if (release.byHand || !isDeepStrictEqual(instances, release.instances)) return { config: before, refused };
			config = withInstances(config, name, had.instances);
		}
		return { config, refused: '' };
	}

	/**
	 * What the core before left. Gives the configuration with which this one goes on, of the one that it
	 * read: what was being rolled out does not come in by the back door of a new core.
	 */
	takeOver(left: { readonly deployments: unknown; readonly config: Config }, read: Config): Config {
		this.load(left.deployments);
		const { config, refused } = this.withhold(left.config, read);
		const taken = refused === '' ? config : read;
		this.settle(taken);
		return taken;
	}

	/** For the core that follows; JSON. */
	snapshot(): unknown {
		return { releases: [...this.#releases], standing: [...this.#standing] };
	}

	load(snapshot: unknown): void {
		const { releases = [], standing = [] } = (snapshot ?? {}) as {
			releases?: [string, Release][];
			standing?: [string, Standing][];
		};
		this.#releases.clear();
		this.#standing.clear();
		for (const [service, release] of releases) this.#releases.set(service, release);
		for (const [service, one] of standing) this.#standing.set(service, one);
	}
}

/** The configuration with other instances for a service with one pool. */
function withInstances(config: Config, name: string, instances: InstancesConfig): Config {
	const services = config.services.map((service) =>
		service.name === name ? { ...service, pools: service.pools.map((pool) => ({ ...pool, instances })) } : service,
	);
	return { ...config, services };
}
