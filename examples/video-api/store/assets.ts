import type { DatabaseSync } from 'node:sqlite';

/** An uploaded file; its bytes lie in the folder of the assets under its id. */
export interface Asset {
	id: string;
	name: string | null;
	content_type: string;
	bytes: number;
	sha256: string;
	created_at: number;
}

export interface AssetTable {
	insert(asset: Asset): void;
	get(id: string): Asset | undefined;
}

export function assetTable(db: DatabaseSync): AssetTable {
	const insert = db.prepare('INSERT INTO assets VALUES (:id, :name, :content_type, :bytes, :sha256, :created_at)');
	const get = db.prepare('SELECT * FROM assets WHERE id = ?');
	return {
		insert: (asset) => void insert.run({ ...asset }),
		get: (id) => get.get(id) as Asset | undefined,
	};
}
