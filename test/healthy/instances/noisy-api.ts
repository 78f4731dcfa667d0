/**
 * A healthy API with the noise that real ones have: latencies of a long tail with a straggler of seconds now and
 * then, half a minute in which all is slower, 0.3 % of errors, bodies of all sizes.
 */
import { createServer, type ServerResponse } from 'node:http';
import { chance, logNormal } from '../chance.ts';

const random = chance(process.pid);
const BODY = Buffer.alloc(200_000, 'x');
/** One answer in so many takes seconds. */
const STRAGGLER = 500;
const ERRORS = 0.003;
/** Now and then all answers take so many times as long. */
const SLOWER = 3;
let factor = 1;

/** Some minutes apart: a collection of garbage, a cold cache, a neighbour. */
function slowDown(): void {
	setTimeout(
		() => {
			factor = SLOWER;
			setTimeout(
				() => {
					factor = 1;
					slowDown();
				},
				10_000 + 20_000 * random(),
			).unref();
		},
		60_000 + 600_000 * random(),
	).unref();
}
slowDown();

function answer(response: ServerResponse): void {
	const failed = random() < ERRORS;
	const size = Math.min(BODY.length, Math.round(logNormal(random, 2000, 1.2)));
	response.writeHead(failed ? 500 : random() < 0.02 ? 404 : 200, { 'content-length': size });
	response.end(BODY.subarray(0, size));
}

const server = createServer((request, response) => {
	for (const one of [request, response]) one.on('error', () => {});
	if (request.url === '/healthz') return void response.end('ok');
	request.resume().on('end', () => {
		const straggles = random() * STRAGGLER < 1;
		const tookMs = straggles ? 2000 + 5000 * random() : logNormal(random, 12 * factor, 0.8);
		setTimeout(() => answer(response), tookMs);
	});
});
server.keepAliveTimeout = 60_000;
process.on('SIGTERM', () => {
	server.close(() => process.exit(0));
	server.closeIdleConnections();
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
