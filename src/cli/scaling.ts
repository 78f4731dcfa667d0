import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { record } from './answer-form.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { jsonText } from './json-text.ts';
import { readDecision, readDecisions, readPools } from './scaling-answer.ts';
import { decisionLines, historyLines, poolLines } from './scaling-view.ts';
import type { Terminal } from './terminal.ts';
import { timeRange } from './time-options.ts';

const DAY_MS = 86_400_000;

/** `ballast scaling [history [POOL] | explain ID]`. */
export async function scaling(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const [what, of] = parsed.positionals;
	const nowMs = Date.now();
	const asked = askedFor({ what, of }, parsed, nowMs);
	const answer = await control(where, asked.command, asked.args);
	if (parsed.switches.has('json')) {
		terminal.out(`${jsonText(answer, 2)}\n`);
		return EXIT.ok;
	}
	const lines =
		asked.command === 'scaling'
			? poolLines(readPools(answer), terminal)
			: asked.command === 'scaling-history'
				? historyLines(readDecisions(answer), terminal, nowMs)
				: decisionLines(readDecision(record(answer, 'the decision')), terminal, nowMs);
	terminal.out(`${lines.join('\n')}\n`);
	return EXIT.ok;
}

type Asked = { command: 'scaling' | 'scaling-history' | 'scaling-decision'; args: Record<string, unknown> };

function askedFor(
	{ what, of }: { what: string | undefined; of: string | undefined },
	parsed: ParsedArguments,
	nowMs: number,
): Asked {
	const looksBack = ['since', 'from', 'to', 'limit'].filter((name) => parsed.values.has(name));
	if (what !== 'history' && (looksBack.length > 0 || parsed.switches.has('all')))
		throw bad(`--${looksBack[0] ?? 'all'} is for \`ballast scaling history\``);
	switch (what) {
		case undefined:
			return { command: 'scaling', args: {} };
		case 'history': {
			const limit = Number(parsed.values.get('limit')?.at(-1) ?? 50);
			if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
				throw bad('--limit takes a whole number from 1 to 1000');
			const args = { ...timeRange(parsed, nowMs, DAY_MS), limit, all: parsed.switches.has('all') };
			return { command: 'scaling-history', args: { ...args, ...(of === undefined ? {} : { pool: of }) } };
		}
		case 'explain':
			if (of === undefined) throw bad('say which decision: `ballast scaling history` lists their ids');
			return { command: 'scaling-decision', args: { id: of } };
		default:
			throw bad(`expected \`history\` or \`explain\` behind scaling, not \`${what}\``);
	}
}

const bad = (message: string): BallastError => new BallastError('bad_command', message);
