/** An API that comes in versions, good and bad ones, for tests of roll-outs. */

/**
 * `node versioned.js NAME [key=value…]`: answers `NAME INSTANCE`.
 * - `fail=20`: each twentieth request is answered with `status` (default 500);
 * - `slow=200`: answers take so many ms;
 * - `crash=start`: ends at once; `crash=50`: ends at the fiftieth request;
 * - `/broken` is answered with 503 by every version;
 * - `/hits`: how many requests it had, and how many of them were copies.
 */
export const VERSIONED_JS = `
const http = require('node:http');
const [name, ...rest] = process.argv.slice(2);
const options = Object.fromEntries(rest.map((each) => each.split('=')));
if (options.crash === 'start') throw new Error('this version cannot start');
let hits = 0;
let copies = 0;
const server = http.createServer((request, response) => {
	if (request.url === '/hits') return response.end(JSON.stringify({ name, hits, copies }));
	hits++;
	if (request.headers['x-ballast-mirror'] === '1') copies++;
	if (Number(options.crash) === hits) process.exit(7);
	request.resume().on('end', () => {
		const fails = hits % Number(options.fail) === 0;
		if (request.url === '/broken') response.statusCode = 503;
		else if (fails) response.statusCode = Number(options.status ?? 500);
		const answer = () => response.end(name + ' ' + process.env.BALLAST_INSTANCE);
		if (options.slow) setTimeout(answer, Number(options.slow));
		else answer();
	});
});
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => {
	server.close(() => process.exit(0));
	server.closeIdleConnections();
});
server.listen(process.env.PORT, '127.0.0.1');
`;
