/** A DNS responder for tests: real UDP, answers from a table. */
import { createSocket, type Socket } from 'node:dgram';

/** `silent`: no answer at all; `nxdomain` and `servfail`: that code; else the records. */
export type Zone = 'silent' | 'nxdomain' | 'servfail' | { a?: string[]; aaaa?: string[]; ttl?: number };

export class TestingDns {
	zone: Zone;
	queries = 0;
	readonly #socket: Socket;

	constructor(zone: Zone, socket: Socket) {
		this.zone = zone;
		this.#socket = socket;
		socket.on('message', (query, from) => {
			this.queries++;
			const answer = this.#answer(query);
			if (answer) socket.send(answer, from.port, from.address);
		});
	}

	static async start(zone: Zone): Promise<TestingDns> {
		const socket = createSocket('udp4');
		await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
		return new TestingDns(zone, socket);
	}

	/** `ip:port` */
	get address(): string {
		return `127.0.0.1:${this.#socket.address().port}`;
	}

	close(): void {
		this.#socket.close();
	}

	/** RFC 1035 §4.1: header, the question as it came, records that point back to its name. */
	#answer(query: Buffer): Buffer | null {
		if (this.zone === 'silent') return null;
		let end = 12;
		while (query[end] !== 0) end += (query[end] as number) + 1;
		const question = query.subarray(12, end + 5);
		const type = query.readUInt16BE(end + 1);
		const records = typeof this.zone === 'string' ? [] : this.#records(type, this.zone);
		const header = Buffer.alloc(12);
		query.copy(header, 0, 0, 2);
		header.writeUInt16BE(0x8180 | (this.zone === 'nxdomain' ? 3 : this.zone === 'servfail' ? 2 : 0), 2);
		header.writeUInt16BE(1, 4);
		header.writeUInt16BE(records.length, 6);
		return Buffer.concat([header, question, ...records]);
	}

	#records(type: number, zone: Exclude<Zone, string>): Buffer[] {
		const data = type === 1 ? (zone.a ?? []).map(v4) : type === 28 ? (zone.aaaa ?? []).map(v6) : [];
		return data.map((bytes) => {
			const head = Buffer.alloc(12);
			head.writeUInt16BE(0xc00c, 0);
			head.writeUInt16BE(type, 2);
			head.writeUInt16BE(1, 4);
			head.writeUInt32BE(zone.ttl ?? 0, 6);
			head.writeUInt16BE(bytes.length, 10);
			return Buffer.concat([head, bytes]);
		});
	}
}

function v4(address: string): Buffer {
	return Buffer.from(address.split('.').map(Number));
}

function v6(address: string): Buffer {
	const [before = '', after] = address.split('::');
	const words = (text: string) => text.split(':').filter(Boolean);
	const zeros = after === undefined ? 0 : 8 - words(before).length - words(after).length;
	const all = [...words(before), ...Array.from({ length: zeros }, () => '0'), ...words(after ?? '')];
	return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}
