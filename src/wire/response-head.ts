import { CR, LF, SPACE, VALUE } from './bytes.ts';
import { Fields, HeadFault, parseFields } from './head.ts';

/** A response head as offsets into the received bytes (RFC 9112 §4). One object serves many responses. */
export class ResponseHead {
	readonly fields: Fields;
	/** 100…599. */
	status = 0;
	minor = 1;
	start = 0;
	/** The three digits stand here. */
	statusAt = 0;
	/** The reason phrase's end; the CR stands here. */
	reasonEnd = 0;
	fieldsAt = 0;
	end = 0;

	constructor(mostFields: number) {
		this.fields = new Fields(mostFields);
	}

	/** Reads a head from buffer[start, end). Returns the offset behind it or a `HeadFault`. */
	parse(buffer: Uint8Array, start: number, end: number): number {
		const have = end - start;
		for (let i = 0; i < 7 && i < have; i++) {
			if (buffer[start + i] !== 'HTTP/1.'.charCodeAt(i)) return HeadFault.bad;
		}
		if (have < 14) return HeadFault.incomplete;
		const minor = (buffer[start + 7] as number) - 48;
		if (minor < 0 || minor > 9 || buffer[start + 8] !== SPACE) return HeadFault.bad;
		this.minor = minor === 0 ? 0 : 1;
		this.start = start;
		this.statusAt = start + 9;
		let status = 0;
		for (let i = 9; i < 12; i++) {
			const digit = (buffer[start + i] as number) - 48;
			if (digit < 0 || digit > 9) return HeadFault.bad;
			status = status * 10 + digit;
		}
		if (status < 100 || status > 599) return HeadFault.bad;
		this.status = status;
		let at = start + 12;
		// The space before an empty reason is often left out.
		if (buffer[at] === SPACE) {
			while (at < end && VALUE[buffer[at] as number] === 1) at++;
		}
		if (at + 1 >= end) return at < end && buffer[at] !== CR ? HeadFault.bad : HeadFault.incomplete;
		if (buffer[at] !== CR || buffer[at + 1] !== LF) return HeadFault.bad;
		this.reasonEnd = at;
		this.fieldsAt = at + 2;
		const head = parseFields(buffer, at + 2, end, this.fields);
		this.end = head;
		return head;
	}
}
