/** The server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type AccountOptions, DEFAULT_KEY } from './accounts.ts';
import { ApiError } from './api-error.ts';
import { tellOfBatch } from './batches.ts';
import { advance, ControlError, control, restart, turn } from './control.ts';
import { serveFile } from './files.ts';
import { resumeJobs } from './jobs.ts';
import { type Knobs, readKnobs } from './knobs.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import { serveCall } from './pipeline.ts';
import { JSON_BYTES, parseJson, readBody } from './reading.ts';
import type { Delivery } from './records.ts';
import { tellOfEnd } from './webhooks.ts';
import { World } from './world.ts';

export interface SimulatorOptions {
	/** Default 0: a free one. */
	port?: number;
	/** Default 127.0.0.1. */
	host?: string;
	/** Everything left to chance follows from it. Default `1`. */
	seed?: string;
	/** How many times faster simulated time runs; 0.001 to 100,000, default 1. */
	timeScale?: number;
	/** Default: one, with the key `simulator-key`. */
	accounts?: AccountOptions[];
	knobs?: Partial<Knobs>;
	/** What it keeps is kept in this file too, and found there at the next start. */
	stateFile?: string;
	/** Where its clients reach it, for the URLs in its answers. Default: host and port. */
	publicUrl?: string;
}

export interface Simulator {
	/** Without a slash at the end. */
	url: string;
	port: number;
	/** Now, in simulated milliseconds since 1970. */
	now(): number;
	ledger(account?: string): Ledger;
	/** Calls by route and result: see counts.ts. */
	calls(): Record<string, Record<string, number>>;
	/** Webhooks, oldest first. */
	deliveries(): readonly Delivery[];
	/** Throws where a value is refused. */
	turn(knobs: Partial<Knobs>): void;
	/** Skips some simulated time. */
	advance(ms: number): void;
	/** As if the process had ended and begun again: calls and webhooks under way are lost, jobs are kept. */
	restart(downMs?: number): void;
	/** Ends it; connections that are open are reset. */
	close(): Promise<void>;
}

/** Throws where an option is refused or the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
	const { port = 0, host = '127.0.0.1', publicUrl } = options;
	const world = new World(checked(options));
	world.onEnd.push(
		(video) => tellOfEnd(world, video),
		(video) => tellOfBatch(world, video),
	);
	const sockets = new Set<Socket>();
	const server = createServer((request, response) => void serve(world, { request, response, sockets }));
	// A call may take longer than usual on purpose.
	server.requestTimeout = 0;
	// Idle connections of clients are not to end under their next call.
	server.keepAliveTimeout = 65_000;
	server.on('connection', (socket) => {
		sockets.add(socket);
		socket.on('error', () => {}).on('close', () => sockets.delete(socket));
	});
	server.on('clientError', (_, socket) => socket.destroy());
	await listen(server, port, host);
	const taken = (server.address() as AddressInfo).port;
	const url = publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
	world.url = url;
	resumeJobs(world);
	const reset = (): void => {
		for (const socket of sockets) socket.resetAndDestroy();
	};
	return {
		url,
		port: taken,
		now: () => world.clock.now(),
		ledger: (account) => ledgerOf(world, account),
		calls: () => world.counts.calls,
		deliveries: () => world.deliveries,
		turn: (knobs) => void turn(world, knobs),
		advance: (ms) => void advance(world, ms),
		restart: (downMs) => {
			restart(world, downMs);
			reset();
		},
		close: async () => {
			world.epoch++;
			world.agenda.clear();
			world.noteTime();
			const closed = new Promise<void>((resolve) => server.close(() => resolve()));
			reset();
			await closed;
		},
	};
}

function checked({
	seed = '1',
	timeScale = 1,
	accounts,
	knobs = {},
	stateFile,
}: SimulatorOptions): ConstructorParameters<typeof World>[0] {
	const { knobs: read, problems } = readKnobs(knobs);
	if (!(timeScale >= 0.001 && timeScale <= 100_000)) problems.push('the time scale is 0.001 to 100,000');
	const whole = accounts ?? [{ name: 'main', keys: [DEFAULT_KEY] }];
	if (new Set(whole.map(({ name }) => name)).size < whole.length) problems.push('two accounts have one name');
	const keys = whole.flatMap((account) => account.keys);
	if (new Set(keys).size < keys.length) problems.push('two accounts have one key');
	if (whole.length === 0 || whole.some((account) => account.keys.length === 0)) problems.push('each account has a key');
	if (problems.length > 0) throw new Error(problems.join('; '));
	return { seed, timeScale, accounts: whole, knobs: read, stateFile };
}

function listen(server: Server, port: number, host: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', reject).listen(port, host, () => {
			server.off('error', reject);
			resolve();
		});
	});
}

interface Incoming {
	request: IncomingMessage;
	response: ServerResponse;
	sockets: ReadonlySet<Socket>;
}

async function serve(world: World, { request, response, sockets }: Incoming): Promise<void> {
	response.on('error', () => {});
	const url = urlOf(request);
	try {
		if (/^\/_simulator(?:\/|$)/.test(url.pathname)) await serveControl(world, { request, response, sockets, url });
		else if (world.clock.now() < world.downUntilMs) request.socket.resetAndDestroy();
		else if (url.pathname.startsWith('/_files/')) serveFile(world, { request, response, url });
		else await serveCall(world, { request, response, url });
	} catch (error) {
		// A fault of the simulator's own: to be seen, and not to end it.
		console.error(error);
		world.counts.call('own faults', 'reset');
		request.socket.resetAndDestroy();
	}
}

/** Of a target that is none: that of nothing. */
function urlOf({ url: target = '' }: IncomingMessage): URL {
	const whole = target.startsWith('/') ? `http://simulator${target}` : target;
	return new URL(URL.canParse(whole) ? whole : 'http://simulator/');
}

async function serveControl(world: World, { request, response, sockets, url }: Incoming & { url: URL }): Promise<void> {
	const method = request.method ?? 'GET';
	const path = url.pathname.replace(/\/$/, '');
	const restarts = method === 'POST' && path === '/_simulator/restart';
	const tell = (status: number, body: unknown): void => {
		const text = `${JSON.stringify(body)}\n`;
		response.writeHead(status, { 'content-type': 'application/json', connection: restarts ? 'close' : 'keep-alive' });
		response.end(text);
	};
	try {
		const fields = parseJson(await readBody(request, JSON_BYTES));
		const body = control(world, { method, path, query: url.searchParams, fields });
		if (body === undefined) return tell(404, { problem: 'there is no such control' });
		if (restarts) for (const socket of sockets) if (socket !== request.socket) socket.resetAndDestroy();
		tell(200, body);
	} catch (error) {
		if (!(error instanceof ControlError || error instanceof ApiError)) throw error;
		tell(400, { problem: error.message });
	}
}
