/** All that the example consists of, brought up and taken down together. */
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { type BallastChild, type SimulatorChild, startBallast, startSimulator } from './processes.ts';

const HERE = import.meta.dirname;
const READY_MS = 90_000;
export const SIMULATOR_KEY = 'simulator-key';

/** What of ballast.yaml is changed. */
export interface Config {
	listen: number;
	admin: number;
	store: string;
	services: { studio: { instances: Record<string, unknown> }; heygen: Record<string, unknown> };
}

export interface StackOptions {
	listen: number;
	admin: number;
	/** Arguments of the simulator; null: HeyGen at `heygen`. */
	simulator: readonly string[] | null;
	/** Where HeyGen is, and the key, where there is no simulator. */
	heygen?: { url: string; key: string };
	/** Makes what is special of this run. */
	change?: (config: Config) => void;
	/** Whether Ballast's output goes to a file. */
	quiet: boolean;
}

export class Stack {
	readonly url: string;
	readonly admin: string;
	readonly #options: StackOptions;
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-heygen-video-'));
	#simulator: SimulatorChild | null = null;
	#ballast: BallastChild | null = null;

	constructor(options: StackOptions) {
		this.#options = options;
		this.url = `http://127.0.0.1:${options.listen}`;
		this.admin = `http://127.0.0.1:${options.admin}`;
		process.once('exit', () => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 }));
	}

	get simulator(): string {
		return this.#simulator?.url ?? '';
	}

	/** Until all of it is ready. Throws when it does not come to that. */
	async start(): Promise<void> {
		const { simulator, quiet, heygen } = this.#options;
		const env: Record<string, string> = { HEYGEN_API_KEY: heygen?.key ?? SIMULATOR_KEY };
		if (simulator !== null) {
			this.#simulator = await startSimulator(simulator);
			env['HEYGEN_WEBHOOK_SECRET'] = await this.#register();
		}
		const log = quiet ? openSync(join(this.#folder, 'ballast.log'), 'w') : null;
		this.#ballast = startBallast({ config: this.#writeConfig(), env, log });
		await this.#ready(this.#ballast);
	}

	/** When Ballast ends, by itself or because it was told to. */
	get ended(): Promise<number | null> {
		return this.#ballast?.ended ?? Promise.resolve(1);
	}

	/** As Ctrl-C. */
	signal(): void {
		this.#ballast?.signal();
	}

	/** Ballast drains, then the simulator ends. Its exit code. */
	async stop(): Promise<number | null> {
		const code = (await this.#ballast?.stop()) ?? 0;
		await this.#simulator?.stop();
		return code;
	}

	/** What Ballast printed, where it is quiet. */
	lastLines(): string {
		return readFileSync(join(this.#folder, 'ballast.log'), 'utf8').trimEnd().split('\n').slice(-20).join('\n');
	}

	/** As one does once at HeyGen: says where webhooks go, and is given their secret. */
	async #register(): Promise<string> {
		const answer = await fetch(`${this.simulator}/v3/webhooks/endpoints`, {
			method: 'POST',
			headers: { 'x-api-key': SIMULATOR_KEY },
			body: JSON.stringify({ url: `${this.url}/hooks/heygen` }),
		});
		const { data } = (await answer.json()) as { data: { secret: string } };
		return data.secret;
	}

	#writeConfig(): string {
		const { listen, admin, heygen, change } = this.#options;
		const config = parse(readFileSync(join(HERE, 'ballast.yaml'), 'utf8')) as Config;
		const { studio, heygen: service } = config.services;
		Object.assign(config, { listen, admin, store: join(this.#folder, 'store') });
		Object.assign(studio.instances, {
			run: [process.execPath, 'server.ts'],
			cwd: HERE,
			env: { HOST: '127.0.0.1', VIDEO_URL: this.url },
		});
		service['instances'] = [heygen?.url ?? this.simulator];
		if (this.#simulator === null) delete service['webhooks'];
		change?.(config);
		const path = join(this.#folder, 'ballast.json');
		writeFileSync(path, JSON.stringify(config, null, '\t'));
		return path;
	}

	async #ready(ballast: BallastChild): Promise<void> {
		let code: number | null | undefined;
		void ballast.ended.then((ended) => (code = ended));
		for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(100)) {
			if (code !== undefined)
				throw new Error(`Ballast ended with ${code}${this.#options.quiet ? `:\n${this.lastLines()}` : ''}`);
			const answer = await fetch(`${this.url}/avatars`).catch(() => undefined);
			await answer?.arrayBuffer();
			if (answer?.status === 200) return;
		}
		throw new Error('Ballast is not ready in time');
	}
}
