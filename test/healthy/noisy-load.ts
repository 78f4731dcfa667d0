/** Clients of a healthy API: bursts and quiet times, some that leave, some that talk nonsense. */
import { Agent, request as ask, type ClientRequest } from 'node:http';
import { request as askTls, Agent as TlsAgent } from 'node:https';
import { connect } from 'node:net';
import { chance, logNormal } from './chance.ts';

export interface NoisyLoadOptions {
	port: number;
	tlsPort: number;
	seed: number;
}

/** Requests a second that a service gets at a second of the load. */
type Rate = (second: number) => number;

const BODY = Buffer.alloc(100_000, 'b');

export class NoisyLoad {
	readonly counts: Record<string, number> = {
		requests: 0,
		answers2xx: 0,
		answers4xx: 0,
		answers5xx: 0,
		left: 0,
		broken: 0,
		malformed: 0,
		slowHeads: 0,
		largeHeads: 0,
	};
	readonly #options: NoisyLoadOptions;
	readonly #random: () => number;
	readonly #agent = new Agent({ keepAlive: true, maxSockets: 200 });
	readonly #tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 20, rejectUnauthorized: false });
	readonly #timers = new Set<NodeJS.Timeout>();
	#stopped = false;
	#startedMs = performance.now();
	/** Ends of the burst and of the quiet time that are under way, seconds. */
	#burstUntil = 0;
	#quietUntil = 0;

	constructor(options: NoisyLoadOptions) {
		this.#options = options;
		this.#random = chance(options.seed);
	}

	start(): void {
		this.#startedMs = performance.now();
		this.#arrivals((second) => this.#busy(second), '/videos');
		// A service of few requests, with minutes in which none comes.
		this.#arrivals((second) => (second % 900 > 700 ? 0.05 : 2 + Math.sin(second / 200)), '/accounts');
		this.#arrivals(() => 1, '/search');
		this.#arrivals(() => 0.5, '/orders');
		this.#moments(
			() => 1000 * logNormal(this.#random, 20, 0.8),
			() => this.#malformed(),
		);
		this.#moments(
			() => 1000 * logNormal(this.#random, 60, 0.8),
			() => this.#slowHead(),
		);
		this.#moments(
			() => 1000 * logNormal(this.#random, 600, 0.6),
			() => this.#largeHead(),
		);
	}

	#busy(second: number): number {
		if (second > this.#burstUntil + 90 && this.#random() < 1 / 2000)
			this.#burstUntil = second + 15 + 40 * this.#random();
		if (second > this.#quietUntil + 120 && this.#random() < 1 / 9000)
			this.#quietUntil = second + 30 + 60 * this.#random();
		if (second < this.#quietUntil) return 0.5;
		return (30 + 15 * Math.sin(second / 150)) * (second < this.#burstUntil ? 3.5 : 1);
	}

	/** Requests come by themselves, however long the answers take. */
	#arrivals(rate: Rate, path: string): void {
		const next = () => {
			const perSecond = rate((performance.now() - this.#startedMs) / 1000);
			// Of a low rate it looks again soon: it may rise.
			const waitMs = Math.min(2000, (-1000 * Math.log(1 - this.#random())) / perSecond);
			this.#later(waitMs, () => {
				if (waitMs < 2000) this.#request(path);
				next();
			});
		};
		next();
	}

	#moments(waitMs: () => number, deed: () => void): void {
		this.#later(waitMs(), () => {
			deed();
			this.#moments(waitMs, deed);
		});
	}

	#later(ms: number, deed: () => void): void {
		if (this.#stopped) return;
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			if (!this.#stopped) deed();
		}, ms);
		this.#timers.add(timer);
	}

	#count(what: string): void {
		this.counts[what] = (this.counts[what] ?? 0) + 1;
	}

	#request(path: string): void {
		const random = this.#random;
		this.#count('requests');
		const target = { host: '127.0.0.1', path: `${path}/${Math.floor(random() * 1000)}` };
		const body = random() < 0.2 ? BODY.subarray(0, Math.min(BODY.length, logNormal(random, 1500, 1.5))) : null;
		const method = body === null ? 'GET' : 'POST';
		const overTls = random() < 0.05;
		const asked: ClientRequest = overTls
			? askTls({ ...target, method, port: this.#options.tlsPort, agent: this.#tlsAgent })
			: ask({ ...target, method, port: this.#options.port, agent: this.#agent });
		const leaves = random() < 0.005;
		asked.on('error', () => this.#count(leaves ? 'left' : 'broken'));
		asked.on('response', (answer) => {
			this.#count(`answers${Math.floor((answer.statusCode ?? 0) / 100)}xx`);
			answer.on('error', () => {}).resume();
		});
		asked.end(body ?? undefined);
		if (leaves) this.#later(5 + 40 * random(), () => asked.destroy());
	}

	#raw(text: string, keepMs: number): void {
		const socket = connect(this.#options.port, '127.0.0.1');
		socket.on('error', () => {}).resume();
		socket.write(text);
		const timer = setTimeout(() => socket.destroy(), keepMs);
		socket.on('close', () => clearTimeout(timer));
	}

	/** Scanners come with a few at once. */
	#malformed(): void {
		const many = this.#random() < 0.1 ? 3 : 1;
		for (let i = 0; i < many; i++) {
			this.#count('malformed');
			this.#raw('GET  /admin HTTP/1.1\nHost: x\r\n\r\n', 2000);
		}
	}

	/** A client whose line broke: it never ends its head. */
	#slowHead(): void {
		this.#count('slowHeads');
		this.#raw('GET /videos/1 HTTP/1.1\r\nHost: localhost\r\n', 90_000);
	}

	/** A client with too many cookies. */
	#largeHead(): void {
		this.#count('largeHeads');
		this.#raw(`GET /videos/1 HTTP/1.1\r\nHost: localhost\r\nCookie: ${'c=1; '.repeat(20_000)}\r\n\r\n`, 2000);
	}

	stop(): void {
		this.#stopped = true;
		for (const timer of this.#timers) clearTimeout(timer);
		this.#agent.destroy();
		this.#tlsAgent.destroy();
	}
}
