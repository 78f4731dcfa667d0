/** A folder with the given files, for the length of a test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class TempFiles implements Disposable {
	readonly folder: string;

	constructor(files: Record<string, string> = {}) {
		this.folder = mkdtempSync(join(tmpdir(), 'ballast-config-'));
		for (const [name, text] of Object.entries(files)) this.write(name, text);
	}

	path(name: string): string {
		return join(this.folder, name);
	}

	write(name: string, text: string | Uint8Array): string {
		const path = this.path(name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
		return path;
	}

	[Symbol.dispose](): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}
