import { randomInt } from 'node:crypto';
import net from 'node:net';

/** Below the ports that the system gives to outgoing connections, of which other tests make thousands. */
const FROM = 12_000;
const TO = 32_000;

/** So many different free TCP ports of loopback. Another process may take one before it is used: use them soon. */
export async function freePorts(count: number): Promise<number[]> {
	const servers: net.Server[] = [];
	while (servers.length < count) {
		const server = await listen(randomInt(FROM, TO));
		if (server !== null) servers.push(server);
	}
	const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
	await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
	return ports;
}

/** null: it is taken. */
function listen(port: number): Promise<net.Server | null> {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.once('error', () => resolve(null));
		server.listen(port, '127.0.0.1', () => resolve(server));
	});
}
