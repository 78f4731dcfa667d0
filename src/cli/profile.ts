import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { globalsOf, integerOption, type ParsedArguments } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import {
	busyUs,
	type CpuProfile,
	callTree,
	type Frame,
	type HotFunction,
	hotFunctions,
} from '../profile/cpu-profile.ts';
import { flameGraph } from '../profile/flame-graph.ts';
import { pickProcess } from '../profile/pick-process.ts';
import { recordProfile } from '../profile/record-profile.ts';
import { EXIT } from './command.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { interruption } from './interruption.ts';
import { jsonText } from './json-text.ts';
import { formatLatency } from './quantity.ts';
import { type InstanceStatus, readStatus, type ServiceStatus } from './status-answer.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

const SECONDS = 10;
const INTERVAL_US = 1000;
const MOST_FUNCTIONS = 15;

/** `ballast profile SERVICE [--instance NAME] [--seconds 10] [--output PATH] [--json]`. */
export async function profile(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const seconds = integerOption(parsed, 'seconds', [1, 600]) ?? SECONDS;
	const intervalUs = integerOption(parsed, 'interval', [100, 100_000]) ?? INTERVAL_US;
	const { services } = readStatus(await control(controlSocket(globalsOf(parsed), terminal.env), 'status', {}));
	const instance = instanceOf(services, parsed.positionals[0] as string, parsed.values.get('instance')?.at(-1));
	const base = resolve(parsed.values.get('output')?.at(-1) ?? fileNameFor(instance.id, new Date()));
	refuseTaken(base);
	const pid = await pickProcess(instance.pid as number, instance.port);
	const interrupt = interruption();
	try {
		terminal.err(`profiling ${inert(instance.id)} (process ${pid}) for ${seconds} s; Ctrl-C ends it early\n`);
		const { signal } = interrupt;
		const { profile, leftOpen } = await recordProfile({ pid, ms: seconds * 1000, intervalUs, signal });
		if (leftOpen) terminal.err(`the inspector of process ${pid} is still open on loopback; a restart closes it\n`);
		const root = callTree(profile);
		const files = write(base, profile, root, `${instance.id}, ${new Date().toISOString()}`);
		const functions = hotFunctions(root, MOST_FUNCTIONS);
		const [busy, whole] = [busyUs(root), root.totalUs];
		if (parsed.switches.has('json'))
			terminal.out(`${jsonText({ instance: instance.id, pid, busyUs: busy, totalUs: whole, functions, files }, 2)}\n`);
		else
			terminal.out(
				`${summaryLines(functions, [busy, whole], terminal).join('\n')}\n\n${files.map(inert).join('\n')}\n`,
			);
		return EXIT.ok;
	} finally {
		interrupt.end();
	}
}

/** The one that was named, else the local one with the most to do. Throws `unknown_service`, `unknown_instance`, `command_failed`. */
function instanceOf(services: readonly ServiceStatus[], name: string, wanted: string | undefined): InstanceStatus {
	const service = services.find((each) => each.name === name);
	if (service === undefined) {
		const near = closest(
			name,
			services.map((each) => each.name),
		);
		const meant = near === undefined ? '`ballast status` lists them' : `did you mean \`${near}\`?`;
		throw new BallastError('unknown_service', `there is no service \`${name}\`; ${meant}`);
	}
	const named = service.instances.filter(({ id }) => wanted === undefined || id === wanted);
	if (named.length === 0) {
		const ids = service.instances.slice(0, 20).map(({ id }) => id);
		throw new BallastError(
			wanted === undefined ? 'command_failed' : 'unknown_instance',
			wanted === undefined
				? `${name} has no instances`
				: `${name} has no instance \`${wanted}\`; it has ${ids.join(', ') || 'none'}`,
		);
	}
	const local = named.filter(({ pid }) => pid !== null && pid > 1);
	if (local.length === 0)
		throw new BallastError(
			'command_failed',
			`${wanted ?? `no instance of ${name}`} ${wanted === undefined ? 'runs' : 'does not run'} as a process of this machine that Ballast started; only such can be profiled`,
		);
	const rank = ({ state, counts: { perSecond } }: InstanceStatus) => (state === 'ready' ? 1e9 : 0) + (perSecond || 0);
	return local.reduce((most, each) => (rank(each) > rank(most) ? each : most));
}

const ENDINGS = ['.html', '.cpuprofile'] as const;

/** Before the time is spent. */
function refuseTaken(base: string): void {
	const taken = ENDINGS.map((ending) => base + ending).find((path) => existsSync(path));
	if (taken !== undefined)
		throw new BallastError('command_failed', `${taken} is there already; --output names another`);
}

/** Both files are new, and their owner's alone: names and paths of a program are nobody else's business. */
function write(base: string, profile: CpuProfile, root: Frame, title: string): string[] {
	const texts = [flameGraph(root, title), JSON.stringify(profile)];
	return ENDINGS.map((ending, at) => {
		const path = base + ending;
		try {
			writeFileSync(path, texts[at] as string, { flag: 'wx', mode: 0o600 });
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			throw new BallastError('command_failed', `${path} cannot be written (${code})`, {}, error);
		}
		return path;
	});
}

function fileNameFor(instance: string, now: Date): string {
	const time = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
	return `${instance.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60)}-${time}`;
}

function summaryLines(
	functions: readonly HotFunction[],
	[busy, whole]: [number, number],
	terminal: Terminal,
): string[] {
	const share = (us: number) => `${((us / Math.max(1, busy)) * 100).toFixed(1)} %`;
	const rows = functions.map(({ name, place, selfUs, totalUs }) => [
		{ text: share(selfUs) },
		{ text: share(totalUs) },
		{ text: inert(name.slice(0, 120)) },
		{ text: inert(place) },
	]);
	const columns = [
		{ title: 'ITSELF', align: 'right' as const },
		{ title: 'WITH CALLS', align: 'right' as const },
		{ title: 'FUNCTION', least: 16 },
		{ title: 'WHERE', least: 12 },
	];
	const busyShare = `${((busy / Math.max(1, whole)) * 100).toFixed(0)} %`;
	const head = `busy for ${formatLatency(busy / 1000)} of ${formatLatency(whole / 1000)} (${busyShare})`;
	return functions.length === 0 ? [`${head}: nothing ran`] : [head, '', ...table(columns, rows, terminal)];
}
