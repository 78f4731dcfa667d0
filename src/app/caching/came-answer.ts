import { Framing } from '../../wire/framing.ts';
import { ResponseHead } from '../../wire/response-head.ts';
import type { CameHead } from './fill-owner.ts';

/** An answer's head while it is decided on. Used again for the next. */
export class CameAnswer implements CameHead {
	head: ResponseHead = new ResponseHead(0);
	bytes: Buffer = Buffer.alloc(0);
	framing: Framing = new Framing('answers');
	/** When its request was sent, epoch ms. */
	requestMs = 0;

	take(head: ResponseHead, bytes: Uint8Array, framing: Framing): this {
		this.head = head;
		this.bytes = bytes as Buffer;
		this.framing = framing;
		return this;
	}
}
