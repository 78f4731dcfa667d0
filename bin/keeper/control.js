// The commands of the operator: JSON, one a line, from the control socket to the core that leads and back.
import net from 'node:net';
import { claimSocket } from './control-socket.js';

/** Bytes of a line, either way of a request. */
const MOST_LINE = 1024 * 1024;
const MOST_CONNECTIONS = 64;
/** Commands of one connection that are not answered yet. */
const MOST_OPEN = 32;
/** Bytes that a client may leave unread. */
const MOST_UNREAD = 16 * 1024 * 1024;
const LOOK_MS = 20;
const GOODBYE_MS = 1_000;

export class Control {
	#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
	#own;
	#cores;
	#waitMs;
	#release = () => {};
	#open = new Map();
	#sockets = new Set();
	#next = 0;

	/** `own`: the commands of the keeper itself, by name: (line) → result. `waitMs`: for a core that restarts. */
	constructor({ own, cores, waitMs }) {
		this.#own = own;
		this.#cores = cores;
		this.#waitMs = waitMs;
		this.#server.on('error', () => {});
	}

	/** Errors: `KeeperError` when another keeper has the path or the folder is not safe. */
	async listen(paths) {
		this.#release = await claimSocket(this.#server, paths);
		this.#server.on('error', () => {});
	}

	line(core, n, line) {
		const open = this.#open.get(n);
		if (open?.core === core) write(open.socket, { id: open.id, line: String(line) });
	}

	done(core, { n, ok, result, code, message }) {
		const open = this.#open.get(n);
		if (open?.core !== core) return;
		this.#open.delete(n);
		open.answered(ok ? { ok, result: result ?? null } : { ok: false, code, message });
	}

	/** A core has ended: what it worked on has failed. */
	forget(core) {
		for (const [n, open] of this.#open) {
			if (open.core !== core) continue;
			this.#open.delete(n);
			open.answered(failed('the core ended while it worked on this command'));
		}
	}

	/** Takes the socket away and lets the last answers out. */
	async close() {
		try {
			this.#release();
		} catch {}
		const ends = [...this.#sockets].map((socket) => new Promise((resolve) => socket.end(resolve)));
		await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, 200))]);
	}

	#accept(socket) {
		socket.on('error', () => {});
		if (this.#sockets.size >= MOST_CONNECTIONS) {
			sayGoodbye(socket, failed('too many control connections are open'));
			return;
		}
		this.#sockets.add(socket);
		const state = { parts: [], size: 0, open: 0, ended: false };
		socket.on('close', () => this.#sockets.delete(socket));
		socket.on('data', (chunk) => this.#read(socket, state, chunk));
		socket.on('end', () => {
			state.ended = true;
			if (state.open === 0) socket.end();
		});
	}

	#read(socket, state, chunk) {
		let start = 0;
		for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
			state.parts.push(chunk.subarray(start, end));
			const line = Buffer.concat(state.parts);
			state.parts = [];
			state.size = 0;
			start = end + 1;
			if (line.length > MOST_LINE) return tooLong(socket);
			if (line.length > 0) void this.#command(socket, state, line.toString());
		}
		state.parts.push(chunk.subarray(start));
		state.size += chunk.length - start;
		if (state.size > MOST_LINE) tooLong(socket);
	}

	async #command(socket, state, text) {
		const request = parse(text);
		if (request.error)
			return void write(socket, { id: request.id, ok: false, code: 'bad_command', message: request.error });
		if (state.open >= MOST_OPEN) {
			return void write(socket, { id: request.id, ...failed('too many commands at once on this connection') });
		}
		state.open++;
		const answer = await this.#carryOut(socket, request);
		state.open--;
		write(socket, { id: request.id, ...answer });
		if (state.ended && state.open === 0) socket.end();
	}

	async #carryOut(socket, { id, command, args }) {
		if (Object.hasOwn(this.#own, command)) {
			try {
				return { ok: true, result: await this.#own[command]((line) => write(socket, { id, line })) };
			} catch (error) {
				return failed(error.message);
			}
		}
		const core = await this.#core();
		if (!core) return failed(this.#cores.isStopping ? 'Ballast is stopping' : 'the core is restarting');
		const n = ++this.#next;
		return new Promise((answered) => {
			this.#open.set(n, { core, socket, id, answered });
			core.send({ type: 'control', n, command, args });
		});
	}

	async #core() {
		const until = performance.now() + this.#waitMs;
		while (!this.#cores.commanded && !this.#cores.isStopping && performance.now() < until) {
			await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		}
		return this.#cores.commanded;
	}
}

const failed = (message) => ({ ok: false, code: 'command_failed', message });

/** `{ id, command, args }`, or `{ id, error }`. */
function parse(text) {
	let request;
	try {
		request = JSON.parse(text);
	} catch {
		return { id: null, error: 'a command is one line of JSON' };
	}
	const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
	if (!isObject(request)) return { id: null, error: 'a command is a JSON object' };
	const { id = null, command, args = {} } = request;
	if (typeof id !== 'number' && typeof id !== 'string')
		return { id: null, error: 'the id of a command is a number or a text' };
	if (typeof command !== 'string' || command === '') return { id, error: 'a command has a name' };
	if (!isObject(args)) return { id, error: 'the args of a command are an object' };
	return { id, command, args };
}

function write(socket, message) {
	if (socket.destroyed || socket.writableEnded) return;
	socket.write(`${JSON.stringify(message)}\n`);
	if (socket.writableLength > MOST_UNREAD) socket.destroy();
}

function tooLong(socket) {
	socket.removeAllListeners('data');
	sayGoodbye(socket, { ok: false, code: 'bad_command', message: `a command is at most ${MOST_LINE} bytes long` });
}

/** A last answer; what the client still sends is read and forgotten, so that it gets to the answer. */
function sayGoodbye(socket, answer) {
	socket.end(`${JSON.stringify({ id: null, ...answer })}\n`);
	socket.resume();
	socket.setTimeout(GOODBYE_MS, () => socket.destroy());
}
