import { hash } from 'node:crypto';
import type { Coding } from '../compress/coding.ts';
import type { FieldEdits } from '../field-edits.ts';
import type { Validators } from './conditions.ts';
import { contentType } from './content-type.ts';
import type { Descriptor } from './descriptor.ts';
import { isHashed } from './file-path.ts';
import type { FilesConfig } from './files-config.ts';
import type { FileContent } from './load-file.ts';

const YEAR_IMMUTABLE = 'public, max-age=31536000, immutable';

/** A version of a file as it is given out: its content or where that is read, and its fields. */
export interface StoredFile extends Validators {
	/** What it is compressed with; '': nothing. */
	readonly coding: Coding | '';
	/** Compressed here, beside no file of its own. */
	readonly made: boolean;
	readonly size: number;
	readonly content: FileContent;
	/** null: it is in memory. */
	readonly descriptor: Descriptor | null;
	/** Status line and fields but Content-Length: of all of it, of a part of it (`Content-Range` is missing), of no change. */
	readonly head: Buffer;
	readonly partHead: Buffer;
	readonly unchangedHead: Buffer;
}

export interface Described {
	/** Within the folder, of the file that is not compressed. */
	path: string;
	coding: Coding | '';
	/** Compressed here: of this plain file. null: read as it is. */
	of: Pick<StoredFile, 'etag'> | null;
	/** The answer depends on Accept-Encoding. */
	varies: boolean;
	config: FilesConfig;
	edits: FieldEdits | null;
}

/** `descriptor`: of a file that is not in memory. */
export function storedFile(content: FileContent, descriptor: Descriptor | null, described: Described): StoredFile {
	const { coding, of } = described;
	const { stats, body } = content;
	// A last change that is said to be in the future would never be older than what a client has (RFC 9110 §8.8.2.1).
	const modifiedS = Math.floor(Math.min(stats.mtimeMs, Date.now()) / 1000);
	const tag =
		body === null ? `${stats.size.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}` : digest(body);
	// Which bytes come of it is nobody's promise.
	const etag = of === null ? `"${tag}${coding === '' ? '' : `-${coding}`}"` : `W/${of.etag}`;
	const size = body === null ? stats.size : body.length;
	const caching = cachingFields(described);
	const validators = [['ETag', etag], ['Last-Modified', new Date(modifiedS * 1000).toUTCString()], ...caching];
	const fields = [
		['Content-Type', contentType(described.path, described.config.types)],
		...(coding === '' ? [] : [['Content-Encoding', coding]]),
		...validators,
		...(of === null ? [['Accept-Ranges', 'bytes']] : []),
	];
	const lines = (some: string[][]): string => edited(some, described.edits);
	return {
		coding,
		made: of !== null,
		size,
		content,
		descriptor,
		etag,
		modifiedS,
		head: Buffer.from(`HTTP/1.1 200 OK\r\n${lines(fields)}`, 'latin1'),
		partHead: Buffer.from(`HTTP/1.1 206 Partial Content\r\n${lines(fields)}`, 'latin1'),
		unchangedHead: Buffer.from(`HTTP/1.1 304 Not Modified\r\n${lines(validators)}`, 'latin1'),
	};
}

const digest = (body: Buffer): string => hash('sha256', body, 'base64url').slice(0, 22);

function cachingFields({ path, varies, config }: Described): string[][] {
	const fields: string[][] = varies ? [['Vary', 'Accept-Encoding']] : [];
	if (isImmutable(path, config.immutable)) return [...fields, ['Cache-Control', YEAR_IMMUTABLE]];
	if (config.cacheControl !== null) fields.push(['Cache-Control', config.cacheControl]);
	if (config.cdnCacheControl !== null) fields.push(['CDN-Cache-Control', config.cdnCacheControl]);
	return fields;
}

function isImmutable(path: string, { hashed, paths }: FilesConfig['immutable']): boolean {
	if (hashed && isHashed(path)) return true;
	return paths.some((each) => (each.endsWith('/*') ? path.startsWith(each.slice(0, -1)) : path === each));
}

function edited(fields: string[][], edits: FieldEdits | null): string {
	const kept = edits === null ? fields : fields.filter(([name = '']) => !edits.removed.has(name.toLowerCase()));
	const lines = kept.map(([name, value]) => `${name}: ${value}\r\n`).join('');
	return edits === null ? lines : lines + edits.added.toString('latin1');
}
