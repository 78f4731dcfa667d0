import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a test's own, so small that it is soon full. */
export interface SmallDisk extends Disposable {
	path: string;
	/** Takes all that is left, but for `leftBytes`. */
	fill(leftBytes?: number): void;
	/** Gives it back. */
	free(): void;
	/** Nothing of it is open for writing now, and nothing will be. */
	makeReadOnly(): void;
}

/** null: only root may mount one. */
export function mountSmallDisk(kilobytes: number): SmallDisk | null {
	const path = mkdtempSync(join(tmpdir(), 'ballast-small-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path], { stdio: 'pipe' });
	} catch {
		rmSync(path, { recursive: true });
		return null;
	}
	const filler = join(path, 'filler');
	return {
		path,
		fill(leftBytes = 0) {
			const { bavail, bsize } = statfsSync(path);
			try {
				writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
			} catch (error) {
				// Somebody else took the last of it meanwhile.
				if ((error as { code?: string }).code !== 'ENOSPC') throw error;
			}
		},
		free: () => rmSync(filler, { force: true }),
		makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
		[Symbol.dispose]() {
			execFileSync('umount', ['-l', path]);
			rmSync(path, { recursive: true, force: true });
		},
	};
}

export const NO_MOUNT = 'a small file system can only be mounted by root';
