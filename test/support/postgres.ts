/** A real PostgreSQL, from the system's packages, in a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from './free-ports.ts';
import { eventually } from './suite.ts';

/** Debian keeps them out of PATH. */
const FOLDERS = [
	...(existsSync('/usr/lib/postgresql')
		? readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
		: []),
	...(process.env['PATH'] ?? '').split(':'),
];
const BIN = FOLDERS.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));

/** Why tests with it are skipped; false: it is there. */
export const NO_POSTGRES: string | false =
	BIN === undefined ? 'PostgreSQL is not installed: apt-get install postgresql' : false;

export class Postgres {
	readonly #folder: string;
	readonly #process: ChildProcess;
	readonly #ended: Promise<void>;
	readonly url: string;

	private constructor(folder: string, port: number, user: object) {
		this.#folder = folder;
		this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
		const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'max_prepared_transactions=5', 'max_connections=50'];
		this.#process = spawn(
			join(BIN as string, 'postgres'),
			['-D', join(folder, 'data'), '-p', `${port}`, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
			{ stdio: 'ignore', ...user },
		);
		this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()));
	}

	/** Resolves when it answers. Without passwords, and for loopback alone. */
	static async start(): Promise<Postgres> {
		const folder = mkdtempSync(join(tmpdir(), 'ballast-postgres-'));
		const user = userOf(folder);
		const options = { stdio: 'ignore' as const, ...user };
		execFileSync(
			join(BIN as string, 'initdb'),
			['-D', join(folder, 'data'), '--no-sync', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C'],
			options,
		);
		const postgres = new Postgres(folder, (await freePorts(1))[0] as number, user);
		try {
			await eventually(
				() => answersSql(postgres.url),
				(is) => is,
				20_000,
			);
			return postgres;
		} catch (error) {
			await postgres.stop();
			throw error;
		}
	}

	async stop(): Promise<void> {
		// SIGINT: at once, and clean.
		this.#process.kill('SIGINT');
		await this.#ended;
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** Whether a database takes a connection there and answers a question. */
export async function answersSql(url: string): Promise<boolean> {
	const client = new pg.Client(url);
	client.on('error', () => undefined);
	try {
		await client.connect();
		await client.query('select 1');
		await client.end();
		return true;
	} catch {
		return false;
	}
}

/** It refuses to run as root: then as the user that its package made. */
export function userOf(folder: string): { uid?: number; gid?: number; cwd: string } {
	if (process.geteuid?.() !== 0) return { cwd: folder };
	const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
	const [uid, gid] = [id('-u'), id('-g')];
	chownSync(folder, uid, gid);
	return { uid, gid, cwd: folder };
}
