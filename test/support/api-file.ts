/** A real API of a few lines, for instances that Ballast starts: the text of a file `server.js`. */
export const SERVER_JS = `
const http = require('node:http');
const { spawn } = require('node:child_process');
const started = Date.now();
const server = http.createServer((request, response) => {
	const url = new URL(request.url, 'http://localhost');
	const answer = () => response.end(process.env.BALLAST_INSTANCE + ' ' + process.pid);
	if (url.pathname === '/crash') process.exit(7);
	if (url.pathname === '/child') {
		const child = spawn('sleep', ['1000']);
		response.end(String(child.pid));
		return;
	}
	request.resume().on('end', () => {
		const ms = Number(url.searchParams.get('ms') ?? 0);
		if (ms > 0) setTimeout(answer, ms);
		else answer();
	});
});
server.keepAliveTimeout = 60_000;
server.on('upgrade', (request, socket) => {
	socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
	socket.pipe(socket);
	socket.on('error', () => {});
});
process.on('SIGTERM', () => {
	if (process.env.STUBBORN) return console.log('no');
	server.close(() => process.exit(0));
	server.closeIdleConnections();
});
server.listen(process.env.PORT, '127.0.0.1', () => console.log('up on', process.env.PORT));
`;
