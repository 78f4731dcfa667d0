/** A Ballast of its own in front of two small instances, on free ports, with its own control socket. */
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { launch } from '../measure/command.ts';
import { freePorts, waitFor200 } from '../measure/ports.ts';
import { BALLAST_BIN, ballastEnvironment } from '../peers/ballast.ts';
import { must, type Reply, type Status, send } from './control.ts';

const INSTANCE = join(import.meta.dirname, 'instance.ts');

/** What may differ between two configurations of these programs. */
export interface Shape {
	readonly workers: number;
	/** Ports that are listened on; the first one takes the load. */
	readonly ports: readonly number[];
	/** Parts of the service beside its instances. */
	readonly service?: Readonly<Record<string, unknown>>;
	/** Parts at the top of the file. */
	readonly top?: Readonly<Record<string, unknown>>;
}

export interface RunningBallast {
	readonly port: number;
	/** A second free port, for a listener that comes and goes. */
	readonly otherPort: number;
	status(): Promise<Status>;
	/** Sends a command that must succeed. */
	must(command: string, args?: Record<string, unknown>): Promise<unknown>;
	send(command: string): Promise<Reply>;
	/** Replaces the configuration file; nothing is reloaded. */
	write(shape: Shape): Promise<void>;
	writeText(text: string): Promise<void>;
	/** Waits until `reached` holds of the status; throws after `waitMs` (default 30,000). */
	until(what: string, reached: (status: Status) => boolean, waitMs?: number): Promise<Status>;
	stop(): Promise<void>;
}

/** The configuration of a shape, as YAML. */
export function configurationText(shape: Shape, adminPort: number): string {
	return stringify({
		listen: shape.ports.map((port) => ({ port })),
		admin: { port: adminPort },
		workers: shape.workers,
		...shape.top,
		services: {
			api: {
				instances: { run: `${process.execPath} ${INSTANCE}`, grace: '10s' },
				health: { path: '/healthz', interval: '500ms' },
				scale: { min: 2, max: 4, perInstance: { cpu: '90%' }, mode: 'off' },
				...shape.service,
			},
		},
	});
}

/** Starts it and resolves when both instances are ready. */
export async function startBallast(workers: number): Promise<RunningBallast> {
	if (!existsSync(BALLAST_BIN)) throw new Error(`${BALLAST_BIN} does not exist yet`);
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-'));
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
	const [port, otherPort, adminPort] = (await freePorts(3)) as [number, number, number];
	const path = join(folder, 'ballast.yaml');
	const env = ballastEnvironment(folder);
	const socket = env.BALLAST_SOCKET as string;
	const write = (shape: Shape) => writeFile(path, configurationText(shape, adminPort));
	await write({ workers, ports: [port] });
	const program = launch({ argv: [process.execPath, BALLAST_BIN, 'up', path], cores: '0,1', cwd: folder, env });
	const stop = async () => {
		await program.stop(15_000);
		await rm(folder, { recursive: true, force: true });
	};
	const status = async () => (await must(socket, 'status')) as Status;
	const until: RunningBallast['until'] = async (what, reached, waitMs = 30_000) => {
		const end = performance.now() + waitMs;
		let last: Error | undefined;
		while (performance.now() < end) {
			try {
				const now = await status();
				if (reached(now)) return now;
				last = undefined;
			} catch (error) {
				last = error as Error;
			}
			await sleep(50);
		}
		throw new Error(
			`${what}: not within ${waitMs} ms${last ? ` (${last.message})` : ''}: ${program.output().slice(-600)}`,
		);
	};
	try {
		await waitFor200(`http://127.0.0.1:${port}/`, program, 20_000);
		await until('both instances ready', allReady);
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		port,
		otherPort,
		status,
		must: (command, args) => must(socket, command, args),
		send: (command) => send(socket, command),
		write,
		writeText: (text) => writeFile(path, text),
		until,
		stop,
	};
}

/** Every worker serves and every service has all the instances that it should. */
export function allReady(status: Status): boolean {
	return (
		status.workers.every((worker) => worker.state === 'ready') &&
		status.services.every((service) => service.ready >= service.desired && service.total === service.desired)
	);
}

/** The processes of all instances. */
export function instancePids(status: Status): number[] {
	return status.services.flatMap((service) => service.instances.map((instance) => instance.pid ?? -1));
}
