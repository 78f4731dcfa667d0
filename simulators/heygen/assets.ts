/** Uploaded files. Their bytes stay in memory only; after a restart the asset is known and its file is gone. */
import type { Account } from './accounts.ts';
import type { Asset } from './records.ts';
import type { World } from './world.ts';

/** Most bytes of one asset. */
export const ASSET_BYTES: number = 32 * 1024 * 1024;
/** Most bytes of all; the oldest go first. */
const ALL_BYTES = 128 * 1024 * 1024;
const MOST_ASSETS = 10_000;

const TYPES: readonly [type: string, extension: string, is: (bytes: Buffer) => boolean][] = [
	['image/png', 'png', (bytes) => bytes.subarray(0, 4).toString('latin1') === '\u0089PNG'],
	['image/jpeg', 'jpg', (bytes) => bytes.readUInt16BE(0) === 0xffd8],
	['video/mp4', 'mp4', (bytes) => bytes.subarray(4, 8).toString('latin1') === 'ftyp'],
	['video/webm', 'webm', (bytes) => bytes.readUInt32BE(0) === 0x1a45dfa3],
	['audio/wav', 'wav', (bytes) => bytes.subarray(0, 4).toString('latin1') === 'RIFF'],
	[
		'audio/mpeg',
		'mp3',
		(bytes) => bytes.subarray(0, 3).toString('latin1') === 'ID3' || bytes.readUInt16BE(0) >= 0xffe0,
	],
	['application/pdf', 'pdf', (bytes) => bytes.subarray(0, 4).toString('latin1') === '%PDF'],
];

/** Type of a file, by its first bytes; undefined: none that is taken. */
export function sniff(bytes: Buffer): { type: string; extension: string } | undefined {
	if (bytes.length < 8) return undefined;
	const [type, extension] = TYPES.find(([, , is]) => is(bytes)) ?? [];
	return type === undefined || extension === undefined ? undefined : { type, extension };
}

export function addAsset(
	world: World,
	account: Account,
	{ bytes, name, type }: { bytes: Buffer; name: string; type: string },
): Asset {
	const assetId = world.id('ast', account.name, ++account.assets);
	const asset: Asset = {
		assetId,
		account: account.name,
		name,
		mimeType: type,
		sizeBytes: bytes.length,
		createdAtMs: world.clock.now(),
	};
	world.assets.put(assetId, asset);
	world.assets.keep(MOST_ASSETS);
	world.accounts.put(account.name, account);
	world.assetBytes.set(assetId, Buffer.from(bytes));
	let total = [...world.assetBytes.values()].reduce((sum, { length }) => sum + length, 0);
	for (const [id, { length }] of world.assetBytes) {
		if (total <= ALL_BYTES) break;
		world.assetBytes.delete(id);
		total -= length;
	}
	return asset;
}
