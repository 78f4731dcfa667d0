/** Memory that a proxy gains by idle keep-alive clients, plain and over TLS. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from '../measure/proc-stat.ts';
import { makeTlsFiles } from '../measure/tls-files.ts';
import type { Peer, TlsFiles } from '../peers/peer.ts';
import { figure } from '../report/table.ts';
import { type Bench, type Figures, LOAD_CORE, type Outcome, PROXY_CORE } from './scenario.ts';

const MEASURED = ['ballast', 'haproxy', 'nginx'];
/** Clients that come and go before the count. */
const WARM_UP = 500;
/** After the last answer, so that what is only for the moment is given back. */
const SETTLE_MS = 2000;
/** Most time to open all connections. */
const OPEN_MS = 50_000;

export async function idle(bench: Bench): Promise<Outcome> {
	const count = bench.quick ? 2000 : 10_000;
	const kinds: { name: 'plain' | 'tls'; tls: TlsFiles | undefined }[] = [{ name: 'plain', tls: undefined }];
	const notes: string[] = [];
	try {
		kinds.push({ name: 'tls', tls: await makeTlsFiles(bench.folder) });
	} catch (error) {
		notes.push(`TLS skipped: no certificate could be made (${(error as Error).message.split('\n')[0]})`);
	}
	const figures: Figures = {};
	const rows: string[][] = [];
	for (const peer of bench.peers.filter((each) => MEASURED.includes(each.name))) {
		const row = [peer.name];
		for (const kind of kinds) {
			bench.say(`idle: ${count} ${kind.name} connections to ${peer.name}`);
			try {
				const bytes = await memoryPerConnection(bench, peer, { count, ...kind });
				figures[`idle.${kind.name}.${peer.name}`] = bytes / 1000;
				row.push(figure(bytes / 1000));
			} catch (error) {
				notes.push(`${peer.name}, ${kind.name}: ${(error as Error).message}`);
				row.push('–');
			}
		}
		rows.push(row);
	}
	const title = `Memory gained for each idle keep-alive client, ${count.toLocaleString('en-US')} of them, KB`;
	return { tables: [{ title, columns: ['proxy', ...kinds.map((kind) => kind.name)], rows }], figures, notes };
}

interface Crowd {
	readonly name: 'plain' | 'tls';
	readonly count: number;
	readonly tls: TlsFiles | undefined;
}

async function memoryPerConnection(bench: Bench, peer: Peer, crowd: Crowd): Promise<number> {
	const running = await peer.start({
		folder: join(bench.folder, `idle-${crowd.name}-${peer.name}`),
		upstreams: bench.upstreams,
		cores: PROXY_CORE,
		connections: crowd.count + 2000,
		...(crowd.tls ? { tls: crowd.tls } : {}),
	});
	try {
		// A small crowd first, so that what the code itself takes is there; no load, whose garbage would hide the gain.
		await withClients(running.port, { ...crowd, count: WARM_UP }, () => undefined);
		await sleep(SETTLE_MS);
		const before = memoryOf(running.program.tree());
		const gained = await withClients(running.port, crowd, () => memoryOf(running.program.tree()) - before);
		return gained / crowd.count;
	} finally {
		await running.stop();
	}
}

/** Opens the crowd's connections from a process of its own, reads a figure, and closes them. */
async function withClients<T>(port: number, crowd: Crowd, read: () => T): Promise<T> {
	const program = join(import.meta.dirname, '..', 'idle-client.ts');
	const argv = ['-c', LOAD_CORE, process.execPath, program, String(port), String(crowd.count), crowd.name];
	const client = spawn('taskset', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
	const lines = createInterface(client.stdout);
	try {
		const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(OPEN_MS) })) as [string];
		const { open, failed, closed } = JSON.parse(line) as { open: number; failed: number; closed: number };
		if (open < crowd.count || closed > 0)
			throw new Error(`${open} of ${crowd.count} connections stood open (${failed} failed)`);
		await sleep(SETTLE_MS);
		return read();
	} finally {
		lines.close();
		client.kill('SIGKILL');
		if (client.exitCode === null && client.signalCode === null) await once(client, 'exit');
	}
}
