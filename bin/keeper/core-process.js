// One core: its process, its channel and its pulse.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coreEnvironment } from './core-environment.js';
import { Guard, signalGroup } from './guard.js';

/** Raised with `PROTOCOL_VERSION` of src/app/keeper-protocol.ts. */
export const PROTOCOL_VERSION = 1;

export function corePath() {
	if (process.env.BALLAST_CORE) return process.env.BALLAST_CORE;
	const source = fileURLToPath(new URL('../../src/app/core.ts', import.meta.url));
	return existsSync(source) ? source : fileURLToPath(new URL('../../dist/src/app/core.js', import.meta.url));
}

export class CoreProcess {
	generation;
	startedAt = Date.now();
	/** starting → ready → draining; ended from any of them. */
	state = 'starting';
	greeted = false;
	/** What it said about why it cannot start. */
	failure = '';
	/** What the keeper ended it for; '' when it did not. */
	killedFor = '';
	/** It exited by itself, with code 0. */
	endedWell = false;
	limits;
	pid = 0;
	#child;
	#guard;
	#times;
	#watching = false;
	#misses = 0;
	#pulse;
	#deadline;
	#ready = Promise.withResolvers();
	#yielded = Promise.withResolvers();

	/** `hooks`: message(core, message), ended(core, code, signal). */
	constructor({ generation, argv, times, hooks }) {
		this.generation = generation;
		this.#times = times;
		this.limits = { stopMs: times.stopMs, drainMs: times.drainMs };
		this.#ready.promise.catch(() => {});
		try {
			this.#start(argv, hooks);
		} catch (error) {
			this.failure = error.message;
			setImmediate(() => this.#ended(hooks, 1, null));
		}
		this.#deadline = setTimeout(() => this.kill('it said nothing after its start'), times.helloMs);
	}

	#start(argv, hooks) {
		const flags = process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
		const child = spawn(process.execPath, [...flags, corePath(), ...argv], {
			detached: true,
			stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
			env: coreEnvironment(process.env),
		});
		this.#child = child;
		this.pid = child.pid ?? 0;
		// After it, to win a moment: a core that still starts ends with its channel anyway.
		this.#guard = new Guard();
		if (this.pid > 0) this.#guard.watch(this.pid);
		child.on('message', (message) => this.#heard(message, hooks));
		child.on('error', (error) => this.pid === 0 && this.#ended(hooks, 1, error.message));
		child.on('exit', (code, signal) => this.#ended(hooks, code, signal));
		child.on('disconnect', () => this.#limit(0, 'it closed its channel'));
	}

	/** Resolves when it serves; rejects with what went wrong before that. */
	get ready() {
		return this.#ready.promise;
	}

	get isReady() {
		return this.state === 'ready';
	}

	/** Whether it takes what instances print. */
	get watches() {
		return this.#watching && this.#child.connected;
	}

	get hasEnded() {
		return this.state === 'ended';
	}

	/** `done` is called once the channel has taken the message, or cannot. */
	send(message, { handle, done } = {}) {
		if (!this.#child?.connected) {
			done?.();
			return;
		}
		this.#child.send(message, handle, (_error) => done?.());
	}

	/** Its state, once it has given up the lead; undefined when it does not say in time. */
	yieldLead() {
		this.send({ type: 'yield' });
		let timer;
		const late = new Promise((resolve) => {
			timer = setTimeout(resolve, this.#times.yieldMs);
		});
		return Promise.race([this.#yielded.promise, late]).finally(() => {
			clearTimeout(timer);
			this.#yielded = Promise.withResolvers();
		});
	}

	/** It serves what it has accepted and exits; by force when its time is up. */
	drain() {
		if (this.hasEnded) return;
		this.state = 'draining';
		this.send({ type: 'drain' });
		this.#limit(this.limits.drainMs, 'it did not drain in time');
	}

	/** It ends itself and the instances; one that does not serve yet has nothing to drain. */
	stop() {
		if (this.hasEnded) return;
		this.send({ type: 'stop' });
		this.#limit(this.state === 'starting' ? 0 : this.limits.stopMs, 'it did not stop in time');
		this.state = 'draining';
	}

	kill(why) {
		if (this.hasEnded) return;
		this.killedFor ||= why;
		if (this.pid > 0) signalGroup(this.pid, 'SIGKILL');
	}

	#limit(ms, why) {
		if (this.hasEnded) return;
		clearTimeout(this.#deadline);
		this.#deadline = setTimeout(() => this.kill(why), ms + this.#times.extraMs);
	}

	#heard(message, hooks) {
		this.#misses = 0;
		if (typeof message !== 'object' || message === null) return;
		if (message.type === 'hello') this.#hello();
		else if (message.type === 'watch') this.#watching = true;
		else if (message.type === 'ready') this.#becameReady();
		else if (message.type === 'failed') this.failure = String(message.message);
		else if (message.type === 'limits') this.#limits(message);
		else if (message.type === 'yielded') this.#yielded.resolve(message.snapshot ?? null);
		if (message.type !== 'pong') hooks.message(this, message);
	}

	#hello() {
		clearTimeout(this.#deadline);
		this.greeted = true;
		// Pings are counted, not clocked: a keeper that was stopped for a while must not blame its core.
		this.#pulse ??= setInterval(() => {
			if (this.#misses++ >= this.#times.pings) this.kill('it was hung');
			else this.send({ type: 'ping' });
		}, this.#times.pingMs);
	}

	#becameReady() {
		if (this.state === 'starting') this.state = 'ready';
		this.#ready.resolve();
	}

	#limits({ stopMs, drainMs }) {
		if (Number.isFinite(stopMs)) this.limits.stopMs = stopMs;
		if (Number.isFinite(drainMs)) this.limits.drainMs = drainMs;
	}

	#ended(hooks, code, signal) {
		if (this.hasEnded) return;
		this.state = 'ended';
		this.endedWell = code === 0 && signal === null;
		clearTimeout(this.#deadline);
		clearInterval(this.#pulse);
		if (this.pid > 0) signalGroup(this.pid, 'SIGKILL');
		this.#guard?.release();
		this.#yielded.resolve(undefined);
		const how = signal === null ? `exit code ${code}` : signal;
		this.#ready.reject(new Error(this.failure || `it ended (${this.killedFor || how}) before it was ready`));
		hooks.ended(this, code, signal);
	}
}
