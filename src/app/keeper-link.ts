/**
 * The core's link to the keeper that started it.
 *
 * The life of a core: `connect` → prepare (bind, sockets, workers) → `ready`. A core whose `welcome.active`
 * is false serves, but leaves the control plane alone until `onLease`; the old one then gets `onDrain`, ends
 * what it has accepted and exits. `onYield` gives the lead up; when the new core fails in that moment,
 * `onLease` gives it back. On `onStop` the core drains, ends its instances and exits with 0. Every end of a
 * core is a `process.exit`: it must not close the sockets that worker threads have.
 */
import type { Worker } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import type { ProcessHost } from '../instances/process-host.ts';
import { KeeperChannel } from './keeper-channel.ts';
import { KeeperProcesses } from './keeper-processes.ts';
import { type BoundAddress, type CoreLimits, PROTOCOL_VERSION, type Welcome } from './keeper-protocol.ts';
import { KeeperSockets } from './keeper-sockets.ts';

/** Carries out one command of the operator; `line` prints a line for whoever gave it. */
export type ControlHandler = (command: string, args: Record<string, unknown>, line: (text: string) => void) => unknown;

export class KeeperLink {
	readonly welcome: Welcome;
	readonly processes: ProcessHost;
	readonly #channel: KeeperChannel;
	readonly #sockets: KeeperSockets;
	readonly #processes: KeeperProcesses;

	/** Errors: `not_running` without a keeper, `command_failed` when the keeper is of another version. */
	static async connect(): Promise<KeeperLink> {
		const channel = new KeeperChannel();
		// The terminal may go away; that ends nothing.
		process.stdout.on('error', () => {});
		process.stderr.on('error', () => {});
		const welcome = await new Promise<Welcome>((resolve, reject) => {
			channel.on('welcome', resolve);
			channel.on('refused', ({ reason }) => reject(new BallastError('command_failed', reason)));
			channel.send({ type: 'hello', protocol: PROTOCOL_VERSION });
		});
		return new KeeperLink(channel, welcome);
	}

	private constructor(channel: KeeperChannel, welcome: Welcome) {
		this.#channel = channel;
		this.welcome = welcome;
		this.#sockets = new KeeperSockets(channel);
		this.#processes = new KeeperProcesses(channel, welcome.instances);
		this.processes = this.#processes;
	}

	/** Lines of instances that were lost because this core did not take them in time. */
	get droppedLines(): number {
		return this.#processes.dropped;
	}

	/**
	 * Binds at least `slots` sockets on the address (port 0: the system chooses); an address that is bound
	 * already, by an earlier core too, keeps its sockets. The result may name more slots: serve them all.
	 * Errors: `port_taken` with who has it, `bind_failed`.
	 */
	bind(host: string, port: number, slots: number): Promise<BoundAddress> {
		return this.#sockets.bind(host, port, slots);
	}

	/** Gives an address up (`port`: the one in use); its sockets are closed once no core wants them. */
	unbind(host: string, port: number): Promise<void> {
		return this.#sockets.unbind(host, port);
	}

	/**
	 * A descriptor of one slot's socket, for one worker thread: `server.listen({ fd }, 4096)` there (the
	 * backlog must be the second argument). Call `give` with it next.
	 */
	socket(host: string, port: number, slot: number): Promise<number> {
		return this.#sockets.socket(host, port, slot);
	}

	/** Notes, at once after `socket`, which worker gets the descriptor: closed if it ends without having listened. */
	give(fd: number, worker: Worker): void {
		this.#sockets.give(fd, worker);
	}

	/** It serves. */
	ready(): void {
		this.#channel.send({ type: 'ready' });
	}

	/** Why this core cannot start, before its exit; whoever asked for an upgrade reads it. */
	failed(message: string): void {
		this.#channel.send({ type: 'failed', message });
	}

	/** Stops Ballast as a whole, with exit code 1. */
	giveUp(): void {
		this.#channel.send({ type: 'give_up' });
	}

	/** How long a stop and a drain may take; past that the keeper kills this core. */
	limits(limits: CoreLimits): void {
		this.#channel.send({ type: 'limits', ...limits });
	}

	/** Leaves state (JSON) with the keeper: the `welcome.snapshot` of the next core should this one die. */
	keep(snapshot: unknown): void {
		this.#channel.send({ type: 'keep', snapshot });
	}

	onStop(handler: () => void): void {
		this.#channel.on('stop', handler);
	}

	onDrain(handler: () => void): void {
		this.#channel.on('drain', handler);
	}

	/** SIGHUP to the keeper. */
	onReload(handler: () => void): void {
		this.#channel.on('reload', handler);
	}

	/** Gives up the control plane and returns its state (JSON) for the next core, within 5 s. */
	onYield(handler: () => unknown): void {
		this.#channel.on('yield', () => {
			void settle(handler).then((result) => {
				if (!result.ok) process.stderr.write(`ballast: the state could not be handed over: ${result.message}\n`);
				this.#channel.send({ type: 'yielded', snapshot: result.ok ? result.value : null });
			});
		});
	}

	/** This core leads from now on; `snapshot` is the state of the one before, null for none. */
	onLease(handler: (snapshot: unknown) => void): void {
		this.#channel.on('lease', ({ snapshot }) => handler(snapshot));
	}

	/** What the handler returns is the result; a `BallastError` keeps its code, any other becomes `command_failed`. */
	onControl(handler: ControlHandler): void {
		this.#channel.on('control', ({ n, command, args }) => {
			const line = (text: string) => this.#channel.send({ type: 'control_line', n, line: text });
			void settle(() => handler(command, args, line)).then((done) => {
				if (done.ok) this.#channel.send({ type: 'control_done', n, ok: true, result: done.value ?? null });
				else this.#channel.send({ type: 'control_done', n, ok: false, code: done.code, message: done.message });
			});
		});
	}

	/** To all other cores that live. */
	toPeer(message: unknown): void {
		this.#channel.send({ type: 'peer', message });
	}

	/** Resolves once all that was said so far has left this process. */
	sent(): Promise<void> {
		return this.#channel.sent();
	}

	onPeer(handler: (message: unknown, generation: number) => void): void {
		this.#channel.on('peer', ({ message, from }) => handler(message, from));
	}

	onPeerGone(handler: (generation: number) => void): void {
		this.#channel.on('peer_gone', ({ generation }) => handler(generation));
	}
}

type Settled = { ok: true; value: unknown } | { ok: false; code: string; message: string };

async function settle(work: () => unknown): Promise<Settled> {
	try {
		return { ok: true, value: await work() };
	} catch (error) {
		const code = error instanceof BallastError ? error.code : 'command_failed';
		return { ok: false, code, message: error instanceof Error ? error.message : String(error) };
	}
}
