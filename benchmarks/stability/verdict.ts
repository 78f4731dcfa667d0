/** How these programs end: a readable line for each figure, then one JSON line, exit code 1 when a target is missed. */

export interface Line {
	readonly figure: string;
	/** Its key in the JSON line. */
	readonly key: string;
	readonly measured: number;
	/** The most that it may be; undefined for a figure that only informs. */
	readonly most: number | undefined;
	/** The least that it may be. */
	readonly least?: number;
	readonly unit?: string;
}

/** `figure · target · measured · ok`. */
export function readable(line: Line): string {
	const unit = line.unit === undefined ? '' : ` ${line.unit}`;
	const bounds = [
		...(line.least === undefined ? [] : [`≥ ${line.least}${unit}`]),
		...(line.most === undefined ? [] : [`≤ ${line.most}${unit}`]),
	];
	if (bounds.length === 0) return `${line.figure} · – · ${line.measured}${unit}`;
	return `${line.figure} · ${bounds.join(', ')} · ${line.measured}${unit} · ${met(line) ? 'ok' : 'NOT'}`;
}

export function met(line: Line): boolean {
	const { measured, most, least } = line;
	return (most === undefined || measured <= most) && (least === undefined || measured >= least);
}

/** Runs a program of this kind and prints its end; an error becomes a JSON line that says so. */
export async function conclude(name: string, run: () => Promise<readonly Line[]>): Promise<void> {
	try {
		const lines = await run();
		for (const line of lines) console.log(readable(line));
		const ok = lines.every(met);
		const figures = Object.fromEntries(lines.map((line) => [line.key, line.measured]));
		console.log(JSON.stringify({ name, ok, figures }));
		process.exitCode = ok ? 0 : 1;
	} catch (error) {
		console.log(`${name} could not be measured: ${(error as Error).message}`);
		console.log(JSON.stringify({ name, ok: false, error: (error as Error).message }));
		process.exitCode = 1;
	}
}

/** Whether the program was asked for its short form. */
export const quick = process.argv.includes('--quick');
