/** Reads a configuration written as a module: TypeScript or JavaScript with a default export. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { modulePositions } from './module-positions.ts';
import { maskText } from './problem.ts';
import { fileProblem, type Position, plainCopy, type ReadResult } from './source.ts';

const MARK = 'ballast-config';
/** Files that each reading imported; a reading is named by its number. */
const readings = new Map<string, Set<string>>();
let readingNumber = 0;
let hooked = false;

/**
 * Imports the file and whatever it imports by path afresh, so that a reload sees what changed.
 * `ballast` resolves to this program, wherever it is installed. Positions are those of the literal that it exports.
 */
export async function readModule(file: string): Promise<ReadResult> {
	hook();
	const reading = String(++readingNumber);
	const imported = new Set<string>([file]);
	readings.set(reading, imported);
	const failed = (message: string, place: Place = { file, position: null }): ReadResult => ({
		source: null,
		problems: [fileProblem(place.file, message, place.position)],
		files: [...imported],
	});
	try {
		const module = (await import(`${pathToFileURL(file).href}?${MARK}=${reading}`)) as { default?: unknown };
		const exported = await module.default;
		if (exported === undefined) return failed('expected a default export: `export default defineConfig({ … })`');
		const copy = plainCopy(exported);
		if (typeof copy === 'string') return failed(copy);
		const locate = modulePositions(readFileSync(file, 'utf8'), copy.value);
		return { source: { file, value: copy.value, locate }, problems: [], files: [...imported] };
	} catch (error) {
		return failed(`expected a module that can be imported: ${firstLine(error)}`, placeOf(error, imported));
	} finally {
		readings.delete(reading);
	}
}

interface Place {
	file: string;
	position: Position | null;
}

/** Where one of the files threw, or could not be parsed, as the stack tells; undefined: it does not. */
function placeOf(error: unknown, files: ReadonlySet<string>): Place | undefined {
	const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
	for (const line of lines) {
		const found = /((?:file:\/\/)?\/[^?()]+)(?:\?ballast-config=\d+)?:(\d+)(?::(\d+))?\)?$/.exec(line);
		if (found === null) continue;
		const [, path = '', at, column = '1'] = found;
		const file = path.startsWith('file:') ? fileURLToPath(path) : path;
		if (files.has(file)) return { file, position: { line: Number(at), column: Number(column) } };
	}
	return undefined;
}

function firstLine(error: unknown): string {
	const text =
		error instanceof Error ? `${error.name}: ${error.message.trim()}` : 'it threw something that is no error';
	return maskText((text.split('\n')[0] as string).replaceAll(/\?ballast-config=\d+/g, ''));
}

/** The program's public entry: `index.ts` in the repository, `index.js` in the package. */
function entryUrl(): string {
	return new URL(`../../index${extname(import.meta.url)}`, import.meta.url).href;
}

function hook(): void {
	if (hooked) return;
	hooked = true;
	registerHooks({
		resolve(specifier, context, next) {
			if (specifier === 'ballast') return { url: entryUrl(), shortCircuit: true };
			const resolved = next(specifier, context);
			const reading = markOf(context.parentURL) ?? markOf(specifier);
			if (reading === undefined || !resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/'))
				return resolved;
			const url = new URL(resolved.url);
			readings.get(reading)?.add(fileURLToPath(`${url.origin === 'null' ? 'file://' : url.origin}${url.pathname}`));
			url.searchParams.set(MARK, reading);
			// Said here, since Node would else warn of a package.json without a "type" beside the file.
			const typescript = /\.m?ts$/.test(url.pathname) ? { format: 'module-typescript' as const } : {};
			return { ...resolved, ...typescript, url: url.href };
		},
	});
}

function markOf(url: string | undefined): string | undefined {
	return url === undefined ? undefined : new RegExp(`[?&]${MARK}=(\\d+)`).exec(url)?.[1];
}
