import type { Transport } from '../transport.ts';

/** Takes all that it is given; what that was is its text. */
export class TakingTransport implements Transport {
	pending = 0;
	readonly queued = 0;
	readonly remoteAddress: string = '192.0.2.7';
	readonly remotePort = 1;
	readonly localPort = 2;
	text = '';

	isBroken(): boolean {
		return false;
	}
	write(bytes: Uint8Array): boolean {
		this.text += Buffer.from(bytes).toString('latin1');
		return true;
	}
	pause(): void {}
	resume(): void {}
	readInto(): void {}
	end(): void {}
	destroy(): void {}
	reset(): void {}
}
