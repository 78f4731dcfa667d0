/** The differential fuzz by hand: `node test/fuzz/codec.ts --minutes 5 --seed 7`. */
import { parseArgs } from 'node:util';
import { type FuzzResult, fuzz, report } from './run.ts';

const { values } = parseArgs({
	options: {
		minutes: { type: 'string', default: '1' },
		seed: { type: 'string', default: String(Date.now() % 1_000_000) },
		from: { type: 'string', default: '0' },
		inputs: { type: 'string', default: 'Infinity' },
	},
});
const seed = Number(values.seed);
const show = ({ inputs, alike, refused }: FuzzResult): void =>
	console.log(`${inputs} inputs: ${alike} messages read alike, ${refused} inputs refused by both`);

console.log(`seed ${seed}`);
const result = await fuzz({
	seed,
	ms: Number(values.minutes) * 60_000,
	from: Number(values.from),
	inputs: Number(values.inputs),
	onProgress: (so) => so.inputs % 100_000 === 0 && show(so),
});
show(result);
for (const [what, count] of [...result.explained].sort(([, a], [, b]) => b - a))
	console.log(`${String(count).padStart(8)}  ${what}`);
if (result.failure !== null) {
	console.error(report(result.failure));
	process.exitCode = 1;
}
