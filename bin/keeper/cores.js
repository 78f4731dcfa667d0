// The cores: one leads, others may be on their way in (an upgrade) or out (draining).
import { CoreProcess } from './core-process.js';

export class Cores {
	/** The core that leads; undefined while none does. */
	leader;
	/** The core of an upgrade that is not leading yet. */
	candidate;
	/** While the lead is handed over, no command is begun. */
	handingOver = false;
	/** What a core left for the next one. */
	snapshot = null;
	#died = null;
	#all = new Set();
	#generation = 0;
	#failures = 0;
	#everReady = false;
	#stopping = false;
	#respawnTimer;
	#settledTimer;
	#options;

	/**
	 * `options`: argv, times, say(text); message(core, message), gone(core), leads();
	 * failed(code): the very first core could not start.
	 */
	constructor(options) {
		this.#options = options;
	}

	get all() {
		return [...this.#all];
	}

	peersOf(core) {
		return this.all.filter((other) => other !== core && other.greeted);
	}

	/** How the last leader died, for the core that leads after it; told once. */
	takeDied() {
		const died = this.#died;
		this.#died = null;
		return died;
	}

	/** The core that takes commands now. */
	get commanded() {
		return this.leader?.isReady && !this.handingOver ? this.leader : undefined;
	}

	get isStopping() {
		return this.#stopping;
	}

	start() {
		this.leader = this.spawn();
	}

	spawn() {
		const { argv, times } = this.#options;
		const core = new CoreProcess({
			generation: ++this.#generation,
			argv,
			times,
			hooks: {
				message: (from, message) => this.#heard(from, message),
				ended: (ended, code, signal) => this.#ended(ended, code, signal),
			},
		});
		this.#all.add(core);
		return core;
	}

	broadcast(message) {
		for (const core of this.#all) if (core.greeted) core.send(message);
	}

	/** `core` leads from now on. */
	lead(core) {
		this.leader = core;
		this.#settled();
		core.send({ type: 'lease', snapshot: this.snapshot });
		this.#options.leads();
	}

	/** No core is started any more; all are told to end. */
	stop() {
		this.#stopping = true;
		clearTimeout(this.#respawnTimer);
		clearTimeout(this.#settledTimer);
		for (const core of this.#all) core.stop();
	}

	kill(why) {
		this.#stopping = true;
		for (const core of this.#all) core.kill(why);
	}

	/** Starts a leader after the back-off that is due, when there is none on its way. */
	respawn() {
		if (this.#stopping || this.leader || this.candidate || this.#respawnTimer) return;
		const { backOffMs } = this.#options.times;
		const waitMs = backOffMs[Math.min(this.#failures, backOffMs.length - 1)];
		this.#failures++;
		this.#options.say(waitMs === 0 ? 'starting another core' : `starting another core in ${waitMs / 1000} s`);
		this.#respawnTimer = setTimeout(() => {
			this.#respawnTimer = undefined;
			if (!this.leader && !this.candidate) this.start();
		}, waitMs);
	}

	#heard(core, message) {
		if (message.type === 'ready' && core === this.leader) this.#settled();
		if (message.type === 'keep' && core === this.leader) this.snapshot = message.snapshot ?? null;
		this.#options.message(core, message);
	}

	#settled() {
		this.#everReady = true;
		clearTimeout(this.#settledTimer);
		this.#settledTimer = setTimeout(() => {
			this.#failures = 0;
		}, this.#options.times.settledMs);
	}

	#ended(core, code, signal) {
		this.#all.delete(core);
		if (core.greeted) this.broadcast({ type: 'peer_gone', generation: core.generation });
		const led = core === this.leader;
		if (led) {
			this.leader = undefined;
			clearTimeout(this.#settledTimer);
		}
		this.#options.gone(core);
		if (this.#stopping) return;
		const how = core.killedFor || (signal === null ? `exit code ${code}` : signal);
		if (led && !this.#everReady) {
			if (code === null || core.killedFor) this.#options.say(`the core ended before it was ready: ${how}`);
			this.#options.failed(code ?? 1);
			return;
		}
		if (core.killedFor || led) this.#options.say(`the core (pid ${core.pid}) ended: ${how}`);
		if (led) {
			this.#died = { pid: core.pid, how, atMs: Date.now() };
			this.respawn();
		}
	}
}
