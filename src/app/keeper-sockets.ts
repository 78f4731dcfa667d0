/**
 * Listening sockets for worker threads.
 *
 * The keeper sends a copy of a socket as a handle of this thread. A worker thread listens on its
 * descriptor, `server.listen({ fd }, 4096)`, and makes a handle of its own over the same number; that one
 * closes the descriptor, when its server closes or when the thread ends. So the handle of this thread must
 * never be closed once a worker has the number: by then it could be that of another file. The wrapper is
 * kept for good (some hundred bytes for each hand-over), and `process.exit` does not close it.
 */
import { fstatSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import type { KeeperChannel } from './keeper-channel.ts';
import type { BoundAddress } from './keeper-protocol.ts';

interface RawHandle {
	readonly fd: number;
	close(): void;
}

/** One copy of a socket in this process. */
interface Copy {
	readonly handle: RawHandle;
	/** Of the socket itself: all copies of it have the same. */
	readonly inode: number;
}

export class KeeperSockets {
	readonly #channel: KeeperChannel;
	/** The last copy that came under each number. */
	readonly #copies = new Map<number, Copy>();
	readonly #given = new WeakMap<Worker, Copy[]>();

	constructor(channel: KeeperChannel) {
		this.#channel = channel;
	}

	async bind(host: string, port: number, slots: number): Promise<BoundAddress> {
		return (await this.#channel.request('bind', { host, port, slots })).value;
	}

	async unbind(host: string, port: number): Promise<void> {
		await this.#channel.request('unbind', { host, port });
	}

	async socket(host: string, port: number, slot: number): Promise<number> {
		const { handle } = await this.#channel.request('socket', { host, port, slot });
		if (!isHandle(handle))
			throw new BallastError('bind_failed', `No socket came for ${host}:${port}: are too many files open?`);
		this.#copies.set(handle.fd, { handle, inode: fstatSync(handle.fd).ino });
		return handle.fd;
	}

	/** Closes the copy when the worker ends without ever having listened on it. */
	give(fd: number, worker: Worker): void {
		const copy = this.#copies.get(fd);
		if (!copy) return;
		const given = this.#given.get(worker);
		if (given) given.push(copy);
		else {
			const copies = [copy];
			this.#given.set(worker, copies);
			worker.once('exit', () => this.#reclaim(copies));
		}
	}

	#reclaim(copies: readonly Copy[]): void {
		for (const copy of copies) {
			const { fd } = copy.handle;
			// A later copy under the same number proves that the worker closed this one.
			if (this.#copies.get(fd) !== copy) continue;
			this.#copies.delete(fd);
			if (isOpen(fd, copy.inode)) copy.handle.close();
		}
	}
}

function isOpen(fd: number, inode: number): boolean {
	try {
		return fstatSync(fd).ino === inode;
	} catch {
		return false;
	}
}

function isHandle(handle: unknown): handle is RawHandle {
	return (
		typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number' && handle.fd >= 0
	);
}
