// The listening sockets: bound here, handed to the cores as copies, never accepted on. What queues in
// them while a worker or a core is replaced is answered by the next one.
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { getSystemErrorMap } from 'node:util';
import { portOwner } from './port-owner.js';

/** UV_TCP_REUSEPORT: each slot has a socket, and with it a queue, of its own. */
const REUSE_PORT = 2;
const MOST_SLOTS = 1024;
const SYSTEM_ERRORS = getSystemErrorMap();

export class BindError extends Error {
	constructor(code, message) {
		super(message);
		this.code = code;
	}
}

export class Listeners {
	#all = [];
	#turn = Promise.resolve();

	list() {
		return this.#all.map(describe);
	}

	/** At least `slots` sockets on the address; those that are there already are kept. */
	bind(core, address) {
		const bound = this.#turn.then(() => this.#bind(core, address));
		this.#turn = bound.catch(() => {});
		return bound;
	}

	/** Closes the sockets once no core wants the address any more. */
	unbind(core, { host, port }) {
		const listener = this.#find(host, port);
		listener?.claims.delete(core);
		if (listener?.claims.size === 0) this.#close(listener);
		return null;
	}

	/** The handle of one slot, to be copied into a core. */
	socket(core, { host, port, slot }) {
		const listener = this.#find(host, port);
		const handle = listener?.handles[slot];
		if (!handle) throw new BindError('bind_failed', `nothing is bound on ${show(host, port)} for slot ${slot}`);
		listener.claims.add(core);
		return handle;
	}

	/** A core has ended. */
	forget(core) {
		for (const listener of this.#all) listener.claims.delete(core);
	}

	/** Closes what only an earlier core wanted. */
	prune() {
		for (const listener of this.#all.filter((one) => one.claims.size === 0)) this.#close(listener);
	}

	async #bind(core, { host, port, slots }) {
		if (typeof host !== 'string' || !Number.isInteger(port) || port < 0 || port > 65_535) {
			throw new BindError('bind_failed', `${show(host, port)} is no address to listen on`);
		}
		if (!Number.isInteger(slots) || slots < 1 || slots > MOST_SLOTS) {
			throw new BindError('bind_failed', `1 to ${MOST_SLOTS} sockets can be bound on an address, not ${slots}`);
		}
		// Port 0 stands for the one that the system chose when it was asked for first.
		let listener = this.#all.find((one) => one.host === host && (one.requested === port || one.port === port));
		if (!listener) {
			const address = await addressOf(host);
			listener = { host, address, requested: port, port, handles: [], claims: new Set() };
			await this.#checkFree(listener);
			await this.#fill(listener, slots);
			this.#all.push(listener);
		} else await this.#fill(listener, slots);
		listener.claims.add(core);
		return describe(listener);
	}

	/** Two programs with SO_REUSEPORT share a port silently: only a plain bind notices another one. */
	async #checkFree({ host, address, port }) {
		// One of ours on an overlapping address (0.0.0.0 after 127.0.0.1) is no other program.
		if (port === 0 || this.#all.some((one) => one.port === port && overlap(one.address, address))) return;
		const handle = create(address, port, 0);
		const error = handle.error ?? codeOf(handle.listen(1));
		handle.close?.();
		if (error) throw await explain(error, host, port);
	}

	/** All or nothing. */
	async #fill(listener, slots) {
		const before = listener.handles.length;
		while (listener.handles.length < slots) {
			let handle = create(listener.address, listener.port, REUSE_PORT);
			// A system without it (macOS) has one queue for all slots: it works, and spreads less evenly.
			if (handle.error === 'ENOTSUP') handle = listener.handles[0] ?? create(listener.address, listener.port, 0);
			if (handle.error) {
				for (const made of listener.handles.splice(before)) made.close();
				throw await explain(handle.error, listener.host, listener.port);
			}
			listener.handles.push(handle);
			listener.port = handle.port;
		}
	}

	#find(host, port) {
		return this.#all.find((one) => one.host === host && one.port === port);
	}

	#close(listener) {
		this.#all = this.#all.filter((one) => one !== listener);
		for (const handle of listener.handles) handle.close();
	}
}

const describe = ({ host, port, requested, handles }) => ({ host, port, requested, slots: handles.length });

/** A bound handle with its `port`, or `{ error }`. */
function create(address, port, flags) {
	const handle = net._createServerHandle(address, port, net.isIP(address), undefined, flags);
	if (typeof handle === 'number') return { error: codeOf(handle) };
	const name = {};
	// libuv tells of a taken port only now.
	const error = codeOf(handle.getsockname(name));
	if (error) {
		handle.close();
		return { error };
	}
	handle.port = name.port;
	return handle;
}

function overlap(one, other) {
	return one === other || [one, other].some((address) => address === '0.0.0.0' || address === '::');
}

function codeOf(status) {
	return status < 0 ? (SYSTEM_ERRORS.get(status)?.[0] ?? `error ${status}`) : undefined;
}

async function addressOf(host) {
	if (net.isIP(host) !== 0) return host;
	try {
		return (await lookup(host)).address;
	} catch (error) {
		throw new BindError('bind_failed', `${host} has no address on this machine (${error.code})`);
	}
}

async function explain(code, host, port) {
	const where = show(host, port);
	if (code === 'EADDRINUSE') return new BindError('port_taken', `${where} is in use${await portOwner(port)}`);
	if (code === 'EADDRNOTAVAIL') return new BindError('bind_failed', `${where}: this machine has no such address`);
	if (code === 'EACCES')
		return new BindError(
			'bind_failed',
			`${where}: permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE)`,
		);
	return new BindError('bind_failed', `${where} cannot be listened on: ${code}`);
}

function show(host, port) {
	return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
