/**
 * A connection's bytes, below HTTP: a TCP socket by the runtime's own handle (fast), or any duplex
 * stream (TLS, and TCP where the handle is not as expected).
 */
export interface Transport {
	/** Bytes handed over that the kernel has not taken yet. */
	readonly pending: number;
	/** Bytes of `pending` that are truly still unsent; for telling a slow reader from one that stopped. */
	readonly queued: number;
	/** Whether the other side has reset it, as far as the system knows; asks it, for what is sent once only. */
	isBroken(): boolean;
	/** Address of the other side; empty once it is gone. */
	readonly remoteAddress: string;
	readonly remotePort: number;
	readonly localPort: number;
	/**
	 * Sends bytes. True: all were taken and the memory may be used again at once. False: the
	 * transport holds on to it until `onDrain` (or the connection failed, which `onClose` tells).
	 */
	write(bytes: Uint8Array): boolean;
	pause(): void;
	resume(): void;
	/** Reads into this buffer from the next read on; to be called within `onBytes`, the owner has the content only during it. */
	readInto(buffer: Uint8Array): void;
	/** No more writes: sends FIN once all is written. */
	end(): void;
	/** Closes now. `onClose` follows (never from within this call). */
	destroy(): void;
	/** Closes with RST, so that a cut-off answer is not taken for a whole one. */
	reset(): void;
}

export interface TransportOwner {
	/** Bytes came: buffer[0, length). They are gone when this returns. */
	onBytes(buffer: Uint8Array, length: number): void;
	/** The other side will send no more (FIN). */
	onEnd(): void;
	/** All pending bytes were taken by the kernel. */
	onDrain(): void;
	/** The connection is over; once. `error`: its system code (`ECONNRESET`), or empty. */
	onClose(error: string): void;
}
