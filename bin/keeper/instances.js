// The processes of all instances: they live on while cores come and go.
import { Instance } from './instance.js';
import { StartError } from './start-error.js';

export class Instances {
	#all = new Map();
	#news;
	#closed = false;

	/** `news`: started(instance), exited(end) and lines(id, stream, lines). */
	constructor(news) {
		this.#news = news;
	}

	list() {
		return [...this.#all.values()].filter((one) => one.pid > 0).map((one) => ({ ...one.describe(), last: one.last }));
	}

	async spawn(spec) {
		if (this.#closed) throw new StartError('Ballast is stopping');
		const before = this.#all.get(spec.id);
		if (before) throw new StartError(`${spec.id} still runs (pid ${before.pid})`);
		const instance = new Instance(spec, (stream, lines) => this.#news.lines(spec.id, stream, lines));
		this.#all.set(spec.id, instance);
		try {
			await instance.start(spec, (code, signal) => this.#exited(instance, code, signal));
		} catch (error) {
			this.#all.delete(spec.id);
			throw error;
		}
		if (this.#closed) instance.signal('SIGTERM');
		this.#news.started(instance.describe());
		return instance.describe();
	}

	signal(id, signal) {
		this.#all.get(id)?.signal(signal);
	}

	/** SIGTERM to all, SIGKILL to those that live after `graceMs`; resolves when none is left. No more are started. */
	async end(graceMs) {
		this.#closed = true;
		for (const instance of this.#all.values()) instance.signal('SIGTERM');
		const until = performance.now() + graceMs;
		while (this.#all.size > 0 && performance.now() < until) await tick();
		this.kill();
		const most = performance.now() + 5_000;
		while (this.#all.size > 0 && performance.now() < most) await tick();
	}

	/** At once. */
	kill() {
		this.#closed = true;
		for (const instance of this.#all.values()) instance.signal('SIGKILL');
	}

	#exited(instance, code, signal) {
		this.#all.delete(instance.id);
		this.#news.exited({ id: instance.id, pid: instance.pid, code, signal, last: instance.last });
	}
}

function tick() {
	return new Promise((resolve) => {
		setTimeout(resolve, 20);
	});
}
