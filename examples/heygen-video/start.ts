/** `npm start`: simulator, API and Ballast until Ctrl-C. `--load`: a day of videos, then what happened. */
import { parseArgs } from 'node:util';
import { runDay } from './day/run-day.ts';
import { Stack } from './stack.ts';

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '8080' },
		admin: { type: 'string', default: '9900' },
		'simulator-port': { type: 'string', default: '0' },
		/** 30: a render of eight minutes takes 16 s. */
		'time-scale': { type: 'string', default: '30' },
		load: { type: 'boolean', default: false },
		videos: { type: 'string', default: '400' },
		seconds: { type: 'string', default: '120' },
	},
});
const simulator = values['simulator-port'];
const ports = { listen: Number(values.port), admin: Number(values.admin) };

let stack: Stack | undefined;
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
	process.on(signal, () => {
		stopping = true;
		stack?.signal();
	});
}

function lines(url: string): string {
	const ann = "-H 'authorization: Bearer ann'";
	return `Ballast in front of a small API on top of HeyGen (examples/heygen-video; HeyGen is simulated). Paste into another terminal:

  job=$(curl -s ${url}/videos ${ann} -d '{"script":"Hello and welcome."}' | grep -o '"id":"[^"]*' | cut -d'"' -f4)
  curl -N ${url}/jobs/$job/events ${ann}
  curl -L ${url}/videos/$job/film ${ann} -o video.mp4

The second follows the video until it is there, in about 20 seconds. Or open ${url}/ in a browser. Ctrl-C drains and stops.

`;
}

async function serve(): Promise<number> {
	stack = new Stack({
		...ports,
		simulator: ['--port', simulator, '--time-scale', values['time-scale'], '--render-p99-ms', '10m'],
		quiet: false,
	});
	process.stdout.write(lines(stack.url));
	await stack.start();
	return (await stack.ended) ?? 1;
}

async function load(): Promise<number> {
	const day = { videos: Number(values.videos), seconds: Number(values.seconds) };
	const run = runDay({ ...ports, simulatorPort: simulator, ...day }, (made) => (stack = made));
	return (await run) ? 0 : 1;
}

let code = 1;
try {
	code = await (values.load ? load() : serve());
} catch (error) {
	if (!stopping) console.error(error instanceof Error ? error.message : error);
	code = stopping ? 130 : 1;
} finally {
	await stack?.stop();
}
process.exit(code);
