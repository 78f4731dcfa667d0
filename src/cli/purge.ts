/** `ballast purge`: takes answers out of the cache, and has the CDNs in front do so. */
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inertLines } from '../core/inert.ts';
import { EXIT, type Run } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';

/** What became of a purge; see `PurgeAnswer` of src/cdn. */
interface Answer {
	cache: { removed: number; nodes?: 'told' | 'waiting' } | null;
	targets: { name: string; state: string; why: string }[];
}

/** A walk over a large cache, and what the targets may take. */
const QUIET_MS = 60_000;

export const purge: Run = async (parsed, terminal) => {
	const args = argumentsOf(parsed);
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const answer = readAnswer(await control(where, 'purge', args, { quietMs: QUIET_MS }));
	const lost = answer.targets.some(({ state }) => state === 'lost');
	const json = parsed.switches.has('json');
	terminal.out(
		`${json ? jsonText({ ok: !lost, result: answer }) : inertLines(lines(answer, args['soft'] === true).join('\n'))}\n`,
	);
	return lost ? EXIT.failed : EXIT.ok;
};

function argumentsOf({ positionals, values, switches }: ParsedArguments): Record<string, unknown> {
	const cdn = values.get('cdn');
	if (cdn !== undefined && switches.has('no-cdn'))
		throw new BallastError('bad_command', 'purge: --cdn and --no-cdn exclude each other');
	const told = cdn ?? (switches.has('no-cdn') ? [] : 'all');
	return {
		urls: positionals,
		prefixes: values.get('prefix') ?? [],
		tags: values.get('tag') ?? [],
		everything: switches.has('all'),
		soft: switches.has('soft'),
		targets: told,
	};
}

function readAnswer(result: unknown): Answer {
	const { cache, targets } = (result ?? {}) as Partial<Answer>;
	if (!Array.isArray(targets) || cache === undefined)
		throw new BallastError(
			'command_failed',
			'the running Ballast does not say what it purged; is it an older version?',
		);
	return { cache, targets };
}

function lines({ cache, targets }: Answer, soft: boolean): string[] {
	const nodes = cache?.nodes === undefined ? [] : [NODES[cache.nodes]];
	return [here(cache, soft), ...nodes, ...targets.map(there)];
}

const NODES = {
	told: 'other nodes: told',
	waiting: 'other nodes: not told yet (Redis does not answer); it is tried on',
} as const;

function here(cache: Answer['cache'], soft: boolean): string {
	if (cache === null) return 'no cache is configured here';
	if (cache.removed === 0) return 'nothing matched';
	return soft ? `${plural(cache.removed, 'answer')} stale from now on` : `${plural(cache.removed, 'answer')} purged`;
}

function there({ name, state, why }: Answer['targets'][number]): string {
	if (state === 'done') return `${name}: done`;
	const reason = why === '' ? '' : ` (${why})`;
	return state === 'waiting' ? `${name}: not taken yet${reason}; it is tried on` : `${name}: not purged${reason}`;
}
