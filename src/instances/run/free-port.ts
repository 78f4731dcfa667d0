/** A port of its own for each instance. */
import { createServer } from 'node:net';

/**
 * A port on `host` that nobody has at this moment. Another program may take it before the instance
 * does: whoever starts one must be ready to try again with another.
 */
export function freePort(host: string): Promise<number> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once('error', reject);
		probe.listen({ host, port: 0, exclusive: true }, () => {
			const address = probe.address();
			const port = typeof address === 'object' && address ? address.port : 0;
			probe.close(() => resolve(port));
		});
	});
}
