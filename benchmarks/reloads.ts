/**
 * Reloads under 48 looping clients and 10 open WebSockets: a tenth of them invalid, some that change workers or
 * listeners. No request fails, no WebSocket is cut, what is valid is taken up and what is not changes nothing.
 * `--quick`: 20 instead of 100.
 */
import { loopClients, reasons } from './stability/looping-clients.ts';
import { INVALID, isInvalid, shapeOf } from './stability/reload-shapes.ts';
import { exchange, open } from './stability/request.ts';
import { allReady, type RunningBallast, startBallast } from './stability/running-ballast.ts';
import { conclude, quick } from './stability/verdict.ts';
import { openWebSockets } from './stability/web-sockets.ts';

const RELOADS = quick ? 20 : 100;
const WEB_SOCKETS = 10;
const ECHO_MS = 5000;

interface Tally {
	invalidAccepted: number;
	validRefused: number;
	notTakenUp: number;
	echoesMissed: number;
}

async function reload(ballast: RunningBallast, turn: number, tally: Tally): Promise<void> {
	if (isInvalid(turn)) {
		await ballast.writeText(INVALID[Math.floor(turn / 10) % INVALID.length] as string);
		if ((await ballast.send('reload')).ok) tally.invalidAccepted++;
		return;
	}
	await ballast.write(shapeOf(ballast.port, ballast.otherPort, turn));
	const reply = await ballast.send('reload');
	if (!reply.ok) {
		console.log(`reload ${turn} was refused: ${reply.code} ${reply.message}`);
		tally.validRefused++;
	} else if ((await revision(ballast.port)) !== String(turn)) tally.notTakenUp++;
}

/** The revision that the running configuration writes into its answers. */
async function revision(port: number): Promise<string | undefined> {
	const connection = open(port);
	try {
		const answer = await exchange(
			connection,
			'GET /revision HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n',
		);
		return /^x-revision: *(\d+)/im.exec(answer.head)?.[1];
	} catch {
		return undefined;
	} finally {
		connection.socket.destroy();
	}
}

await conclude('reloads', async () => {
	const ballast = await startBallast(2);
	try {
		const tally: Tally = { invalidAccepted: 0, validRefused: 0, notTakenUp: 0, echoesMissed: 0 };
		const sockets = await openWebSockets(ballast.port, WEB_SOCKETS);
		const clients = loopClients(ballast.port, 24, 24);
		for (let turn = 0; turn < RELOADS; turn++) {
			await reload(ballast, turn, tally);
			tally.echoesMissed += WEB_SOCKETS - (await sockets.echo(`after reload ${turn}`, ECHO_MS));
		}
		await clients.stop();
		await ballast.until('all ready after the last reload', allReady);
		const cut = sockets.cut();
		sockets.close();
		if (clients.failures.length > 0) console.log(`failed: ${reasons(clients.failures)}`);
		return [
			{ figure: `failed requests in ${RELOADS} reloads`, key: 'failed', measured: clients.failures.length, most: 0 },
			{ figure: `WebSockets cut, of ${WEB_SOCKETS}`, key: 'webSocketsCut', measured: cut, most: 0 },
			{ figure: 'WebSocket echoes that did not come back', key: 'echoesMissed', measured: tally.echoesMissed, most: 0 },
			{ figure: 'invalid configurations taken', key: 'invalidAccepted', measured: tally.invalidAccepted, most: 0 },
			{ figure: 'valid configurations refused', key: 'validRefused', measured: tally.validRefused, most: 0 },
			{
				figure: 'reloads whose change was not to be seen at once',
				key: 'notTakenUp',
				measured: tally.notTakenUp,
				most: 0,
			},
			{ figure: 'answered requests', key: 'answered', measured: clients.answered(), most: undefined },
		];
	} finally {
		await ballast.stop();
	}
});
