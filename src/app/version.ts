import { readFileSync } from 'node:fs';

/** Two folders up, or three where this is compiled (dist/src/app). */
const MANIFEST = import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json';

/** This program's version, from its package. */
export const VERSION: string = (
	JSON.parse(readFileSync(new URL(MANIFEST, import.meta.url), 'utf8')) as { version: string }
).version;
