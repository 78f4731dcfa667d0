import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Config } from './config.ts';
import { type RenderSlots, renderSlots } from './render/slots.ts';
import { type AssetFiles, assetFiles } from './store/asset-files.ts';
import { type AssetTable, assetTable } from './store/assets.ts';
import { type AvatarTable, avatarTable } from './store/avatars.ts';
import { openDatabase } from './store/database.ts';
import { type VideoTable, videoTable } from './store/videos.ts';
import { type VoiceTable, voiceTable } from './store/voices.ts';

const keepVideosMs = 7 * 24 * 3600_000;

/** What every route needs. */
export interface Context {
	config: Config;
	startedAt: number;
	db: DatabaseSync;
	avatars: AvatarTable;
	voices: VoiceTable;
	videos: VideoTable;
	assets: AssetTable;
	files: AssetFiles;
	slots: RenderSlots;
	/** Set off when the process begins to stop: what never ends by itself ends then. */
	stopping: AbortSignal;
	/** Set off when its time to stop is over: what still runs gives up. */
	cutOff: AbortSignal;
}

export interface OpenContext {
	context: Context;
	stop(): void;
	cutOff(): void;
	close(): void;
}

/** Opens everything that the routes need; `close` undoes it. */
export function openContext(config: Config): OpenContext {
	const db = openDatabase(config.dataDir);
	const stopping = new AbortController();
	const cutOff = new AbortController();
	setMaxListeners(0, stopping.signal, cutOff.signal);
	const context: Context = {
		config,
		startedAt: Date.now(),
		db,
		avatars: avatarTable(db),
		voices: voiceTable(db),
		videos: videoTable(db),
		assets: assetTable(db),
		files: assetFiles(join(config.dataDir, 'assets')),
		slots: renderSlots(db, { holder: config.instance, limit: config.renderLimit }),
		stopping: stopping.signal,
		cutOff: cutOff.signal,
	};
	context.videos.deleteOlderThan(Date.now() - keepVideosMs);
	return {
		context,
		stop: () => stopping.abort(),
		cutOff: () => cutOff.abort(),
		close: () => {
			context.slots.close();
			db.close();
		},
	};
}
