// One process of an instance, with all that it starts.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Guard, groupRuns, MARK, signalGroup } from './guard.js';
import { LineRing, LineSplitter } from './lines.js';
import { checkFolder, startError, userIds } from './start-error.js';

/** For the rest of a group whose leader was told to end and has: it may still be about to. */
const LEFT_OVER_MS = 2_000;
const LOOK_MS = 50;
/** For the last output, once the group is gone: who left the group may hold the pipe for ever. */
const LAST_OUTPUT_MS = 1_000;

export class Instance {
	id;
	labels;
	pid = 0;
	startedAt = 0;
	#child;
	#guard;
	#ring = new LineRing();
	#onLines;
	#terminated = false;
	#killed = false;

	/** `onLines(stream, lines)` gets what it prints. */
	constructor(spec, onLines) {
		this.id = spec.id;
		this.labels = spec.labels;
		this.#onLines = onLines;
	}

	describe() {
		return { id: this.id, pid: this.pid, startedAt: this.startedAt, labels: this.labels };
	}

	get last() {
		return this.#ring.list();
	}

	/** Resolves once it runs. Errors: `StartError`. `exited(code, signal)` is called once, after the last line. */
	async start(spec, exited) {
		const ids = spec.user === null ? {} : await userIds(spec.user);
		checkFolder(spec.cwd);
		let guard;
		try {
			guard = new Guard();
			const [program, ...args] = spec.command;
			const stdio = ['ignore', 'pipe', 'pipe'];
			const mark = randomUUID();
			const env = { ...spec.env, [MARK]: mark };
			const child = spawn(program, args, { cwd: spec.cwd, env, detached: true, stdio, ...ids });
			if (child.pid === undefined) throw await new Promise((resolve) => child.once('error', resolve));
			guard.watch(child.pid, mark);
			child.on('error', () => {});
			this.#child = child;
			this.pid = child.pid;
			this.startedAt = Date.now();
		} catch (error) {
			guard?.release();
			throw startError(error, spec);
		}
		this.#guard = guard;
		this.#read('stdout');
		this.#read('stderr');
		this.#child.once('exit', (code, signal) => void this.#ended().then(() => exited(code, signal)));
	}

	/** To the whole group: a shell or npm in front must not swallow it. */
	signal(signal) {
		if (signal === 'SIGKILL') this.#killed = true;
		this.#terminated = true;
		if (this.pid > 0) signalGroup(this.pid, signal);
	}

	#read(name) {
		const splitter = new LineSplitter((lines) => {
			this.#ring.add(lines);
			this.#onLines(name, lines);
		});
		const stream = this.#child[name];
		stream.on('data', (chunk) => splitter.push(chunk));
		stream.on('error', () => {});
		stream.on('close', () => splitter.end());
	}

	/** The leader is gone: ends what is left of its group and reads the rest of the output. */
	async #ended() {
		const child = this.#child;
		const closed = new Promise((resolve) => child.once('close', resolve));
		const until = performance.now() + (this.#terminated ? LEFT_OVER_MS : 0);
		while (!this.#killed && performance.now() < until && groupRuns(this.pid)) await wait(LOOK_MS);
		signalGroup(this.pid, 'SIGKILL');
		this.#guard.sweep();
		await Promise.race([closed, wait(LAST_OUTPUT_MS)]);
		child.stdout.destroy();
		child.stderr.destroy();
		await closed;
	}
}

function wait(ms) {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}
