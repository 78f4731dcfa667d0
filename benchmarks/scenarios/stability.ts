/** The programs that look for lost requests, each run as it is run by hand, its last line read. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Bench, Figures, Outcome } from './scenario.ts';

export type StabilityName = 'rolling' | 'reloads' | 'upgrades' | 'core-kill';

/** Most time for one program. */
const MOST_MS = 240_000;

export async function stability(bench: Bench, name: StabilityName): Promise<Outcome> {
	if (!bench.peers.some((peer) => peer.name === 'ballast')) return { tables: [], figures: {}, notes: [] };
	bench.say(name);
	const output = await run(join(import.meta.dirname, '..', `${name}.ts`), bench.quick ? ['--quick'] : []);
	const last = output.trim().split('\n').at(-1) ?? '';
	try {
		const result = JSON.parse(last) as { figures: Figures };
		const figures = Object.fromEntries(Object.entries(result.figures).map(([key, value]) => [`${name}.${key}`, value]));
		const rows = output
			.split('\n')
			.map((line) => line.split(' · '))
			.filter((parts) => parts.length >= 3);
		const notes = output.split('\n').filter((line) => /^(failed|reload \d)/.test(line) && !line.includes(' · '));
		return {
			tables: [{ title: `Under load: ${name}`, columns: ['figure', 'target', 'measured', 'verdict'], rows }],
			figures,
			notes,
		};
	} catch {
		return { tables: [], figures: {}, notes: [`${name}: ${last.slice(0, 400) || 'printed nothing'}`] };
	}
}

function run(program: string, argv: string[]): Promise<string> {
	return new Promise((resolve) => {
		// Every core is for it: the parent has pinned itself.
		execFile(
			'taskset',
			['-c', '0,1', process.execPath, program, ...argv],
			{ timeout: MOST_MS },
			(_error, stdout, stderr) => resolve(stdout.trim() === '' ? stderr : stdout),
		);
	});
}
