import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import { entryLine, exportNdjson } from './export-ndjson.ts';
import { FileSink } from './file-sink.ts';
import { LogStore } from './log-store.ts';
import { syslogLine } from './syslog-line.ts';
import { openSyslog } from './syslog-sink.ts';
import { logEntry } from './testing-entries.ts';

const identity = { host: 'node 1', app: 'ballast' };
const HOSTILE = '\x1b]0;title\x07 <script> "x" ] \\ \u202e\n<13>1 forged';

test('a syslog message is as RFC 5424 has it, whatever is in the entry', () => {
	const entry = logEntry('it broke', {
		severity: 'error',
		traceId: 'a'.repeat(32),
		fields: { 'a b]="': HOSTILE, n: 5 },
	});
	assert.equal(
		syslogLine(entry, identity).toString(),
		`<131>1 2026-06-10T12:00:00.000Z node_1 videos videos-1 instance [ballast@32473 trace_id="${'a'.repeat(32)}" a_b___="\\\\x1b\\]0;title\\\\x07 <script> \\"x\\" \\] \\\\ \\\\u202e\\\\n<13>1 forged" n="5"] it broke`,
	);
	const plain = syslogLine(logEntry(HOSTILE, { service: '', instance: '' }), identity).toString();
	assert.match(plain, /^<134>1 \S+ node_1 ballast - instance - \\x1b\]0;title/);
	assert.doesNotMatch(plain, /\n/);
	const cut = syslogLine(logEntry('é'.repeat(9000)), identity, 501);
	assert.ok(cut.length >= 499 && cut.length <= 501 && !cut.toString().includes('\ufffd'));
});

test('an entry is one line of JSON, and nothing in it is active', () => {
	const line = entryLine(logEntry(HOSTILE, { fields: { x: HOSTILE } }));
	assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
	const read = JSON.parse(line) as Record<string, string>;
	assert.deepEqual([read['body'], read['x']], [HOSTILE, HOSTILE]);
});

test('an export has everything, newest first, a batch at a time; a sink writes the same to a file', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-export-'));
	const now = Date.UTC(2026, 5, 10, 12);
	const store = new LogStore({
		folder,
		keepMs: 86_400_000,
		keepBytes: 1e9,
		databases: { open: openDatabase, inTransaction, diskFault },
		tell: (problem) => assert.fail(problem),
		now: () => now,
	});
	const entries = Array.from({ length: 2500 }, (_, at) => logEntry(`line ${at}x`, { timeMs: now - at }));
	store.put(entries);
	const batches = [...exportNdjson(store.files, { query: 'line', fromMs: 0, toMs: now })];
	assert.equal(batches.length, 3);
	assert.equal(batches.join(''), `${entries.map(entryLine).join('\n')}\n`);
	store.close();
	const path = join(folder, 'forward.log');
	const sink = new FileSink({ path, rotate: null, tell: () => {} });
	sink.send(entries.slice(0, 2));
	sink.send([]);
	sink.close();
	assert.equal(readFileSync(path, 'utf8'), `${entries.slice(0, 2).map(entryLine).join('\n')}\n`);
	rmSync(folder, { recursive: true });
});

test('syslog over UDP', async () => {
	const receiver = createSocket('udp4');
	receiver.bind(0, '127.0.0.1');
	await once(receiver, 'listening');
	const sink = openSyslog({ transport: 'udp', host: '127.0.0.1', port: receiver.address().port, tell: () => {} });
	sink.send([logEntry('hello')]);
	const [message] = (await once(receiver, 'message')) as [Buffer];
	assert.match(message.toString(), /^<134>1 2026-06-10T12:00:00\.000Z \S+ videos videos-1 instance - hello$/);
	sink.close();
	receiver.close();
});

test('syslog over TCP counts octets, and connects again when the receiver comes back', async () => {
	let received = '';
	let wake = () => {};
	const sockets: Socket[] = [];
	const take = (socket: Socket) => {
		sockets.push(socket);
		socket.on('error', () => {});
		socket.on('data', (part) => {
			received += part.toString();
			wake();
		});
	};
	const until = async (found: () => boolean) => {
		while (!found()) await new Promise<void>((resolve) => (wake = resolve));
	};
	const server = createServer(take).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	const told: string[] = [];
	const tell = (problem: string) => {
		told.push(problem);
		wake();
	};
	const sink = openSyslog({ transport: 'tcp', host: '127.0.0.1', port, tell });
	sink.send([logEntry('one é'), logEntry('two')]);
	await until(() => received.endsWith('two'));
	const lines = readOctets(received);
	assert.deepEqual(
		lines.map((line) => line.slice(line.lastIndexOf('- ') + 2)),
		['one é', 'two'],
	);
	server.close();
	for (const socket of sockets) socket.destroy();
	await until(() => told.length === 1);
	sink.send([logEntry('three')]);
	const again = createServer(take).listen(port, '127.0.0.1');
	await until(() => received.endsWith('three'));
	assert.match(told[0] as string, /cannot be reached/);
	assert.match(told[1] as string, /takes lines again/);
	for (let at = 0; at < 3; at++) sink.send(Array.from({ length: 5000 }, () => logEntry('x'.repeat(2000))));
	assert.ok(sink.dropped > 0, 'more than there is room for is dropped and counted');
	sink.close();
	for (const socket of sockets) socket.destroy();
	again.close();
});

function readOctets(text: string): string[] {
	const bytes = Buffer.from(text);
	const lines: string[] = [];
	for (let at = 0; at < bytes.length; ) {
		const space = bytes.indexOf(' ', at);
		const end = space + 1 + Number(bytes.toString('latin1', at, space));
		lines.push(bytes.toString('utf8', space + 1, end));
		at = end;
	}
	return lines;
}
