/** The roll-outs of all services: starts them, tells of them, and keeps other changes away from them. */
import type { Config, ServiceConfig } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import type { Counters } from '../deploy/tally.ts';
import type { RunConfig } from '../instances/config.ts';
import type { Deployments } from './deployments.ts';
import type { Fleet } from './fleet.ts';
import { poolKey, splitPoolKey } from './pool-key.ts';
import { METER_DURATIONS } from './rollout-counters.ts';
import { type Ended, type RolloutPort, RolloutRun } from './rollout-run.ts';
import { RolloutTraffic } from './rollout-traffic.ts';
import type { RolloutView } from './rollout-view.ts';
import type { ServiceCellsIndex } from './service-cells-index.ts';
import type { Loaded } from './source.ts';

/** What the roll-outs need of the control plane. */
export interface RolloutsPort {
	readonly deployments: Deployments;
	readonly fleet: Fleet;
	readonly cells: ServiceCellsIndex;
	readonly counters: Counters;
	/** The configuration that runs. */
	config(): Config;
	/** From now on it is this one, which differs only by what was promoted. */
	configured(config: Config): void;
	/** The configuration as it is on disk now. */
	load(): Promise<Loaded>;
	/** One change after the other. */
	alone<T>(work: () => Promise<T>): Promise<T>;
	/** Takes up what configuration and deployments say now. */
	reshape(): Promise<void>;
	/** `kind`: what is counted of it. */
	event(level: 'info' | 'warn' | 'error', service: string, text: string, kind?: string): void;
}

/** What `ballast deploy` asks for. */
export interface DeployRequest {
	readonly service: string;
	/** Its words; null: what the configuration says. */
	readonly command: readonly string[] | null;
	readonly order: 'begin' | 'abort' | 'promote';
}

/** Reads the arguments of the command. @throws BallastError `bad_command` */
export function deployRequest(args: Record<string, unknown>): DeployRequest {
	const { service, command = null, order = 'begin' } = args;
	if (typeof service !== 'string') throw new BallastError('bad_command', 'the argument service must be a text');
	const words = Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === 'string');
	if (command !== null && (!words || command.some((word) => word.includes('\0')) || command[0] === ''))
		throw new BallastError('bad_command', 'the argument command must be a list of words');
	if (order !== 'begin' && order !== 'abort' && order !== 'promote')
		throw new BallastError('bad_command', 'the argument order must be begin, abort or promote');
	return { service, command: command as string[] | null, order };
}

const GONE_POLL_MS = 50;
/** Beyond its grace period an instance that leaves is not waited for, ms. */
const GONE_SPARE_MS = 10_000;

export class Rollouts {
	readonly #port: RolloutsPort;
	readonly #running = new Map<string, RolloutRun>();

	constructor(port: RolloutsPort) {
		this.#port = port;
	}

	/**
	 * Resolves at the end of the roll-out.
	 * @throws BallastError `unknown_service`, `bad_command`, `config_invalid`, `command_failed`
	 */
	async deploy(request: DeployRequest, line: (text: string) => void): Promise<Ended> {
		const { service, order } = request;
		const known = this.#running.get(service);
		if (order !== 'begin') {
			if (known === undefined) throw new BallastError('bad_command', `${service} is not being rolled out`);
			const unfollow = known.follow(line);
			known.order(order === 'abort' ? { kind: 'abort', why: 'the operator wants it' } : { kind: 'promote' });
			return known.ended.finally(unfollow);
		}
		const { run, note } = await this.#port.alone(() => this.#begin(request));
		const unfollow = run.follow(line);
		run.start();
		const ended = await run.ended.finally(unfollow);
		return { ...ended, text: `${ended.text}${note(ended.outcome)}` };
	}

	async #begin({ service: name, command }: DeployRequest) {
		this.#refuseSecond(name);
		const service = this.#service(this.#port.config(), name);
		const byHand = command !== null;
		// With the instances of the file come its steps.
		const said = byHand ? service : this.#service(await this.#loaded(), name);
		const { deploy } = said;
		const instances = byHand ? { ...runOf(service), command: [...command] } : runOf(said);
		const changed = !byHand && JSON.stringify(instances) !== JSON.stringify(runOf(service));
		const { deployments, cells } = this.#port;
		const old = deployments.poolOf(service);
		const { pool: fresh } = deployments.begin(service, { instances, deploy, byHand });
		const traffic = new RolloutTraffic(cells, name, { old, fresh });
		const of = { service: name, config: deploy, old, fresh, command: instances.command.join(' '), traffic };
		const run = new RolloutRun(of, this.#portOf(name, old, fresh));
		this.#running.set(name, run);
		void run.ended.then(() => this.#running.delete(name));
		return { run, note: (outcome: Ended['outcome']) => noteOf(outcome, { byHand, changed }) };
	}

	#portOf(name: string, old: string, fresh: string): RolloutPort {
		const { fleet, deployments, counters, alone, reshape, event } = this.#port;
		return {
			ready: () => fleet.ready(),
			list: () => fleet.list(),
			listen: (tap) => fleet.listen(tap),
			counters,
			durations: METER_DURATIONS,
			resize: (count) =>
				alone(async () => {
					if (deployments.release(name) === undefined) return;
					fleet.resize(poolKey(name, fresh), count);
					await reshape();
				}),
			promote: async () => {
				await alone(() => this.#promote(name, old, fresh));
				await this.#gone(name, old);
			},
			drop: async () => {
				await alone(async () => {
					deployments.drop(name);
					await reshape();
					fleet.resize(poolKey(name, fresh), null);
				});
				await this.#gone(name, fresh);
			},
			event: (level, text, kind) => event(level, name, text, kind),
		};
	}

	/** Wholly or not at all. */
	async #promote(name: string, old: string, fresh: string): Promise<void> {
		const { deployments, fleet } = this.#port;
		const [before, config] = [deployments.snapshot(), this.#port.config()];
		this.#port.configured(deployments.promote(config, name));
		try {
			await this.#port.reshape();
			fleet.inheritSize(poolKey(name, old), poolKey(name, fresh));
		} catch (error) {
			deployments.load(before);
			this.#port.configured(config);
			throw error;
		}
	}

	async #gone(service: string, pool: string): Promise<void> {
		const config = this.#port.config().services.find(({ name }) => name === service)?.pools[0];
		const graceMs = config?.instances.kind === 'run' ? config.instances.graceMs : 0;
		const until = performance.now() + graceMs + GONE_SPARE_MS;
		const there = () => this.#port.fleet.list().some((each) => each.service === service && each.pool === pool);
		while (there() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
	}

	async #loaded(): Promise<Config> {
		const loaded = await this.#port.load();
		if (loaded.ok) return loaded.config;
		throw new BallastError('config_invalid', loaded.message);
	}

	#service(config: Config, name: string): ServiceConfig {
		const found = config.services.find((each) => each.name === name);
		if (found !== undefined) return found;
		const names = config.services.map((each) => each.name).join(', ');
		throw new BallastError('unknown_service', `there is no service '${name}'; there are: ${names}`, { service: name });
	}

	#refuseSecond(name: string): void {
		if (this.#port.deployments.release(name) === undefined) return;
		const how = `\`ballast deploy ${name} --abort\` rolls it back, \`--promote\` has it take over at once`;
		throw new BallastError('command_failed', `${name} is being rolled out already; ${how}`, { service: name });
	}

	/** @throws BallastError `command_failed` when a service of `target` (null: all) is being rolled out */
	refuseRestart(target: string | null): void {
		const services = this.#port.deployments.releasing;
		const found = target === null ? services[0] : services.find((name) => name === splitPoolKey(target).service);
		if (found === undefined) return;
		const how = `wait for the end, or \`ballast deploy ${found} --abort\` first`;
		throw new BallastError('command_failed', `${found} is being rolled out, so nothing is restarted: ${how}`);
	}

	/** The pool that a new number of instances is for: of two versions the old one, which the new one follows. */
	scaled(target: string): string {
		const service = this.#port.config().services.find(({ name }) => name === target);
		const rolled = service !== undefined && this.#port.deployments.release(target) !== undefined;
		return rolled ? poolKey(target, this.#port.deployments.poolOf(service)) : target;
	}

	view(service: string): RolloutView | null {
		return this.#running.get(service)?.view() ?? null;
	}

	/** This core decides nothing any more: each goes back to the old version, and who follows ends the new one. */
	abandon(why: string): void {
		for (const run of this.#running.values()) run.abandon(why);
	}

	/** Ends what another core had begun. */
	async endLeft(): Promise<void> {
		const { deployments, alone, reshape, event } = this.#port;
		const left = deployments.releasing.filter((service) => !this.#running.has(service));
		if (left.length === 0) return;
		await alone(async () => {
			for (const service of left) {
				deployments.drop(service);
				const text = 'rolled back: the core that rolled it out has ended; `ballast deploy` begins anew';
				event('error', service, text);
			}
			await reshape();
		});
	}
}

/** @throws BallastError `bad_command` when there is nothing that could be rolled out */
function runOf({ name, pools }: ServiceConfig): RunConfig {
	const [pool] = pools;
	if (pool !== undefined && pools.length === 1 && pool.instances.kind === 'run') return pool.instances;
	const why =
		pool === undefined
			? 'it has no instances'
			: pools.length > 1
				? 'it has several pools'
				: `it has instances of the kind '${pool.instances.kind}', which Ballast does not run`;
	throw new BallastError('bad_command', `${name} cannot be deployed: ${why}`, { service: name });
}

/** What is left to do for the operator. */
function noteOf(outcome: Ended['outcome'], { byHand, changed }: { byHand: boolean; changed: boolean }): string {
	if (outcome === 'promoted' && byHand) {
		return '\nwrite the command into the configuration: it holds until Ballast is started anew or `instances` changes there';
	}
	if (outcome === 'rolled_back' && changed) {
		return '\nthe configuration file still says the new version: a reload would take it up without a roll-out';
	}
	return '';
}
