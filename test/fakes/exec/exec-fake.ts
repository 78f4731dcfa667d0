/** The group in memory behind real commands: each asks this process by HTTP. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ExecPlatform } from '../../../src/instances/exec/exec-platform.ts';
import { execConfig } from '../../../src/instances/exec/testing-exec-config.ts';
import type { Platform } from '../../../src/instances/platform/platform.ts';
import { PlatformError } from '../../../src/instances/platform/platform-error.ts';
import { MemoryPlatform } from '../../../src/instances/platform/testing-memory-platform.ts';

const RELAY = fileURLToPath(new URL('relay.js', import.meta.url));
const CODES: Record<string, number> = { busy: 75, denied: 77 };

export class ExecFake extends MemoryPlatform {
	readonly #server: Server;
	readonly #behind: Platform;
	#running = 0;

	private constructor(server: Server) {
		super();
		this.#server = server;
		this.#behind = super.open();
	}

	static async start(): Promise<ExecFake> {
		const server = createServer();
		const fake = new ExecFake(server);
		server.on('request', async (request, response) => {
			fake.#running++;
			response.on('close', () => fake.#running--);
			const gone = new AbortController();
			response.on('close', () => gone.abort());
			const answer = await fake.#answer((await json(request)) as Record<string, unknown>, gone.signal);
			response.end(JSON.stringify(answer));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return fake;
	}

	override open(): Platform {
		const { port } = this.#server.address() as AddressInfo;
		const config = execConfig([process.execPath, RELAY, String(port)]);
		return new ExecPlatform('api', { ...config, commands: { ...config.commands, size: null, usage: null } });
	}

	async #answer(told: Record<string, unknown>, signal: AbortSignal): Promise<object> {
		try {
			const { action } = told;
			let answer: unknown = {};
			if (action === 'list') answer = await this.#behind.group(signal);
			else if (action === 'resize') await this.#behind.setDesired(told['desired'] as number, signal);
			else if (action === 'remove') await this.#behind.remove(told['ids'] as string[], signal);
			return { code: 0, stdout: JSON.stringify(answer), stderr: '' };
		} catch (error) {
			if (!(error instanceof PlatformError)) return { code: 1, stdout: '', stderr: String(error) };
			const { fault, permission, retryAfterMs } = error;
			const stdout = JSON.stringify({ fault, permission, retryAfter: (retryAfterMs ?? 0) / 1000 });
			return { code: CODES[fault] ?? 1, stdout, stderr: `some words\n${error.message}\n` };
		}
	}

	override async close(): Promise<void> {
		for (let tries = 0; this.#running > 0 && tries < 100; tries++)
			await new Promise((resolve) => setTimeout(resolve, 10));
		assert.equal(this.#running, 0, 'commands run still');
		this.#server.closeAllConnections();
		this.#server.close();
	}
}
