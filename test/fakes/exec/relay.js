// Passes what it is told on to the test that runs it, prints the answer and ends as it is told to.
import { request } from 'node:http';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const asked = request({ port: process.argv[2], host: '127.0.0.1', method: 'POST', agent: false }, async (answer) => {
	const body = [];
	for await (const chunk of answer) body.push(chunk);
	const { code, stdout, stderr } = JSON.parse(Buffer.concat(body).toString());
	process.stderr.write(stderr);
	process.stdout.write(stdout);
	process.exitCode = code;
});
asked.end(Buffer.concat(chunks));
