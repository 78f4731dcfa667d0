/** An API that says of each job how often it came. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class JobUpstream {
	/** Attempts, by job. */
	readonly came = new Map<string, number>();
	/** Other requests. */
	others = 0;
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
		// Idle connections are not to end under a POST.
		server.keepAliveTimeout = 600_000;
		server.on('request', (request, response) => {
			const job = request.headers['x-ballast-job'];
			if (typeof job === 'string') this.came.set(job, (this.came.get(job) ?? 0) + 1);
			else this.others++;
			request.resume().on('end', () => response.writeHead(200, { 'cache-control': 'max-age=600' }).end('done'));
		});
	}

	static async start(): Promise<JobUpstream> {
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return new JobUpstream(server);
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Jobs that came more than once. */
	get repeated(): number {
		return [...this.came.values()].filter((times) => times > 1).length;
	}

	close(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}
}
