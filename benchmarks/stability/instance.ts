/** The API behind Ballast in these programs: `/healthz`, `/wait/MS`, an echoing WebSocket at `/ws`, and JSON for the rest. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((request, answer) => {
	// Read to its end, so that an answer means that the whole request arrived.
	request.resume().once('end', () => {
		const wait = /^\/wait\/(\d{1,4})$/.exec(request.url ?? '')?.[1];
		const body = JSON.stringify({ pid: process.pid, path: request.url });
		const send = () =>
			answer.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
		if (wait === undefined) send();
		else setTimeout(send, Number(wait));
	});
});

const sockets = new WebSocketServer({ server, path: '/ws' });
sockets.on('connection', (socket) => {
	socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

server.listen(Number(process.env.PORT), '127.0.0.1', 4096);

process.once('SIGTERM', () => {
	server.close(() => process.exit(0));
	for (const socket of sockets.clients) socket.close(1001);
});
