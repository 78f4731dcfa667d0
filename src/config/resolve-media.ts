/** Copies of results: what a file says of them, and as a person would write it. */
import { formatDuration, formatSize, parseDuration, parseSize } from '../core/units.ts';
import type { MediaInput } from '../jobs/media/media-config.ts';
import type { MediaPolicy, S3Place } from '../jobs/media/media-policy.ts';
import type { Place } from './scope.ts';

type Said = Exclude<MediaInput, 'off' | boolean>;

const MOST = 2 * 1024 ** 3;
const ROOM = 100 * 1024 ** 3;
const KEEP_MS = 30 * 86_400_000;

/** null: nothing is copied. */
export function resolveMedia(input: MediaInput | undefined, place: Place): MediaPolicy | null {
	if (typeof input !== 'object') return null;
	const { to, most, keep, room, allow = [], http = [], ports = [443] } = input;
	return {
		to: typeof to === 'string' ? { kind: 'disk', folder: place.scope.file(to) } : resolveS3(to, place.at('to')),
		mostBytes: (most === undefined ? null : parseSize(most)) ?? MOST,
		keepMs: (keep === undefined ? null : parseDuration(keep)) ?? KEEP_MS,
		roomBytes: (room === undefined ? null : parseSize(room)) ?? ROOM,
		rules: { allow, http, ports },
	};
}

function resolveS3(said: Exclude<Said['to'], string>, place: Place): S3Place {
	const { bucket, region = 'us-east-1', endpoint, prefix = '' } = said;
	return {
		kind: 's3',
		bucket,
		region,
		endpoint: endpoint?.replace(/\/$/, '') ?? null,
		prefix,
		accessKeyId: place.at('accessKeyId').secret(said.accessKeyId) ?? '',
		secretAccessKey: place.at('secretAccessKey').secret(said.secretAccessKey) ?? '',
	};
}

export function mediaForm(
	{ to, mostBytes, keepMs, roomBytes, rules }: MediaPolicy,
	secret: (value: string) => unknown,
): Record<string, unknown> {
	const disk = to.kind === 'disk';
	return {
		to: disk ? to.folder : s3Form(to, secret),
		most: formatSize(mostBytes),
		...(disk ? { keep: formatDuration(keepMs), room: formatSize(roomBytes) } : {}),
		...rules,
	};
}

function s3Form(
	{ kind: _, endpoint, accessKeyId, secretAccessKey, ...place }: S3Place,
	secret: (value: string) => unknown,
) {
	return {
		...place,
		...(endpoint === null ? {} : { endpoint }),
		accessKeyId: secret(accessKeyId),
		secretAccessKey: secret(secretAccessKey),
	};
}
