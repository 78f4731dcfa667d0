/** What is wrong with a configuration, and how it is shown. */
import { relative } from 'node:path';

/** Keys and indices from the top of a file. */
export type Path = readonly (string | number)[];

export interface Problem {
	/** Absolute path of the file. */
	file: string;
	/** From 1; null where none applies, or where a module's text does not tell. */
	line: number | null;
	column: number | null;
	/** `services.videos.timeouts.firstByte`; empty for the file as a whole. */
	path: string;
	/** The value as it may be shown: shortened, secrets masked; null when there is none to show. */
	value: string | null;
	/** What is accepted, and what was probably meant. */
	message: string;
}

/** `services.videos.routes["GET /v1"].match[0]`. */
export function formatPath(path: Path): string {
	let text = '';
	for (const part of path) {
		if (typeof part === 'number') text += `[${part}]`;
		else if (/^[A-Za-z_$][\w$-]*$/.test(part)) text += text === '' ? part : `.${part}`;
		else text += `[${JSON.stringify(part)}]`;
	}
	return text;
}

/** One problem a paragraph: place, key path and value, then what is accepted. */
export function formatProblems(problems: readonly Problem[], cwd: string = process.cwd()): string {
	return problems.map((problem) => formatProblem(problem, cwd)).join('\n');
}

function formatProblem(problem: Problem, cwd: string): string {
	const { line, column, path, value, message } = problem;
	const place = shortFile(problem.file, cwd) + (line === null ? '' : `:${line}:${column ?? 1}`);
	const what = [path, value].filter((part) => part !== null && part !== '').join(': ');
	return what === '' ? `${place}\n    ${message}` : `${place}  ${what}\n    ${message}`;
}

/** A path as seen from a folder, when it lies below it. */
export function shortFile(file: string, cwd: string): string {
	const seen = relative(cwd, file);
	return seen === '' || seen.startsWith('..') ? file : seen;
}

/** By file (in the order in which the files were read) and position. */
export function sortProblems(problems: readonly Problem[], files: readonly string[]): Problem[] {
	const order = (problem: Problem) => {
		const at = files.indexOf(problem.file);
		return at === -1 ? files.length : at;
	};
	return [...problems].sort(
		(a, b) => order(a) - order(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
	);
}

/** What stands for a secret wherever one would be shown. */
export const MASK = '***';

const SECRET_NAME =
	/pass(?:word|wd|phrase)?$|secret|token|credential|api[-_]?key|private[-_]?key|authorization|^cookie$/i;

/** Whether a variable or field of this name holds a secret, as far as a name can tell. */
export function namesSecret(name: string): boolean {
	return SECRET_NAME.test(name);
}

/** Keys of a channel that hold no secret; its URL and fields may be one. */
const PLAIN_OF_CHANNEL = new Set(['type', 'to', 'from', 'host', 'port', 'tls', 'user', 'template', 'rate']);

/** Whether a value at this path must not be shown. */
export function isSecretPath(path: Path): boolean {
	if (path[0] === 'channels' && path.length > 1) return !PLAIN_OF_CHANNEL.has(String(path[2]));
	if (path[0] === 'heartbeat') return path[1] !== 'every';
	const at = path.findIndex((part, index) => index > 0 && (part === 'env' || part === 'headers'));
	// Of `env: { TOKEN: { file: ./token } }` the path of the file may be shown, and names of fields to remove.
	if (at !== -1) return !((path.at(-1) === 'file' && at < path.length - 2) || path.includes('remove'));
	const name = path.at(-1);
	// `cookie` is a key of `balance`, too.
	return typeof name === 'string' && name !== 'cookie' && namesSecret(name);
}

/** A value as it may be shown in a message; null: not at all. */
export function showValue(value: unknown, path: Path): string | null {
	if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return null;
	if (value !== null && typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
	// A file that is nothing but a text may be anything.
	if (path.length === 0) return null;
	if (isSecretPath(path)) return MASK;
	if (value === '') return '""';
	const text = typeof value === 'string' ? maskText(value) : String(value);
	const oneLine = text.replaceAll(/\p{Cc}+/gu, ' ');
	return oneLine.length > 60 ? `${oneLine.slice(0, 59)}…` : oneLine;
}

/** Masks passwords in URLs and what follows a word such as `token=` or `--password`. */
export function maskText(text: string): string {
	return text
		.replaceAll(/\/\/[^/@\s]+@/g, '//***@')
		.replaceAll(/((?:password|passwd|secret|token|credential|api[-_]?key)[\w-]*\s*[=: ]\s*)\S+/gi, '$1***')
		.replaceAll(/\b(bearer|basic)\s+\S+/gi, '$1 ***');
}
