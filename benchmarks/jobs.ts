/**
 * `npm run bench:jobs`: the embedded store of jobs: how many are taken in and go through a second, each on disk before
 * it counts; how many go through the whole program, and their CPU by part; what a claim costs with a million waiting. The one in Redis, beside bare BullMQ on the same server. Ends with 1 when a target is missed. See `--help`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gateway } from './jobs/gateway.ts';
import { redis } from './jobs/redis.ts';
import { enqueue, through } from './jobs/throughput.ts';
import { waiting, waitingInRedis } from './jobs/waiting.ts';
import { describeMachine, machineWarnings } from './measure/machine.ts';
import { writePage } from './report/page.ts';
import { conclude, type Line, readable } from './stability/verdict.ts';

const PARTS = ['enqueue', 'through', 'gateway', 'waiting', 'redis', 'redis-waiting'] as const;
/** It takes minutes and 2 GB: only where it is named. */
const USUAL = PARTS.filter((part) => part !== 'redis-waiting');
type Part = (typeof PARTS)[number];

const USAGE = `node benchmarks/jobs.ts [--only a,b] [--quick] [--write]
  --only     parts, comma-separated: ${PARTS.join(', ')}; all but the last unless it is named
  --quick    a minute: shorter rounds, 100,000 waiting
  --write    keep the figures in docs/performance.md`;

const MARKERS = {
	begin: '<!-- jobs:begin (written by `npm run bench:jobs -- --write`) -->',
	end: '<!-- jobs:end -->',
};
const page = join(import.meta.dirname, '..', 'docs', 'performance.md');

async function measure(part: Part, quick: boolean): Promise<Line[]> {
	const plan = quick ? { rounds: 3, seconds: 1 } : { rounds: 5, seconds: 5 };
	const say = (line: string): void => console.error(`  ${line}`);
	switch (part) {
		case 'enqueue':
			return enqueue(plan);
		case 'through':
			return through(plan);
		case 'gateway':
			return gateway(plan);
		case 'redis':
			return redis(plan);
		case 'waiting':
			return waiting({ count: quick ? 100_000 : 1_000_000, claims: quick ? 200 : 1000, say });
		case 'redis-waiting':
			return waitingInRedis({ count: quick ? 100_000 : 1_000_000, claims: quick ? 200 : 1000, say });
	}
}

/** @throws an Error whose message is for the user */
function readParts(only: string): Part[] {
	return only.split(',').map((name) => {
		const part = PARTS.find((one) => one === name);
		if (part === undefined) throw new Error(`--only ${name}: expected some of ${PARTS.join(', ')}`);
		return part;
	});
}

const { values } = parseArgs({
	options: {
		help: { type: 'boolean', default: false },
		only: { type: 'string', default: USUAL.join(',') },
		quick: { type: 'boolean', default: false },
		write: { type: 'boolean', default: false },
	},
});
if (values.help) console.log(USAGE);
else {
	const argv = process.argv.slice(2);
	const command = `npm run bench:jobs${argv.length > 0 ? ` -- ${argv.join(' ')}` : ''}`;
	const date = new Date().toISOString().slice(0, 10);
	const heading = [`${date}, \`${command}\`, on ${describeMachine()}.`, ...machineWarnings()].join(' ');
	console.log(`${heading}\n`);
	const lines: Line[] = [];
	await conclude('jobs', async () => {
		for (const part of readParts(values.only)) lines.push(...(await measure(part, values.quick)));
		return lines;
	});
	const verdicts = lines.map((line) => `- ${readable(line)}`).join('\n');
	if (values.write && lines.length > 0) await writePage(page, `${heading}\n\n${verdicts}`, MARKERS);
}
