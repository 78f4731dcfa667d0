export type Status = (typeof statuses)[number];
export const statuses = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;

/** What of a video decides its state at any time. */
export interface Schedule {
	created_at: number;
	starts_at: number;
	ends_at: number;
	outcome: 'completed' | 'failed';
	cancelled_at: number | null;
}

/** A change of a video's state. */
export interface Moment {
	/** 1, 2, 3, …: the same for every reader, on every process. */
	id: number;
	/** Milliseconds since 1970. */
	at: number;
	status: Status;
	/** Percent. */
	progress: number;
}

const stepPercent = 5;

/** Every change of a video's state, past and to come, in order. The last one is final. */
export function timelineOf(video: Schedule): Moment[] {
	const { created_at, starts_at, ends_at, outcome, cancelled_at } = video;
	const moments: Omit<Moment, 'id'>[] = [{ at: created_at, status: 'pending', progress: 0 }];
	for (let progress = 0; progress < 100; progress += stepPercent) {
		const at = Math.round(starts_at + ((ends_at - starts_at) * progress) / 100);
		moments.push({ at, status: 'processing', progress });
	}
	moments.push({ at: ends_at, status: outcome, progress: 100 });
	const happening = cancelled_at === null ? moments : moments.filter(({ at }) => at < cancelled_at);
	if (cancelled_at !== null) {
		happening.push({ at: cancelled_at, status: 'cancelled', progress: happening.at(-1)?.progress ?? 0 });
	}
	return happening.map((moment, index) => ({ id: index + 1, ...moment }));
}

/** The state of a video at that time. */
export function stateAt(video: Schedule, now: number): Pick<Moment, 'status' | 'progress'> {
	if (video.cancelled_at !== null) return { status: 'cancelled', progress: percent(video, video.cancelled_at) };
	if (now < video.starts_at) return { status: 'pending', progress: 0 };
	if (now < video.ends_at) return { status: 'processing', progress: percent(video, now) };
	return { status: video.outcome, progress: 100 };
}

export function isFinal(status: Status): boolean {
	return status === 'completed' || status === 'failed' || status === 'cancelled';
}

function percent({ starts_at, ends_at }: Schedule, now: number): number {
	const share = (now - starts_at) / Math.max(1, ends_at - starts_at);
	return Math.floor(Math.min(1, Math.max(0, share)) * 100);
}
