// The keeper: holds the listening sockets and the instances, starts the cores, and outlives them.
import { Socket } from 'node:net';
import { hear } from './answers.js';
import { Control } from './control.js';
import { Cores } from './cores.js';
import { Instances } from './instances.js';
import { Listeners } from './listeners.js';
import { KeeperError, keeperPaths } from './paths.js';
import { Printed } from './printed.js';
import { hasTerminal, isTerminalGone, LAUNCHER_FD } from './runtime.js';
import { TIMES } from './times.js';
import { upgrade } from './upgrade.js';

/** Runs until Ballast is stopped; then the process exits. `times` replaces some of `TIMES`. */
export async function startKeeper(argv, times = {}) {
	const launched = process.env.BALLAST_LAUNCHER === '1';
	delete process.env.BALLAST_LAUNCHER;
	// A closed terminal or pipe is no reason to end, and neither is a fault of our own: what the keeper
	// holds is worth more than what has failed.
	process.stdout.on('error', () => {});
	process.stderr.on('error', () => {});
	process.on('uncaughtException', (error) => say(`a fault in the keeper, it goes on: ${error?.stack ?? error}`));
	try {
		const keeper = new Keeper(argv, { ...TIMES, ...times });
		await keeper.start(launched);
	} catch (error) {
		say(error instanceof KeeperError ? error.message : (error?.stack ?? String(error)));
		process.exit(error instanceof KeeperError ? error.exitCode : 1);
	}
}

class Keeper {
	about;
	listeners = new Listeners();
	printed;
	instances;
	cores;
	control;
	#paths;
	#times;
	#firstSignalAt = Number.NaN;
	#ending;
	#coresGone = Promise.withResolvers();
	#clean = true;
	#onEnd = [];

	constructor(argv, times) {
		this.#paths = keeperPaths(argv);
		this.#times = times;
		const { name, runDir, socketPath } = this.#paths;
		this.about = { name, argv, runDir, socketPath, startedAt: Date.now(), pid: process.pid };
		this.cores = new Cores({
			argv,
			times,
			say,
			message: (core, message) => hear(this, core, message),
			leads: () => this.printed.flush(),
			gone: (core) => this.#coreGone(core),
			failed: (code) => void this.#end(code),
		});
		this.printed = new Printed(() => this.cores.leader);
		this.instances = new Instances({
			started: (instance) => this.cores.broadcast({ type: 'started', ...instance }),
			exited: (end) => {
				this.printed.flush({ urgent: true });
				this.cores.broadcast({ type: 'exited', ...end });
			},
			lines: (id, stream, lines) => this.printed.add(id, stream, lines),
		});
		this.control = new Control({ own: this.#commands(), cores: this.cores, waitMs: times.noCoreMs });
	}

	async start(launched) {
		await this.control.listen(this.#paths);
		// Whatever ends this process takes its children along; the guards see to it after a kill -9.
		process.on('exit', () => {
			this.cores.kill('the keeper ended');
			this.instances.kill();
		});
		this.#heed(launched);
		this.cores.start();
	}

	/** Closes what the leading core did not ask for; one that drains accepts nothing more. */
	tidy() {
		const { all, leader } = this.cores;
		const draining = all.filter((core) => core.state === 'draining');
		if (!leader?.isReady || all.length > draining.length + 1) return;
		for (const core of draining) this.listeners.forget(core);
		this.listeners.prune();
	}

	/** Nothing that the leading core could do is of any use: an orderly stop that ends with exit code 1. */
	giveUp() {
		this.#clean = false;
		void this.#stop();
	}

	#commands() {
		return {
			keeper: () => this.about,
			stop: (line) => {
				line('stopping');
				const ended = new Promise((resolve) => this.#onEnd.push(() => resolve(null)));
				void this.#stop();
				return ended;
			},
			upgrade: async (line) => {
				const core = await upgrade(this.cores, { times: this.#times, say: line });
				this.tidy();
				return { generation: core.generation, pid: core.pid };
			},
		};
	}

	#heed(launched) {
		process.on('SIGINT', () => this.#signalled());
		process.on('SIGTERM', () => this.#signalled());
		const hadTerminal = !launched && hasTerminal();
		process.on('SIGHUP', () => {
			if (hadTerminal && isTerminalGone()) void this.#stop();
			else this.cores.commanded?.send({ type: 'reload' });
		});
		if (!launched) return;
		const pipe = new Socket({ fd: LAUNCHER_FD, readable: true, writable: false });
		pipe.on('error', () => {});
		pipe.on('close', () => void this.#stop());
		pipe.resume();
	}

	#signalled() {
		const now = performance.now();
		if (Number.isNaN(this.#firstSignalAt)) {
			this.#firstSignalAt = now;
			void this.#stop();
		} else if (now - this.#firstSignalAt >= this.#times.secondSignalMs) {
			say('ended at once: requests may have been cut off');
			process.exit(1);
		}
	}

	/** The cores drain and end the instances, then the keeper ends whatever is left. */
	async #stop() {
		if (this.#ending) return;
		this.cores.stop();
		if (this.cores.all.length > 0) await this.#coresGone.promise;
		await this.#end(this.#clean ? 0 : 1);
	}

	#end(code) {
		this.#ending ??= this.#finish(code);
		return this.#ending;
	}

	async #finish(code) {
		this.cores.kill('the keeper ended');
		await this.instances.end(this.#times.leftMs);
		for (const tell of this.#onEnd) tell();
		// The answers are written in the turns after their promises.
		await new Promise((resolve) => setImmediate(resolve));
		await this.control.close();
		process.exit(code);
	}

	#coreGone(core) {
		this.listeners.forget(core);
		this.control.forget(core);
		if (this.cores.isStopping) {
			if (core.killedFor || !core.endedWell) this.#clean = false;
			if (this.cores.all.length === 0) this.#coresGone.resolve();
		} else this.tidy();
	}
}

function say(text) {
	process.stderr.write(`ballast: ${text}\n`);
}
