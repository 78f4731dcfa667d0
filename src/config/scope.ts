/** What resolving one file needs: where problems go, paths and secrets as seen from that file. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RunConfig } from '../instances/config.ts';
import { formatPath, type Path, type Problem, showValue } from './problem.ts';
import type { Source } from './source.ts';

/** Looks at this machine, which may not be the one that the configuration is for. */
export interface LookUp {
	/** Why the command could not be started here; null: nothing speaks against it. */
	missingProgram(config: RunConfig, env: NodeJS.ProcessEnv): string | null;
	userExists(user: string): boolean;
}

/** Collected over all files of a configuration. */
export interface Report {
	problems: Problem[];
	warnings: Problem[];
	/** Absolute paths of all files that were read. */
	files: string[];
	env: NodeJS.ProcessEnv;
	/** Folder that paths in messages are seen from. */
	cwd: string;
	/** Whether what instances are started from is there; null: not looked at. */
	lookUp: LookUp | null;
}

export interface Fault {
	/** Where it stands; default `value`. */
	at?: 'key' | 'value';
	/** The value to show. */
	value?: unknown;
	/** Other paths whose values it speaks of: nothing is said when one of them was wrong in itself. */
	related?: readonly Path[];
}

const MAX_SECRET_BYTES = 65_536;

export class Scope {
	readonly source: Source;
	readonly report: Report;
	readonly #cut: Path[];

	/** @param cut what was wrong in itself and is left out */
	constructor(source: Source, report: Report, cut: readonly Path[]) {
		this.source = source;
		this.report = report;
		this.#cut = [...cut];
	}

	problem(path: Path, message: string, fault: Fault = {}): void {
		const own = fault.at === 'key' ? this.#isWithinCut(path) : this.isCut(path);
		if (own || fault.related?.some((one) => this.isCut(one))) return;
		this.report.problems.push(this.#at(path, message, fault));
	}

	warn(path: Path, message: string, fault: Fault = {}): void {
		this.report.warnings.push(this.#at(path, message, fault));
	}

	/** Whether the value at a path, a part of it or what it is a part of was wrong in itself. */
	isCut(path: Path): boolean {
		return this.#cut.some((cut) => {
			const shared = Math.min(cut.length, path.length);
			return cut.slice(0, shared).every((part, at) => part === path[at]);
		});
	}

	/** From here on nothing is said of what hangs on this path. */
	lose(path: Path): void {
		this.#cut.push(path);
	}

	/** Whether a key right below a path was not known: it may have been meant for one that is missed. */
	lostKey(path: Path): boolean {
		return this.#cut.some((cut) => cut.length === path.length + 1 && path.every((part, at) => part === cut[at]));
	}

	#isWithinCut(path: Path): boolean {
		return this.#cut.some((cut) => cut.length <= path.length && cut.every((part, at) => part === path[at]));
	}

	/** A path of the file system, seen from the folder of this file. */
	file(path: string): string {
		return resolve(dirname(this.source.file), path);
	}

	/** The value that a reference stands for; undefined (and a problem) when there is none. */
	secret(reference: { env: string } | { file: string }, path: Path): string | undefined {
		if ('env' in reference) {
			const value = this.report.env[reference.env];
			if (value !== undefined && value !== '') return value;
			const state = value === undefined ? 'not set' : 'empty';
			this.problem([...path, 'env'], `expected an environment variable that is set; \`${reference.env}\` is ${state}`);
			return undefined;
		}
		const text = this.read(reference.file, [...path, 'file']);
		if (text === undefined) return undefined;
		const value = text.replace(/\r?\n$/, '');
		if (value !== '' && !value.includes('\0')) return value;
		this.problem([...path, 'file'], 'expected a file that holds text; it is empty or binary', {
			value: reference.file,
		});
		return undefined;
	}

	/** Text of a file that the configuration names; undefined (and a problem) when it cannot be read. */
	read(path: string, at: Path, mostBytes = MAX_SECRET_BYTES): string | undefined {
		const file = this.file(path);
		this.report.files.push(file);
		try {
			const stat = statSync(file);
			// A device or a pipe might never end.
			if (stat.isFile() && stat.size <= mostBytes) return readFileSync(file, 'utf8');
			const why = stat.isFile() ? `${file} has ${stat.size}` : `${file} is a folder, a device or a pipe`;
			this.problem(at, `expected a file of at most ${mostBytes} bytes; ${why}`, { value: path });
		} catch (error) {
			this.problem(at, `expected a file that can be read; ${file}: ${whyUnreadable(error)}`, { value: path });
		}
		return undefined;
	}

	#at(path: Path, message: string, fault: Fault): Problem {
		const position = this.source.locate(path, fault.at ?? 'value');
		return {
			file: this.source.file,
			line: position?.line ?? null,
			column: position?.column ?? null,
			path: formatPath(path),
			value: showValue(fault.value, path),
			message,
		};
	}
}

/** A place in a file: what is wrong there is told with its key path. */
export class Place {
	readonly scope: Scope;
	readonly path: Path;

	constructor(scope: Scope, path: Path) {
		this.scope = scope;
		this.path = path;
	}

	/** A place below this one. */
	at(...parts: Path): Place {
		return new Place(this.scope, [...this.path, ...parts]);
	}

	/** See `Scope.isCut`. */
	isCut(): boolean {
		return this.scope.isCut(this.path);
	}

	/** See `Scope.lostKey`. */
	lostKey(): boolean {
		return this.scope.lostKey(this.path);
	}

	/** See `Scope.lose`. */
	lose(): void {
		this.scope.lose(this.path);
	}

	problem(message: string, fault?: Fault): void {
		this.scope.problem(this.path, message, fault);
	}

	warn(message: string, fault?: Fault): void {
		this.scope.warn(this.path, message, fault);
	}

	secret(reference: { env: string } | { file: string }): string | undefined {
		return this.scope.secret(reference, this.path);
	}

	read(file: string, mostBytes: number): string | undefined {
		return this.scope.read(file, this.path, mostBytes);
	}
}

/** Why a file cannot be read, in words. */
export function whyUnreadable(error: unknown): string {
	const code = (error as NodeJS.ErrnoException).code ?? '';
	const words: Record<string, string> = {
		EACCES: 'permission denied',
		EISDIR: 'it is a folder',
		ELOOP: 'too many links',
		ENOENT: 'there is no such file',
		ENOTDIR: 'there is no such file',
	};
	return words[code] ?? (code || 'it cannot be read');
}
